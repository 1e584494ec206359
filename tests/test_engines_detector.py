"""The network detector around a network that is none: maps are drawn by hand."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from pdn_geo.drive.look import Look
from pdn_geo.engines.base import Patch
from pdn_geo.engines.network.card import DataSource, ModelCard
from pdn_geo.engines.network.detector import NetworkDetector
from pdn_geo.engines.network.inputs import CHANNELS
from pdn_geo.engines.network.maps import MAPS, UNIT_PX, ScoreLaw
from pdn_geo.geometry import Window
from pdn_geo.sea import SeaStatistics

SEA = SeaStatistics(np.full(3, 50, np.float32), np.full(3, 2, np.float32))
RGB = ("red", "green", "blue")
STRIDE = 4


def card_of(score: ScoreLaw | None = None, **changes: object) -> ModelCard:
    facts = {
        "name": "patch", "version": "1.0", "trained": "2025-06-01", "seed": 7,
        "sources": (DataSource(name="simulated seas", licence="Apache-2.0"),),
        "sites": ("Long Beach",), "command": "pdn-geo train", "backbone": "light",
        "stride": STRIDE, "bands": RGB, "gsd_m": (0.3, 10.0), "score": score or ScoreLaw(),
        "thresholds": ((1.0, 0.4), (4.0, 0.2)),
        "figures": {"PlanetScope": {"F1": 0.5}}, "limits": ("Day only.",),
    }  # fmt: skip
    return ModelCard(**{**facts, **changes})


def patch_of(
    rows: int = 64,
    cols: int = 96,
    *,
    col: int = 1000,
    row: int = 2000,
    order: int = 3,
    gsd_m: float = 3.0,
    values: NDArray[np.float32] | None = None,
    valid: NDArray[np.bool_] | None = None,
) -> Patch:
    return Patch(
        look=Look(
            order=order,
            window=Window(col_off=col, row_off=row, width=cols, height=rows),
            reason="test",
            expected_boats=1.0,
        ),
        values=np.full((3, rows, cols), 50, np.float32) if values is None else values,
        valid=np.ones((rows, cols), bool) if valid is None else valid,
        water=np.ones((rows, cols), np.float32),
        density=np.ones((rows, cols), np.float32),
        jacobian=np.diag([gsd_m, -gsd_m]),
        band_names=RGB,
    )


class Drawing:
    """A `Runner` that draws the same boats for every patch: {map: value} by (row, col)."""

    def __init__(self, boats: dict[tuple[int, int], dict[str, float]], batch_size: int = 1):
        self.batch_size = batch_size
        self._boats = boats
        self.seen: list[NDArray[np.float32]] = []

    def run(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        self.seen.append(patches)
        count, _, rows, cols = patches.shape
        maps = np.zeros((count, len(MAPS), rows // STRIDE, cols // STRIDE), np.float32)
        maps[:, MAPS.index("boat")] = -9
        maps[:, MAPS.index("cos_2a")] = 1
        for (row, col), values in self._boats.items():
            for name, value in values.items():
                maps[:, MAPS.index(name), row, col] = value
        return maps


class Brightness:
    """A `Runner` whose logits are the red channel's mean over each cell, far off zero."""

    def __init__(self, batch_size: int) -> None:
        self.batch_size = batch_size
        self.batches: list[tuple[int, ...]] = []

    def run(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        self.batches.append(patches.shape)
        count, _, rows, cols = patches.shape
        red = patches[:, 0].reshape(count, rows // STRIDE, STRIDE, cols // STRIDE, STRIDE)
        maps = np.zeros((count, len(MAPS), rows // STRIDE, cols // STRIDE), np.float32)
        maps[:, 0] = red.mean(axis=(2, 4))
        maps[:, MAPS.index("cos_2a")] = 1
        return maps


def test_a_boat_lies_in_the_scene_where_the_map_has_it() -> None:
    boat = {"boat": 2.0, "dx": 0.25, "dy": -0.5, "log_length": np.log(30 / UNIT_PX),
            "log_width": 0.0, "bow_x": -1.0, "wake": 9.0}  # fmt: skip
    runner = Drawing({(7, 12): boat})
    (found,) = NetworkDetector(runner, card_of()).detect([patch_of()], SEA)
    assert found.x == pytest.approx([1000 + (12.5 + 0.25) * STRIDE])
    assert found.y == pytest.approx([2000 + (7.5 - 0.5) * STRIDE])
    assert found.length == pytest.approx([30])
    assert found.width == pytest.approx([UNIT_PX])
    assert np.abs(found.angle) == pytest.approx([np.pi])
    assert found.bow_known.tolist() == [True]
    assert found.look.tolist() == [3]
    assert found.cut.tolist() == [False]
    assert found.wake[0] > 0.99


def test_padding_is_invalid_water_without_boats() -> None:
    inside, outside = {"boat": 2.0}, {"boat": 3.0}
    runner = Drawing({(5, 5): inside, (20, 5): outside, (5, 30): outside})
    (found,) = NetworkDetector(runner, card_of()).detect([patch_of(70, 100)], SEA)
    assert runner.seen[0].shape == (1, len(CHANNELS), 96, 128)
    assert (runner.seen[0][0, CHANNELS.index("valid"), :70, :100] == 1).all()
    assert not runner.seen[0][0, :, 70:].any()
    assert not runner.seen[0][0, :, :, 100:].any()
    assert len(found) == 1
    assert found.score == pytest.approx([1 / (1 + np.exp(-2.0))])


def test_where_there_are_no_data_there_is_no_boat() -> None:
    valid = np.ones((64, 96), bool)
    valid[:, 48:] = False
    runner = Drawing({(5, 5): {"boat": 2.0}, (5, 18): {"boat": 2.0}})
    (found,) = NetworkDetector(runner, card_of()).detect([patch_of(valid=valid)], SEA)
    assert (found.x - 1000).tolist() == [22]


@pytest.mark.parametrize(
    ("cell", "dx", "length", "cut"),
    [((7, 2), 0.0, 18.0, False), ((7, 2), 0.0, 19.0, True), ((7, 21), 0.0, 18.0, False),
     ((7, 21), 0.0, 19.0, True), ((0, 12), 0.0, 30.0, True), ((7, 12), 0.0, 30.0, False)],
)  # fmt: skip
def test_hulls_at_the_edge_of_the_look_are_cut(
    cell: tuple[int, int], dx: float, length: float, cut: bool
) -> None:
    """The middle of cell 2 and of cell 21 of 24 is 10 px from the edge; hulls are 4 px wide."""
    boat = {"boat": 2.0, "log_length": np.log(length / UNIT_PX), "log_width": np.log(4 / UNIT_PX)}
    (found,) = NetworkDetector(Drawing({cell: boat}), card_of()).detect([patch_of()], SEA)
    assert found.cut.tolist() == [cut]


def test_batches_hold_one_shape_and_change_nothing() -> None:
    rng = np.random.default_rng(0)
    shapes = [(64, 96), (64, 64), (64, 96), (60, 90), (64, 96), (64, 64)]
    patches = [
        patch_of(*shape, order=order, col=100 * order,
                 values=rng.normal(50, 2, (3, *shape)).astype(np.float32))
        for order, shape in enumerate(shapes)
    ]  # fmt: skip
    together, alone = Brightness(batch_size=3), Brightness(batch_size=1)
    found = NetworkDetector(together, card_of()).detect(patches, SEA)
    # (60, 90) is padded to (64, 96)
    assert together.batches == [(3, 9, 64, 96), (1, 9, 64, 96), (2, 9, 64, 64)]
    for patch, group in zip(patches, found, strict=True):
        (single,) = NetworkDetector(alone, card_of()).detect([patch], SEA)
        assert len(group) > 5
        np.testing.assert_array_equal(single.x, group.x)
        np.testing.assert_array_equal(single.score, group.score)
        assert set(group.look.tolist()) == {patch.look.order}
    assert NetworkDetector(together, card_of()).wants_batches
    assert not NetworkDetector(alone, card_of()).wants_batches
    assert NetworkDetector(together, card_of()).detect([], SEA) == []


@pytest.mark.parametrize(
    ("gsd_m", "logit"), [(4.0, 2 * 1.5 + 0.5 - 0.25 * 2), (float("nan"), 2 * 1.5 + 0.5)]
)
def test_scores_follow_the_card(gsd_m: float, logit: float) -> None:
    card = card_of(ScoreLaw(a=2.0, b=0.5, c=-0.25))
    runner = Drawing({(7, 12): {"boat": 1.5}})
    (found,) = NetworkDetector(runner, card).detect([patch_of(gsd_m=gsd_m)], SEA)
    assert found.score == pytest.approx([1 / (1 + np.exp(-logit))])


def test_weak_peaks_are_left_out() -> None:
    runner = Drawing({(7, 12): {"boat": -2.0}, (3, 3): {"boat": 1.0}})
    loose, strict = (NetworkDetector(runner, card_of(), min_score=p) for p in (0.05, 0.2))
    assert len(loose.detect([patch_of()], SEA)[0]) == 2
    assert len(strict.detect([patch_of()], SEA)[0]) == 1


def test_gsd_is_that_of_the_ground() -> None:
    patch = patch_of()
    assert patch.gsd_m == pytest.approx(3)
    oblong = replace(patch, jacobian=np.array([[0.0, 2.0], [8.0, 0.0]]))
    assert oblong.gsd_m == pytest.approx(4)
    assert np.isnan(patch_of(gsd_m=float("nan")).gsd_m)


def test_a_detector_says_what_it_is_and_what_suits_it() -> None:
    detector = NetworkDetector(Drawing({}), card_of())
    assert detector.name == "patch 1.0"
    listed = [detector.threshold(gsd_m) for gsd_m in (0.3, 1, 2, 4, 10)]
    assert listed == pytest.approx([0.4, 0.4, 0.3, 0.2, 0.2])
    assert 0.2 < detector.threshold(float("nan")) < 0.4
    assert detector.suits(("blue", "green", "red", "nir", "swir")) == ""
    reason = detector.suits(("gray",))
    assert reason == "patch 1.0 needs the bands red, green, blue, and the scene has gray"
