"""What stands round a picture of a scene: frame, title, legend, scale bar, north arrow."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pdn_geo.grid import PixelGrid
from pdn_geo.products.result import Findings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patheffects import AbstractPathEffect

PAPER, INK, QUIET = "#0b1520", "#f2f6f8", "#9fb2bf"

_LONG_PX, _DPI = 1600, 100
_HEADER_PX, _FOOTER_PX, _MARGIN_PX, _LEAST_WIDTH_PX = 104, 76, 28, 900
_ARROW_ROOM_PX = 160
_ABOVE = 10


def framed(width: int, height: int) -> tuple["Figure", "Axes"]:
    """A figure about 1600 px long and axes of a scene's shape in its middle."""
    from matplotlib.figure import Figure

    room_x = _LONG_PX - 2 * _MARGIN_PX
    room_y = _LONG_PX - _HEADER_PX - _FOOTER_PX
    scale = min(room_x / width, room_y / height)
    w, h = max(round(width * scale), 1), max(round(height * scale), 1)
    total_w, total_h = max(w + 2 * _MARGIN_PX, _LEAST_WIDTH_PX), h + _HEADER_PX + _FOOTER_PX
    figure = Figure(figsize=(total_w / _DPI, total_h / _DPI), dpi=_DPI, facecolor=PAPER)
    left = (total_w - w) / 2
    box = (left / total_w, _FOOTER_PX / total_h, w / total_w, h / total_h)
    return figure, figure.add_axes(box)


def add_header(figure: "Figure", findings: Findings) -> None:
    """The scene's name, and the run in one line."""
    width, height = figure.get_size_inches() * _DPI
    x = _MARGIN_PX / width
    name = _shortened(findings.scene, int(width / 12))
    figure.text(x, 1 - 44 / height, name, color=INK, fontsize=17, weight="bold", parse_math=False)
    figure.text(x, 1 - 80 / height, summary(findings), color=QUIET, fontsize=12.5)


def summary(findings: Findings) -> str:
    """Boats, looks, share searched and boats expected elsewhere, in one line."""
    boats, looks = len(findings.detections), len(findings.looks)
    parts = [_count(boats, "boat"), _count(looks, "look")]
    if np.isfinite(findings.searched_share):
        parts.append(f"{_percent(findings.searched_share)} searched")
    if np.isfinite(findings.expected_missed):
        parts.append(f"{findings.expected_missed:.1f} boats expected elsewhere")
    return "   ·   ".join(parts)


def add_legend(
    figure: "Figure", findings: Findings, *, looks: Sequence[str], boats: Sequence[str]
) -> None:
    """Two colour bars below the picture: score of a boat, order of the looks."""
    width, _ = figure.get_size_inches() * _DPI
    _colour_bar(figure, _MARGIN_PX, boats, ("score 0", "1"))
    last = str(max((look.order for look in findings.looks), default=0))
    _colour_bar(figure, _MARGIN_PX + 330, looks, ("look 0", last))
    if width < _LONG_PX * 3 / 4:
        return
    note = "boats outlined or ringed; dimmed: not searched"
    x, y = 1 - _MARGIN_PX / width, _legend_y(figure)
    figure.text(x, y, note, color=QUIET, fontsize=10, ha="right", va="center")


def add_scale_and_north(axes: "Axes", grid: PixelGrid, screen_px: float) -> None:
    """A scale bar where the ground sampling distance is known, an arrow to true north.

    screen_px: pixels of the picture per scene pixel.
    """
    jacobian = grid.ground_jacobian(grid.width / 2, grid.height / 2)
    if not np.isfinite(jacobian).all() or np.linalg.det(jacobian) == 0:
        return
    _add_scale_bar(axes, grid, float(np.hypot(*jacobian[:, 0])), screen_px)
    if grid.is_georeferenced and min(grid.width, grid.height) * screen_px >= _ARROW_ROOM_PX:
        north = np.linalg.solve(jacobian, [0.0, 1.0])
        _add_north_arrow(axes, grid, north / np.hypot(*north), screen_px)


def _add_scale_bar(axes: "Axes", grid: PixelGrid, gsd_x_m: float, screen_px: float) -> None:
    length_m = nice_length(gsd_x_m * min(180 / screen_px, grid.width / 4))
    left, bottom, tick = 20 / screen_px, grid.height - 20 / screen_px, 7 / screen_px
    right = left + length_m / gsd_x_m
    axes.plot(
        [left, left, right, right],
        [bottom - tick, bottom, bottom, bottom - tick],
        color=INK,
        linewidth=1.8,
        zorder=_ABOVE,
        path_effects=_halo(),
    )
    text = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    _label(axes, (left + right) / 2, bottom - 1.2 * tick, text, ha="center", va="bottom")


def _add_north_arrow(
    axes: "Axes", grid: PixelGrid, north: NDArray[np.float64], screen_px: float
) -> None:
    """north: unit vector in pixels."""
    centre = np.array([grid.width - 48 / screen_px, 48 / screen_px])
    aside = np.array([-north[1], north[0]])
    shape = [(20, 0), (-14, 9), (-8, 0), (-14, -9)]
    arrow = [centre + (a * north + s * aside) / screen_px for a, s in shape]
    axes.fill(*np.transpose(arrow), facecolor=INK, edgecolor=PAPER, linewidth=0.8, zorder=_ABOVE)
    x, y = centre + 31 * north / screen_px
    _label(axes, float(x), float(y), "N", weight="bold", ha="center", va="center")


def _label(axes: "Axes", x: float, y: float, text: str, **style: str) -> None:
    axes.text(x, y, text, color=INK, fontsize=10.5, path_effects=_halo(), zorder=_ABOVE, **style)  # type: ignore[arg-type]


def _halo() -> list["AbstractPathEffect"]:
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=4, foreground=PAPER, alpha=0.6)]


def nice_length(most: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is at most `most`."""
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(step * power for step in (1, 2, 5) if step * power <= most))


def _colour_bar(
    figure: "Figure", left_px: float, colours: Sequence[str], ends: tuple[str, str]
) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    width, height = figure.get_size_inches() * _DPI
    y = _legend_y(figure)
    start = left_px + 62
    bar = figure.add_axes((start / width, y - 5 / height, 180 / width, 10 / height))
    bar.imshow(
        np.linspace(0, 1, 256)[None, :],
        aspect="auto",
        cmap=LinearSegmentedColormap.from_list("bar", colours),
    )
    bar.set_axis_off()
    for x, text, side in ((start - 8, ends[0], "right"), (start + 188, ends[1], "left")):
        figure.text(x / width, y, text, color=QUIET, fontsize=10, ha=side, va="center")


def _legend_y(figure: "Figure") -> float:
    return float(_FOOTER_PX / 2 / (figure.get_size_inches()[1] * _DPI))


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.995 else f"{100 * share:.0f} %"


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"…{text[-most + 1 :]}"
