import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdn_geo.geometry import Window, oriented_corners, oriented_polygons

windows = st.builds(
    Window,
    col_off=st.integers(-50, 50),
    row_off=st.integers(-50, 50),
    width=st.integers(1, 60),
    height=st.integers(1, 60),
)


def mask(window: Window) -> np.ndarray:
    rows, cols = np.mgrid[-60:120, -60:120] + 0.5
    return window.contains(cols, rows)


@given(windows, windows)
def test_intersection_is_the_shared_pixels(a: Window, b: Window) -> None:
    shared = a.intersection(b)
    assert (mask(a) & mask(b)).sum() == (shared.area if shared else 0)
    if shared:
        assert (mask(shared) == (mask(a) & mask(b))).all()


@given(windows, st.integers(0, 9))
def test_expanded_and_back(window: Window, margin: int) -> None:
    assert window.expanded(margin).expanded(-margin) == window


@pytest.mark.parametrize("name", ["width", "height"])
def test_bad_size_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be positive, got -3"):
        Window(**{"col_off": 0, "row_off": 0, "width": 1, "height": 1, name: -3})


def test_slices_cut_the_window_out_of_an_array() -> None:
    ramp = np.add.outer(1000 * np.arange(40), np.arange(50))
    window = Window(col_off=7, row_off=3, width=5, height=4)
    cut = ramp[window.slices]
    assert cut.shape == (4, 5)
    assert cut[0, 0] == 3007
    assert cut[-1, -1] == 6011


def test_corners_of_a_boat_heading_down_the_screen() -> None:
    corners = oriented_corners([10.0], [20.0], [8.0], [2.0], [math.pi / 2])
    # bow at larger y; somebody facing down the screen has their left on larger x
    np.testing.assert_allclose(corners[0], [[11, 24], [9, 24], [9, 16], [11, 16]], atol=1e-12)


@given(
    st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.floats(1, 500), st.floats(1, 80),
    st.floats(-7, 7),
)  # fmt: skip
def test_polygons_keep_centre_and_area(
    x: float, y: float, length: float, width: float, angle: float
) -> None:
    polygon = oriented_polygons([x], [y], [length], [width], [angle])[0]
    assert polygon.area == pytest.approx(length * width, rel=1e-6)
    assert polygon.centroid.x == pytest.approx(x, abs=1e-4)
    assert polygon.centroid.y == pytest.approx(y, abs=1e-4)
