"""The classical detector on boats of known place, size and angle."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from pdn_geo.detections import Detections
from pdn_geo.drive.look import Look
from pdn_geo.engines.base import Patch
from pdn_geo.engines.classical import ClassicalDetector
from pdn_geo.geometry import Window
from pdn_geo.ocean import SeaConfig
from pdn_geo.ocean.sea import Sea
from pdn_geo.sea import SeaStatistics

Image = NDArray[np.float64]
LEVEL, NOISE = 50.0, 2.0
DETECTOR = ClassicalDetector()


def sea_of(bands: int) -> SeaStatistics:
    return SeaStatistics(np.full(bands, LEVEL, np.float32), np.full(bands, NOISE, np.float32))


def noise(shape: tuple[int, int], bands: int = 3, seed: int = 0) -> Image:
    return LEVEL + np.random.default_rng(seed).normal(0, NOISE, (bands, *shape))


def hull(
    shape: tuple[int, int],
    x: float,
    y: float,
    length: float,
    width: float,
    angle: float,
    contrast: float = 60.0,
) -> Image:
    """An antialiased, slightly blurred rectangle; pixel coordinates, 8 x 8 subsamples."""
    fine = 8
    row, col = (np.indices((shape[0] * fine, shape[1] * fine)) + 0.5) / fine
    along = (col - x) * np.cos(angle) + (row - y) * np.sin(angle)
    across = (row - y) * np.cos(angle) - (col - x) * np.sin(angle)
    inside = (np.abs(along) <= length / 2) & (np.abs(across) <= width / 2)
    share = inside.reshape(shape[0], fine, shape[1], fine).mean(axis=(1, 3))
    return contrast * ndimage.gaussian_filter(share, 0.6)


def patch_of(
    image: Image,
    *,
    col: int = 0,
    row: int = 0,
    gsd_m: float = 3.0,
    valid: NDArray[np.bool_] | None = None,
    water: NDArray[np.float32] | None = None,
) -> Patch:
    rows, cols = image.shape[1:]
    window = Window(col_off=col, row_off=row, width=cols, height=rows)
    valid = np.ones((rows, cols), dtype=bool) if valid is None else valid
    return Patch(
        look=Look(order=3, window=window, reason="test", expected_boats=1.0),
        values=np.where(valid, image, 0).astype(np.float32),
        valid=valid,
        water=np.ones((rows, cols), np.float32) if water is None else water,
        density=np.ones((rows, cols), np.float32),
        jacobian=np.diag([gsd_m, -gsd_m]),
        band_names=tuple(f"band {i + 1}" for i in range(len(image))),
    )


def found_in(patch: Patch) -> Detections:
    (found,) = DETECTOR.detect([patch], sea_of(len(patch.values)))
    return found


def best(found: Detections) -> Detections:
    assert len(found) > 0
    return found[:1]


def axis_difference(a: float, b: float) -> float:
    return abs((a - b + np.pi / 2) % np.pi - np.pi / 2)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    x=st.floats(60, 68),
    y=st.floats(60, 68),
    length=st.floats(8, 45),
    slenderness=st.floats(2.5, 5),
    angle=st.floats(0, np.pi),
)
def test_hull_is_measured(
    x: float, y: float, length: float, slenderness: float, angle: float
) -> None:
    width = max(length / slenderness, 2.5)
    shape = (128, 128)
    image = noise(shape) + hull(shape, x, y, length, width, angle)
    one = best(found_in(patch_of(image)))
    assert np.hypot(one.x[0] - x, one.y[0] - y) < 0.3
    assert one.length[0] == pytest.approx(length, rel=0.1)
    assert one.width[0] == pytest.approx(width, rel=0.1, abs=0.6)
    assert axis_difference(one.angle[0], angle) < 0.1
    assert one.look[0] == 3
    assert not one.cut[0]


@pytest.mark.parametrize("size", [1.5, 2.5, 4.0])
def test_small_boat_is_found_in_place(size: float) -> None:
    shape = (64, 64)
    image = noise(shape) + hull(shape, 31.3, 30.8, size, size / 1.5, 0.4, contrast=300)
    one = best(found_in(patch_of(image)))
    assert np.hypot(one.x[0] - 31.3, one.y[0] - 30.8) < 0.3
    assert one.length[0] < size + 1.5


def test_long_hull_keeps_its_length_when_resampled() -> None:
    lengths = []
    for scale in (1.0, 0.8):
        shape = (160, 160)
        image = noise(shape) + hull(shape, 80.2, 79.6, 60 * scale, 12 * scale, 0.5)
        lengths.append(best(found_in(patch_of(image, gsd_m=3.0 / scale))).length[0] / scale)
    assert lengths[1] == pytest.approx(lengths[0], rel=0.01)


TURNS = {
    "transposed": (lambda a: a.swapaxes(-1, -2), lambda x, y, n: (y, x)),
    "mirrored": (lambda a: a[..., ::-1], lambda x, y, n: (n - x, y)),
    "upside down": (lambda a: a[..., ::-1, :], lambda x, y, n: (x, n - y)),
    "quarter turn": (lambda a: np.rot90(a, 1, (-2, -1)), lambda x, y, n: (y, n - x)),
}


@pytest.mark.parametrize("turn", TURNS)
def test_turned_patch_has_the_turned_hulls(turn: str) -> None:
    shape, side = (160, 160), 160
    image = noise(shape, seed=1)
    for x, y, length, angle in ((40, 50, 30, 0.4), (110.3, 60.1, 9, 1.1), (90, 120.4, 20, 2.5)):
        image += hull(shape, x, y, length, length / 4, angle)
    turn_image, turn_point = TURNS[turn]
    straight = found_in(patch_of(image))
    turned = found_in(patch_of(turn_image(image)))
    assert len(straight) == len(turned) >= 3
    x, y = turn_point(straight.x, straight.y, side)
    distance = np.hypot(x[:, None] - turned.x, y[:, None] - turned.y)
    twin = distance.argmin(axis=1)
    assert distance.min(axis=1).max() < 0.05
    np.testing.assert_allclose(turned.length[twin], straight.length, rtol=1e-3)
    np.testing.assert_allclose(turned.width[twin], straight.width, rtol=1e-3)
    np.testing.assert_allclose(turned.score[twin], straight.score, atol=1e-3)


def test_same_boat_from_two_windows() -> None:
    shape = (400, 400)
    image = noise(shape, seed=2)
    image += np.linspace(0, 15, 400)  # haze
    image += hull(shape, 200.4, 210.7, 24, 6, 0.7)
    image += hull(shape, 240.2, 190.1, 8, 3, 2.0)
    seen = []
    for col, row in ((0, 0), (93, 71)):
        crop = image[:, row : row + 300, col : col + 300]
        found = found_in(patch_of(crop, col=col, row=row))
        seen.append(found[found.score > 0.15])
    first, second = seen
    assert len(first) == len(second) == 2
    order = np.argsort(first.x), np.argsort(second.x)
    for name, tolerance in (("x", 0.1), ("y", 0.1), ("length", 0.3), ("width", 0.3)):
        values = [getattr(s, name)[o] for s, o in zip(seen, order, strict=True)]
        np.testing.assert_allclose(*values, atol=tolerance)
    np.testing.assert_allclose(first.score[order[0]], second.score[order[1]], atol=0.15)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("angle", [0.3, 1.9])
def test_wake_tells_the_bow(side: int, angle: float) -> None:
    shape = (160, 160)
    reach = 8 + 35
    wake_x, wake_y = 80 - side * reach * np.cos(angle), 80 - side * reach * np.sin(angle)
    image = noise(shape) + hull(shape, 80, 80, 16, 5, angle)
    image += hull(shape, wake_x, wake_y, 70, 3, angle, contrast=12)
    one = best(found_in(patch_of(image)))
    assert one.wake[0] > 0.7
    assert one.bow_known[0]
    assert one.length[0] == pytest.approx(16, rel=0.25)
    heading = side * np.array([np.cos(angle), np.sin(angle)])
    assert heading @ [np.cos(one.angle[0]), np.sin(one.angle[0])] > 0.97


def test_boat_without_wake_has_no_bow() -> None:
    shape = (128, 128)
    one = best(found_in(patch_of(noise(shape) + hull(shape, 64, 64, 16, 5, 0.3))))
    assert one.wake[0] < 0.1
    assert not one.bow_known[0]


def test_boat_on_the_edge_is_cut() -> None:
    shape = (128, 128)
    image = noise(shape) + hull(shape, 4, 64, 24, 6, 0.1) + hull(shape, 80, 64, 24, 6, 0.1)
    found = found_in(patch_of(image))
    assert found.cut[found.x < 40].all()
    assert not found.cut[found.x > 40].any()
    valid = np.ones(shape, dtype=bool)
    valid[:, :3] = False  # the end of the data is not the edge of the look
    assert not found_in(patch_of(image, valid=valid)).cut.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 2), (33, 17), (128, 128)])
@pytest.mark.parametrize("bands", [1, 5])
def test_odd_patches_and_no_data(shape: tuple[int, int], bands: int) -> None:
    image = noise(shape, bands)
    assert len(found_in(patch_of(image))) == 0
    assert len(found_in(patch_of(image, valid=np.zeros(shape, dtype=bool)))) == 0


def test_land_has_no_boats() -> None:
    shape = (128, 128)
    image = noise(shape) + hull(shape, 64, 64, 16, 5, 0.3)
    assert len(found_in(patch_of(image, water=np.zeros(shape, np.float32)))) == 0


def test_one_band_and_unknown_scale() -> None:
    shape = (128, 128)
    image = noise(shape, 1) + hull(shape, 64, 64, 16, 5, 0.3)
    patch = patch_of(image, gsd_m=float("nan"))
    assert best(found_in(patch)).length[0] == pytest.approx(16, rel=0.1)


def test_constant_sea_of_eight_bits() -> None:
    shape = (128, 128)
    image = np.rint(np.full((3, *shape), LEVEL) + hull(shape, 64, 64, 16, 5, 0.3))
    found = found_in(patch_of(image))
    assert best(found).length[0] == pytest.approx(16, rel=0.1)
    assert (found.score > 0.3).sum() == 1


def test_pure_noise_has_no_boats() -> None:
    patches = [patch_of(noise((512, 512), bands, seed)) for seed, bands in enumerate((1, 3, 5))]
    assert [len(found_in(patch)) for patch in patches] == [0, 0, 0]


def test_dark_hull_scores_less_than_bright() -> None:
    shape = (128, 128)
    image = noise(shape) + 40 + hull(shape, 40, 64, 20, 5, 0.3) - hull(shape, 90, 64, 20, 5, 0.3)
    found = found_in(patch_of(image))
    bright, dark = found.score[found.x < 64], found.score[found.x > 64]
    assert bright.max() > (dark.max() if len(dark) else 0)


def test_batch_gives_what_singles_give() -> None:
    shape = (128, 128)
    patches = [patch_of(noise(shape, seed=s) + hull(shape, 60 + s, 64, 16, 5, s)) for s in range(3)]
    together = DETECTOR.detect(patches, sea_of(3))
    for patch, found in zip(patches, together, strict=True):
        alone = found_in(patch)
        for name in ("x", "y", "length", "width", "angle", "score", "wake"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(found, name))
    assert DETECTOR.detect([], sea_of(3)) == []


def test_stretched_pixels_keep_metres() -> None:
    """The ground seen through pixels of 3 m by 6 m: 60 m long, 15 m wide, any bearing."""
    shape, angle = (160, 160), 0.6
    square = noise(shape, seed=4) + hull(shape, 80, 80, 20, 5, angle)
    stretched = square.reshape(3, 80, 2, 160).mean(axis=2)
    patch = patch_of(stretched)
    jacobian = np.diag([3.0, -6.0])
    patch = replace(patch, jacobian=jacobian)
    one = best(found_in(patch))
    direction = jacobian @ [np.cos(one.angle[0]), np.sin(one.angle[0])]
    assert np.hypot(*direction) * one.length[0] == pytest.approx(60, rel=0.05)
    assert axis_difference(np.arctan2(-direction[1], direction[0]), angle) < 0.05


def test_whitecaps_are_no_boats() -> None:
    """An empty sea at 10 m/s and 1 m, full of foam, some patches as large as boats."""
    config = SeaConfig(size=768, gsd_m=1, wind_mps=10, boats=0, seed=5)
    sea = Sea(config)
    window = Window(col_off=0, row_off=0, width=768, height=768)
    image = sea.render(window).values.astype(np.float64)
    centre = np.median(image, axis=(1, 2))
    noise_std = 1.4826 * np.median(np.abs(image - centre[:, None, None]), axis=(1, 2))
    statistics = SeaStatistics(centre.astype(np.float32), noise_std.astype(np.float32))
    (found,) = DETECTOR.detect([patch_of(image, gsd_m=1.0)], statistics)
    assert (found.score > 0.5).sum() <= 3
