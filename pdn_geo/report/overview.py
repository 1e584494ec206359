"""The scene small, and which of it could be seen and was."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.drive.look import Look
from pdn_geo.grid import PixelGrid
from pdn_geo.io import AnchorReader, plan_anchor
from pdn_geo.scene import Scene
from pdn_geo.thumbnail import Picture, Thumbnail, sketch


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """picture: at most about 1600 px on its long side. valid: (rows, cols) bool, by cells of
    `stride` scene pixels, where the scene has data. contrast: between the dark and the
    bright of the scene, in its own numbers.
    """

    picture: Picture
    valid: NDArray[np.bool_]
    stride: int
    contrast: float


def read_overview(
    scene: Scene,
    *,
    threads: int | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Overview:
    """One pass over the scene, over its stored overviews where they are averages.

    What cannot be decoded is left blank. Raises OptionError for a bad number of threads.
    """
    shape = (scene.grid.height, scene.grid.width)
    plan = plan_anchor(scene.grid, bands=len(scene.band_names))

    def show(done: int, total: int) -> None:
        if progress:
            progress("scene", done / total)

    thumbnail = Thumbnail(shape, plan.stride, scene.band_names)
    for tile in AnchorReader(
        scene, plan, threads=threads, on_error="skip", source="overviews", progress=show
    ):
        thumbnail.add(tile)
    values = thumbnail.values
    valid = np.isfinite(values[0])
    low, high = np.nanpercentile(values[:, valid], [1, 99.8]) if valid.any() else (0.0, 1.0)
    return Overview(
        picture=sketch(thumbnail, scene).picture(),
        valid=valid,
        stride=thumbnail.stride,
        contrast=float(high - low),
    )


def seen(overview: Overview, looks: Sequence[Look], grid: PixelGrid) -> NDArray[np.bool_]:
    """Which cells of `overview.valid` some look holds for the greater part, (rows, cols)."""
    mask = np.zeros(overview.valid.shape, dtype=bool)
    last_row, last_col = (side - side % overview.stride for side in (grid.height, grid.width))
    for look in looks:
        w = look.window
        edges = np.array([w.row_off, w.row_end, w.col_off, w.col_end]) / overview.stride
        top, bottom, left, right = np.round(edges).astype(int)
        bottom += w.row_end > last_row  # the scene's last cells may be narrow
        right += w.col_end > last_col
        mask[top:bottom, left:right] = True
    return mask
