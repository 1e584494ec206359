"""The pictures of docs/how-it-looks.md: one simulated sea and one run, step by step.

    python docs/pictures.py [FOLDER]

Run it by hand after a change of saliency, drive or weights, and read the page again: its
words describe what the pictures show. Some minutes; FOLDER is docs/images by default.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

import pdn_geo
from pdn_geo.geometry import Window, oriented_polygons
from pdn_geo.io.cells import STATISTICS, cell_statistics
from pdn_geo.ocean import Labels, Sea, SeaConfig, labels_of, simulate_scene
from pdn_geo.products.colours import BOAT_COLOURS, LOOK_COLOURS
from pdn_geo.products.furniture import INK, PAPER, QUIET
from pdn_geo.result import DetectionResult
from pdn_geo.scene import Pixels

SEA = SeaConfig(size=3072, gsd_m=1.0, wind_mps=4.0, boats=24, seed=4)
PATCHES = 3.0

_CELL_PX, _CELLS = 8, 9
_CHIPS, _CHIP_PX = 5, 80
_NUMBERED = 9
_EXPECTATION = ("#0b1520", "#123f6b", "#1f8fb8", "#7fe3ee", "#fff3b0")
_GROWN_PX = 15 / SEA.gsd_m
_WIDTH_IN, _DPI = 10.0, 140
_HALO = [withStroke(linewidth=2.4, foreground=PAPER)]


@dataclass(frozen=True)
class Story:
    """One run over a scene whose boats are known. pixels: of the whole scene."""

    result: DetectionResult
    pixels: Pixels
    truth: Labels

    @property
    def first_look(self) -> NDArray[np.intp]:
        """Per true boat the order of the first look that holds its centre, -1 for none."""
        order = np.full(len(self.truth), -1)
        for look in sorted(self.result.findings.looks, key=lambda look: -look.order):
            w = look.window
            across = (self.truth.x >= w.col_off) & (self.truth.x < w.col_end)
            order[across & (self.truth.y >= w.row_off) & (self.truth.y < w.row_end)] = look.order
        return order

    @property
    def hits(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which detections lie in a true hull grown by 15 m, and which boats have one."""
        t = self.truth
        hulls = shapely.buffer(oriented_polygons(t.x, t.y, t.length, t.width, t.angle), _GROWN_PX)
        boats = self.result.findings.detections
        inside = shapely.contains_xy(hulls[:, None], boats.x, boats.y)
        return inside.any(axis=0), inside.any(axis=1)

    def crop(self, x: float, y: float, side: int) -> tuple[Pixels, int, int]:
        """Pixels about a place from a cell's corner on, with the crop's left and top."""
        left, top = (
            int(np.clip(v - side / 2, 0, SEA.size - side)) // _CELL_PX * _CELL_PX for v in (x, y)
        )
        cut = np.s_[..., top : top + side, left : left + side]
        return Pixels(self.pixels.values[cut], self.pixels.valid[cut]), left, top


def tell(folder: Path) -> Story:
    """Simulate the sea and look for its boats."""
    scene = folder / "sea.tif"
    simulate_scene(scene, SEA)
    whole = Window(col_off=0, row_off=0, width=SEA.size, height=SEA.size)
    with pdn_geo.open_scene(scene) as opened:
        pixels = opened.read(whole)
    return Story(pdn_geo.detect(scene, patches=PATCHES), pixels, labels_of(Sea(SEA)))


def draw_cells(story: Story) -> Figure:
    """A small boat: its pixels, and what the cells of the coarse look keep of it."""
    boats = story.result.findings.detections[story.hits[0]]
    at = int(np.argmin(boats.length))
    crop, _, _ = story.crop(boats.x[at], boats.y[at], _CELL_PX * _CELLS)
    kept = cell_statistics(crop, _CELL_PX).statistics
    figure, panels = _row(1 + len(kept), height_in=2.3)
    _picture(panels[0], "full resolution", _stretched(crop.values, crop.values))
    for panel, name, values in zip(panels[1:], STATISTICS, kept, strict=True):
        scale = values if name == "std" else crop.values
        _picture(panel, f"{name} of each cell", _stretched(values, scale))
    return figure


def draw_saliency(story: Story) -> Figure:
    """The scene as the coarse look sees it, beside how many boats it expects where."""
    figure, (left, right) = _row(2, height_in=5.25)
    _scene(left, story, "the whole scene, coarsely")
    cells = story.result.saliency_map.expected_boats
    rows, cols = (side // 8 * 8 for side in cells.shape)
    blocks = cells[:rows, :cols].reshape(rows // 8, 8, cols // 8, 8).sum(axis=(1, 3))
    right.imshow(
        np.maximum(blocks, 1e-4),
        norm=LogNorm(1e-4, 1),
        cmap=LinearSegmentedColormap.from_list("expectation", _EXPECTATION),
        extent=(0, SEA.size, SEA.size, 0),
        interpolation="bilinear",
    )
    _title(right, "boats expected: dark none, light one")
    return figure


def draw_looks(story: Story) -> Figure:
    """The looks in their order, beside the boats that they met."""
    figure, (left, right) = _row(2, height_in=5.25)
    _scene(left, story, "the looks, white the first, blue the last")
    _looks(left, story)
    looks = sorted(story.result.findings.looks, key=lambda look: look.order)
    read = np.cumsum([0, *(look.window.area for look in looks)]) / SEA.size**2
    expected = np.cumsum([0, *(look.expected_boats for look in looks)])
    expected *= 1 / float(story.result.saliency_map.expected_boats.sum())
    orders = np.arange(-1, len(looks))
    first = story.first_look
    met = [np.count_nonzero((first >= 0) & (first <= order)) / len(first) for order in orders]
    right.plot(
        100 * read, 100 * np.array(met), color=BOAT_COLOURS[-2], lw=2.6, label="boats in a look"
    )
    right.plot(
        100 * read, 100 * expected, color=LOOK_COLOURS[2], lw=2, ls="--",
        label="expected by the coarse view",
    )  # fmt: skip
    right.plot(100 * read, 100 * read, color=QUIET, lw=1.2, ls=":", label="looks spread evenly")
    right.set(xlim=(0, 100 * read[-1]), ylim=(0, 100))
    right.set_xlabel("share of the pixels read, %", color=QUIET, fontsize=10.5)
    right.set_axis_on()
    right.tick_params(colors=QUIET, labelsize=9.5)
    right.grid(color="#24384a", linewidth=0.7)
    for edge in right.spines.values():
        edge.set_visible(False)
    right.legend(loc="upper left", frameon=False, labelcolor=INK, fontsize=10.5)
    _title(right, "what the looks brought, %")
    return figure


def draw_boats(story: Story) -> Figure:
    """The surest detections at full resolution with their hulls."""
    boats = story.result.findings.detections
    figure, panels = _row(_CHIPS, height_in=2.35)
    for panel, at in zip(panels, np.argsort(-boats.score)[:_CHIPS], strict=False):
        side = max(_CHIP_PX, int(1.3 * boats.length[at]))
        crop, left, top = story.crop(boats.x[at], boats.y[at], side)
        title = f"score {boats.score[at]:.2f}, {boats.length[at] * SEA.gsd_m:.0f} m"
        _picture(panel, title, _stretched(crop.values, crop.values))
        hull = boats[np.array([at])].corners() - (left, top) - 0.5
        panel.add_collection(_outlines(hull, boats.score[[at]], 1.6))
    return figure


def draw_result(story: Story) -> Figure:
    """The scene, dimmed where nobody looked, with what was found and what was missed."""
    figure, (axes,) = _row(1, height_in=7.0, width_in=6.5)
    _scene(axes, story, "", dimmed=True)
    boats, truth = story.result.findings.detections, story.truth
    hit, found = story.hits
    looked = story.first_look >= 0
    places = (
        ("found", boats.x[hit], boats.y[hit], BOAT_COLOURS[-1], "o"),
        ("false alarm", boats.x[~hit], boats.y[~hit], "#c9d3da", "o"),
        ("overlooked", truth.x[looked & ~found], truth.y[looked & ~found], BOAT_COLOURS[2], "D"),
        ("where nobody looked", truth.x[~looked], truth.y[~looked], LOOK_COLOURS[1], "s"),
    )
    for label, x, y, colour, marker in places:
        axes.scatter(
            x, y, s=110 if marker == "o" else 55, marker=marker, facecolors="none",
            edgecolors=colour, linewidths=1.8, path_effects=_HALO, label=label,
        )  # fmt: skip
    figure.legend(
        loc="outside upper center", ncols=len(places), frameon=False, labelcolor=INK, fontsize=10.5,
        handletextpad=0.2, columnspacing=1.4,
    )  # fmt: skip
    return figure


def _row(count: int, *, height_in: float, width_in: float = _WIDTH_IN) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width_in, height_in), dpi=_DPI, facecolor=PAPER, layout="constrained")
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(w_pad=0.1, h_pad=0.1)
    panels = figure.subplots(1, count, squeeze=False)[0]
    for panel in panels:
        panel.set_axis_off()
        panel.set_facecolor(PAPER)
    return figure, list(panels)


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, color=INK, fontsize=11.5, loc="left")


def _picture(axes: Axes, title: str, rgb: NDArray[np.float32]) -> None:
    axes.imshow(rgb, interpolation="nearest")
    _title(axes, title)


def _stretched(values: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """(rows, cols, 3) between the darkest and brightest of `scale`."""
    low, high = np.percentile(scale, [0.5, 99.9])
    return np.moveaxis(np.sqrt(np.clip((values - low) / max(high - low, 1e-6), 0, 1)), 0, -1)


def _scene(axes: Axes, story: Story, title: str, *, dimmed: bool = False) -> None:
    picture = story.result.picture
    rgb = picture.rgb / 255
    if dimmed:
        unseen = np.ones(rgb.shape[:2], np.bool_)
        for look in story.result.findings.looks:
            w, s = look.window, picture.stride
            unseen[w.row_off // s : w.row_end // s, w.col_off // s : w.col_end // s] = False
        rgb = np.where(unseen[..., None], 0.42 * rgb, rgb)
    axes.imshow(rgb, extent=(0, SEA.size, SEA.size, 0), interpolation="antialiased")
    _title(axes, title)


def _looks(axes: Axes, story: Story) -> None:
    looks = sorted(story.result.findings.looks, key=lambda look: -look.order)
    shades = LinearSegmentedColormap.from_list("looks", LOOK_COLOURS)
    for look in looks:
        w = look.window
        corners = [(w.col_off, w.row_off), (w.col_end, w.row_off), (w.col_end, w.row_end)]
        corners.append((w.col_off, w.row_end))
        colour = shades(look.order / max(1, looks[0].order))
        axes.add_collection(
            PolyCollection([corners], facecolors="none", edgecolors=[colour], linewidths=1.3)
        )
        if look.order < _NUMBERED:
            axes.annotate(
                str(look.order), (w.col_off, w.row_off), xytext=(3, -3), va="top", fontsize=11,
                textcoords="offset points", color=INK, path_effects=_HALO,
            )  # fmt: skip


def _outlines(
    corners: NDArray[np.float64], score: NDArray[np.float64], width: float
) -> PolyCollection:
    colours = LinearSegmentedColormap.from_list("boats", BOAT_COLOURS)(score)
    return PolyCollection(
        list(corners), facecolors="none", edgecolors=colours, linewidths=width, path_effects=_HALO
    )


DRAWINGS = {
    "1-cells": draw_cells,
    "2-saliency": draw_saliency,
    "3-looks": draw_looks,
    "4-boats": draw_boats,
    "5-result": draw_result,
}


def main(folder: Path) -> None:
    """Draw every picture into a folder as looks-<name>.jpg."""
    with tempfile.TemporaryDirectory() as scratch:
        story = tell(Path(scratch))
    for name, draw in DRAWINGS.items():
        figure = draw(story)
        FigureCanvasAgg(figure)
        figure.savefig(folder / f"looks-{name}.jpg", pil_kwargs={"quality": 84, "optimize": True})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images")
