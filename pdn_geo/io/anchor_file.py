"""The global anchor as a file that any GIS opens."""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.io.anchor import AnchorReader, Wanted, plan_anchor
from pdn_geo.io.cells import STATISTICS
from pdn_geo.io.cog import write_cog
from pdn_geo.io.scene import open_scene


def write_anchor(
    source: Any,
    out: str | os.PathLike[str],
    *,
    bands: Sequence[int | str] | None = None,
    anchor: Wanted = "pixels",
    threads: int | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> str:
    """Write a scene's global anchor as a COG; returns a sentence about what it holds.

    source, bands: as in `open_scene`. anchor, threads: as in `AnchorReader`. Bands of the
    file: "red mean", "red max", "red min", "red std", the same of the other bands, and
    "valid". NaN where a cell has no valid pixel. progress: called with "anchor" and the
    share of it that is done. Memory does not grow with the scene.

    Raises SceneError, OptionError, OutputError; the file is complete or absent.
    """

    def show(done: int, total: int) -> None:
        if progress:
            progress("anchor", done / total)

    with open_scene(source, bands=bands) as scene:
        plan = plan_anchor(scene.grid, bands=len(scene.band_names))
        reader = AnchorReader(scene, plan, threads=threads, source=anchor, progress=show)
        write_cog(
            out,
            _rows(reader),
            grid=scene.grid,
            stride=plan.stride,
            descriptions=_descriptions(scene.band_names),
            nodata=math.nan,
        )
    size = f"{plan.width} x {plan.height} cells of {plan.stride} x {plan.stride} pixels"
    return f"{size}, {reader.note}" if reader.note else size


def _descriptions(band_names: Sequence[str]) -> list[str]:
    return [*(f"{band} {word}" for band in band_names for word in STATISTICS), "valid"]


def _rows(anchors: Iterable[GlobalAnchor]) -> Iterator[NDArray[np.float32]]:
    """The cores of anchor tiles, (4 x bands + 1, rows, cols), in the order described."""
    for anchor in anchors:
        top = anchor.core.row_off - anchor.window.row_off
        rows = slice(top, top + anchor.core.height)
        valid = anchor.valid[rows]
        statistics = (anchor.mean, anchor.max, anchor.min, anchor.std)
        values = np.stack([values[:, rows] for values in statistics], axis=1)
        values = values.reshape(-1, *valid.shape)
        values[:, valid == 0] = np.nan
        yield np.concatenate([values, valid[None]])
