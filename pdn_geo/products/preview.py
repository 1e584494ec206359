"""A picture of one run: the scene small, where it was searched, the boats."""

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pdn_geo.products import furniture
from pdn_geo.products.atomic import complete_or_absent
from pdn_geo.products.colours import BOAT_COLOURS, LOOK_COLOURS
from pdn_geo.products.georeference import ground_hulls
from pdn_geo.products.result import Findings
from pdn_geo.products.write import PathLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FEW_LOOKS = 40
_DIM = 0.6
_HULL_PX = 14.0
"""A hull at least this long on the picture is drawn as its outline, others as a ring."""


def save_preview(path: PathLike, findings: Findings, rgb: NDArray[np.uint8], stride: float) -> None:
    """Write a PNG, about 1600 px on its long side; the same bytes for the same run.

    rgb: (rows, cols, 3) the scene, each pixel `stride` scene pixels wide; it may reach
    over the scene's right and lower edge by part of a pixel. Raises OutputError.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure, axes = furniture.framed(findings.grid.width, findings.grid.height)
    _draw(axes, findings, rgb, stride)
    furniture.add_header(figure, findings)
    furniture.add_legend(figure, findings, looks=LOOK_COLOURS, boats=BOAT_COLOURS)
    with complete_or_absent(path) as place, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a name in a rare script
        FigureCanvasAgg(figure).print_png(place, metadata={"Software": "pdn-geo"})


def draw_preview(axes: "Axes", findings: Findings, rgb: NDArray[np.uint8], stride: float) -> None:
    """Draw scene, looks and boats onto axes, in scene pixels; arguments as `save_preview`."""
    _draw(axes, findings, rgb, stride)
    title = f"{findings.scene}\n{furniture.summary(findings)}"
    axes.set_title(title, fontsize=10, loc="left", parse_math=False)


def _draw(axes: "Axes", findings: Findings, rgb: NDArray[np.uint8], stride: float) -> None:
    rows, cols = rgb.shape[:2]
    axes.imshow(
        _dimmed(rgb, findings, stride),
        extent=(0, cols * stride, rows * stride, 0),
        interpolation="antialiased",
    )
    axes.set_xlim(0, findings.grid.width)
    axes.set_ylim(findings.grid.height, 0)
    axes.set_axis_off()
    screen_px = _screen_px(axes, findings)
    _draw_looks(axes, findings)
    _draw_boats(axes, findings, screen_px)
    furniture.add_scale_and_north(axes, findings.grid, screen_px)


def _screen_px(axes: "Axes", findings: Findings) -> float:
    """Pixels of the picture per scene pixel."""
    box = axes.get_window_extent()
    return float(min(box.width / findings.grid.width, box.height / findings.grid.height))


def _dimmed(rgb: NDArray[np.uint8], findings: Findings, stride: float) -> NDArray[np.uint8]:
    """Darker and greyer where nobody looked, (rows, cols, 3)."""
    searched = np.zeros(rgb.shape[:2], dtype=bool)
    for look in findings.looks:
        w = look.window
        edges = np.array([w.row_off, w.row_end, w.col_off, w.col_end]) / stride
        top, bottom, left, right = np.round(edges).astype(int).clip(0)
        searched[top : max(bottom, top + 1), left : max(right, left + 1)] = True
    grey = rgb.mean(axis=-1, keepdims=True)
    dim = _DIM * (0.6 * rgb + 0.4 * grey)
    return np.where(searched[..., None], rgb, dim).astype(np.uint8)


def _draw_looks(axes: "Axes", findings: Findings) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patheffects import withStroke

    looks = sorted(findings.looks, key=lambda look: -look.order)  # the first on top
    if not looks:
        return
    colours = LinearSegmentedColormap.from_list("looks", LOOK_COLOURS)(
        np.array([look.order for look in looks]) / max(1, looks[0].order)
    )
    w = [look.window for look in looks]
    squares = [
        [
            (v.col_off, v.row_off),
            (v.col_end, v.row_off),
            (v.col_end, v.row_end),
            (v.col_off, v.row_end),
        ]
        for v in w
    ]
    width = 1.1 if len(looks) <= _FEW_LOOKS else 0.7
    axes.add_collection(
        PolyCollection(squares, facecolors="none", edgecolors=colours, linewidths=width)
    )
    if len(looks) > _FEW_LOOKS:
        return
    for look in looks:
        axes.annotate(
            str(look.order),
            (look.window.col_off, look.window.row_off),
            xytext=(3, -3),
            textcoords="offset points",
            ha="left",
            va="top",
            fontsize=8.5,
            color=furniture.INK,
            path_effects=[withStroke(linewidth=2, foreground="#0b1520")],
        )


def _draw_boats(axes: "Axes", findings: Findings, screen_px: float) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patheffects import withStroke

    boats = findings.detections[np.argsort(findings.detections.score, kind="stable")]
    if len(boats) == 0:
        return
    colours = LinearSegmentedColormap.from_list("boats", BOAT_COLOURS)(boats.score)
    halo = [withStroke(linewidth=2.4, foreground="#0b1520b0")]
    large = boats.length * screen_px >= _HULL_PX
    axes.add_collection(
        PolyCollection(
            list(ground_hulls(boats[large], findings.grid).corners),
            facecolors="none",
            edgecolors=colours[large],
            linewidths=1.3,
            path_effects=halo,
        )
    )
    axes.scatter(
        boats.x[~large],
        boats.y[~large],
        s=55 if len(boats) <= 300 else 30,
        facecolors="none",
        edgecolors=list(colours[~large]),
        linewidths=1.3 if len(boats) <= 300 else 0.9,
        path_effects=halo,
    )
