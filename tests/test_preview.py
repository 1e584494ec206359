import numpy as np
import pytest
from affine import Affine
from matplotlib.figure import Figure
from matplotlib.image import imread
from products_examples import LOOKS, PIXELS, SIZE, UTM, findings, grid_at, look, one_boat

from pdn_geo.detections import Detections
from pdn_geo.errors import OutputError
from pdn_geo.grid import PixelGrid
from pdn_geo.products import draw_preview, save_preview
from pdn_geo.products.furniture import nice_length, summary

STRIDE = 10
SEA = np.full((SIZE // STRIDE, SIZE // STRIDE, 3), (40, 60, 80), np.uint8)


def drawn(tmp_path, found, rgb=SEA, stride=STRIDE):
    """The picture, (rows, cols, 3) uint8."""
    path = tmp_path / "boats.png"
    save_preview(path, found, rgb, stride)
    return (imread(path)[..., :3] * 255).round().astype(int)


def test_the_long_side_is_about_1600_px(tmp_path):
    for width, height in ((4000, 500), (300, 6000), (1, 1)):
        grid = PixelGrid(height=height, width=width)
        picture = drawn(tmp_path, findings(grid, Detections.empty(), looks=()), SEA[:1, :1], 10)
        assert 1590 <= max(picture.shape) <= 1610
        assert picture.shape[1] >= 900


def test_what_was_searched_stands_out(tmp_path):
    picture = drawn(tmp_path, findings(PIXELS, Detections.empty()))
    bright = (picture == (40, 60, 80)).all(axis=-1).mean()
    area = 1600 - 180
    share = (2 * 256**2 - 56 * 128 + 512**2) / SIZE**2
    assert bright == pytest.approx(share * area**2 / picture[..., 0].size, rel=0.1)
    nobody_looked = findings(PIXELS, Detections.empty(), looks=())
    assert not (drawn(tmp_path, nobody_looked) == (40, 60, 80)).all(axis=-1).any()


def warm(picture):
    """Pixels of boats: red far above the blue of a grey or blue sea."""
    return picture[..., 0] - picture[..., 2] > 60


def test_a_boat_is_where_it_is(tmp_path):
    for length in (4.0, 200.0):
        boat = one_boat(x=500.0, y=1500.0, length=length, width=length / 4, score=0.9)
        picture = drawn(tmp_path, findings(PIXELS, boat, looks=()))
        rows, cols = np.nonzero(warm(picture[104:-76]))
        scale = SIZE / (picture.shape[0] - 180)
        left = (picture.shape[1] - (picture.shape[0] - 180)) / 2
        assert (cols.mean() - left) * scale == pytest.approx(500, abs=5)
        assert rows.mean() * scale == pytest.approx(1500, abs=5)


def test_the_hull_is_drawn_as_long_as_it_is(tmp_path):
    boat = one_boat(x=1000.0, y=1000.0, length=400.0, width=80.0, score=0.9)
    picture = drawn(tmp_path, findings(PIXELS, boat, looks=()))
    rows, cols = np.nonzero(warm(picture[104:-76]))
    scale = SIZE / (picture.shape[0] - 180)
    assert np.ptp(cols) * scale == pytest.approx(400, abs=8)
    assert np.ptp(rows) * scale == pytest.approx(80, abs=8)


def test_the_same_run_is_the_same_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        save_preview(tmp_path / name, findings(UTM), SEA, STRIDE)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def texts(axes):
    return [text.get_text() for text in axes.texts]


def axes_with(found):
    axes = Figure(figsize=(6, 6)).add_subplot()
    draw_preview(axes, found, SEA, STRIDE)
    return axes


def test_axes_of_a_notebook_get_a_title_numbers_scale_and_north():
    axes = axes_with(findings(UTM))
    assert axes.get_title(loc="left") == f"scene ø.tif\n{summary(findings(UTM))}"
    assert texts(axes) == ["2", "1", "0", "500 m", "N"]
    assert axes.get_xlim() == (0, SIZE)
    assert axes.get_ylim() == (SIZE, 0)


def test_the_scale_bar_is_as_long_as_it_says():
    for gsd in (0.3, 3.0, 10.0):
        axes = axes_with(findings(grid_at(3.0, 51.4, "EPSG:32631", Affine.scale(gsd, -gsd))))
        number, unit = texts(axes)[-2].split()
        metres = float(number) * {"m": 1, "km": 1000}[unit]
        bar = axes.lines[0].get_xdata()
        assert np.ptp(bar) * gsd == pytest.approx(metres, rel=1e-3)


@pytest.mark.parametrize(
    ("linear", "north"),
    [
        (Affine.scale(1, -1), (0, -1)),
        (Affine.scale(1, 1), (0, 1)),
        (Affine.rotation(90) * Affine.scale(1, -1), (1, 0)),
    ],
    ids=["up", "down", "right"],
)
def test_the_arrow_points_north(linear, north):
    axes = axes_with(findings(grid_at(3.0, 51.4, "EPSG:32631", linear)))
    label = next(text for text in axes.texts if text.get_text() == "N")
    tip, tail = axes.patches[0].get_xy()[[0, 2]]
    direction = (tip - tail) / np.hypot(*(tip - tail))
    assert direction == pytest.approx(north, abs=0.02)
    from_tail = np.array(label.get_position()) - tail
    assert from_tail / np.hypot(*from_tail) == pytest.approx(north, abs=0.02)


def test_a_scene_without_georeferencing_has_no_arrow_and_maybe_no_scale():
    assert texts(axes_with(findings(PIXELS, looks=()))) == []
    grid = PixelGrid(height=SIZE, width=SIZE, assumed_gsd_m=1.0)
    assert texts(axes_with(findings(grid, looks=()))) == ["500 m"]


def test_many_looks_are_not_numbered():
    looks = [look(i, 20 * i, 20 * i, 128) for i in range(60)]
    assert texts(axes_with(findings(PIXELS, looks=looks))) == []


def test_the_summary_is_one_line():
    words = summary(findings(UTM)).split("   ·   ")
    assert words == ["2 boats", "3 looks", "10.0 % searched", "1.2 boats expected elsewhere"]
    unknown = findings(UTM, one_boat(), looks=LOOKS[:1], searched_share=np.nan)
    assert summary(unknown).startswith("1 boat   ·   1 look   ·   1.2 boats")


def test_names_in_any_script_and_with_dollars_are_drawn(tmp_path):
    drawn(tmp_path, findings(UTM, scene="$x^2$ 海.tif", looks=()))


def test_a_picture_that_cannot_be_written_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="no such file"):
        save_preview(tmp_path / "none" / "a.png", findings(UTM), SEA, STRIDE)


@pytest.mark.parametrize(("most", "nice"), [(180, 100), (999, 500), (0.03, 0.02), (5, 5)])
def test_nice_lengths(most, nice):
    assert nice_length(most) == pytest.approx(nice)
