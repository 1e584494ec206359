"""Each boat at full resolution, with its hull."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.io import read_salvaging
from pdn_geo.report.images import jpeg_uri
from pdn_geo.report.run import Boat
from pdn_geo.scene import Pixels, Scene, colour_bands

MOST_CHIPS = 300
MOST_BYTES = 8_000_000
"""Of all chips together, in the page."""

_LEAST_SIDE, _MOST_SIDE = 48, 224
_LARGEST_WINDOW = 2048
_HULLS_A_SIDE = 2.4
_QUALITY = 90
_LEAST_CONTRAST = 0.25
"""Of the scene's: a chip of plain sea is not stretched to noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """boat: whose. window: of the scene. step: scene pixels that one of the picture's spans,
    1 but for hulls too long for a chip. uri: the picture.
    """

    boat: Boat
    window: Window
    step: int
    uri: str


def cut_chips(
    scene: Scene,
    boats: Sequence[Boat],
    *,
    contrast: float,
    progress: Callable[[str, float], None] | None = None,
) -> list[Chip]:
    """Chips of the first boats: `MOST_CHIPS` and `MOST_BYTES` at most.

    contrast: between the dark and the bright of the whole scene. Parts of a chip that
    cannot be decoded are grey.
    """
    chips: list[Chip] = []
    room = MOST_BYTES
    wanted = boats[:MOST_CHIPS]
    shown = colour_bands(scene.band_names)
    for i, boat in enumerate(wanted):
        window = _window(boat, scene)
        step = -(-max(window.width, window.height) // _MOST_SIDE)
        pixels, _ = read_salvaging(scene, window)
        uri = jpeg_uri(_shown(_reduced(pixels, shown, step), contrast), quality=_QUALITY)
        room -= len(uri)
        if room < 0:
            break
        chips.append(Chip(boat=boat, window=window, step=step, uri=uri))
        if progress:
            progress("chips", (i + 1) / len(wanted))
    return chips


def _window(boat: Boat, scene: Scene) -> Window:
    """A square round the hull, moved into the scene where it reaches over the edge."""
    height, width = scene.grid.height, scene.grid.width
    side = int(np.clip(round(_HULLS_A_SIDE * boat.size), _LEAST_SIDE, _LARGEST_WINDOW))
    cols, rows = min(side, width), min(side, height)
    return Window(
        col_off=int(np.clip(round(boat.x - cols / 2), 0, width - cols)),
        row_off=int(np.clip(round(boat.y - rows / 2), 0, height - rows)),
        width=cols,
        height=rows,
    )


def _reduced(pixels: Pixels, shown: list[int], step: int) -> NDArray[np.float32]:
    """The bands shown as (3, rows, cols), every `step` pixels; NaN where not valid."""
    return np.where(pixels.valid, pixels.values[shown], np.float32(np.nan))[:, ::step, ::step]


def _shown(values: NDArray[np.float32], contrast: float) -> NDArray[np.uint8]:
    """Between the chip's own dark and bright, one range for all bands, nodata mid grey."""
    if np.isnan(values).all():
        return np.full((*values.shape[1:], 3), 128, np.uint8)
    low, high = np.nanpercentile(values, [0.5, 99.8])
    scale = max(high - low, _LEAST_CONTRAST * contrast, 1e-9)
    stretched = np.sqrt(np.clip((values - low) / scale, 0, 1))
    rgb = np.where(np.isnan(stretched), 0.5, stretched) * 255
    return np.moveaxis(rgb, 0, -1).astype(np.uint8)
