"""The scene as SVG in scene pixels: the picture, what is unsearched, the looks, the boats."""

from collections.abc import Sequence
from html import escape

import numpy as np
import shapely
from numpy.typing import NDArray

from pdn_geo.grid import PixelGrid
from pdn_geo.report import words
from pdn_geo.report.colours import boat_colours, look_colours
from pdn_geo.report.images import jpeg_uri
from pdn_geo.report.run import Boat, Run
from pdn_geo.thumbnail import Picture

_QUALITIES = (86, 72, 55)
_MOST_PICTURE_BYTES = 2_500_000
_RING_SHARE = 1 / 130
"""Of the scene's long side: a boat's ring where no script sizes it."""


def draw_picture(picture: Picture) -> str:
    """The scene, its pixels `stride` units wide."""
    for quality in _QUALITIES:
        uri = jpeg_uri(picture.rgb, quality=quality)
        if len(uri) <= _MOST_PICTURE_BYTES:
            break
    rows, cols = (side * picture.stride for side in picture.rgb.shape[:2])
    return (
        f'<image width="{cols}" height="{rows}" preserveAspectRatio="none" '
        f'clip-path="url(#scene-edge)" href="{uri}"/>'
    )


def draw_unsearched(run: Run, grid: PixelGrid) -> str:
    """One path over all that lies in no look."""
    rings = [f"M0 0H{grid.width}V{grid.height}H0Z"]
    for part in shapely.get_parts(run.searched):
        rings += [outline_path(shapely.get_coordinates(ring)) for ring in shapely.get_rings(part)]
    return f'<path fill-rule="evenodd" d="{"".join(rings)}"/>'


def draw_looks(run: Run) -> str:
    """The windows, the first on top."""
    drawn = []
    for look, found, colour in zip(run.looks, run.found, look_colours(len(run.looks)), strict=True):
        w = look.window
        title = (
            f"Look {look.order}: {look.reason}. {words.number(look.expected_boats, 2)} boats "
            f"expected, {int(found)} found."
        )
        drawn.append(
            f'<g style="--c:{colour}"><title>{escape(title)}</title>'
            f'<rect x="{w.col_off}" y="{w.row_off}" width="{w.width}" height="{w.height}"/>'
            f'<text x="{w.col_off}" y="{w.row_off}" dx=".3em" dy="1.05em">{look.order}</text></g>'
        )
    return "\n".join(reversed(drawn))


def draw_boats(boats: Sequence[Boat], grid: PixelGrid) -> str:
    """Hulls and rings, the best score on top."""
    radius = max(grid.width, grid.height) * _RING_SHARE
    drawn = []
    for boat, colour in zip(boats, boat_colours([boat.score for boat in boats]), strict=True):
        drawn.append(
            f'<g class="boat" data-boat="{boat.rank}" style="--c:{colour}">'
            f"<title>Boat {boat.rank}, score {boat.score:.2f}</title>"
            f'<path class="hull" d="{hull_path(boat)}"/>'
            f'<circle class="ring" cx="{boat.x:.1f}" cy="{boat.y:.1f}" r="{radius:.1f}"/></g>'
        )
    return "\n".join(reversed(drawn))


def hull_path(boat: Boat, *, origin: tuple[float, float] = (0, 0), step: int = 1) -> str:
    """The hull, and where the bow is known a stroke ahead of it; in units of `step` pixels."""

    def local(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return (points - origin) / step

    path = outline_path(local(boat.outline))
    if boat.bow is None:
        return path
    bow = local(boat.bow)
    ahead = bow + 0.5 * (bow - local(np.array([boat.x, boat.y])))
    return f"{path}M{bow[0]:.1f} {bow[1]:.1f}L{ahead[0]:.1f} {ahead[1]:.1f}"


def outline_path(points: NDArray[np.float64]) -> str:
    """A closed ring (P, 2), its last point being its first."""
    steps = "L".join(f"{round(x, 1):g} {round(y, 1):g}" for x, y in points[:-1].tolist())
    return f"M{steps}Z"
