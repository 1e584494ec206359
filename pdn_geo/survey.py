"""The coarse look at the whole scene: anchor, saliency, sea and a small picture."""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.heap import give_back_freed_arrays
from pdn_geo.io import AnchorReader, VectorMasks, open_scene, plan_anchor, write_cog
from pdn_geo.saliency import SaliencyBuilder, SaliencyMap
from pdn_geo.saliency.learned import shipped_saliency
from pdn_geo.saliency.long_objects import LongObject
from pdn_geo.scene import Scene
from pdn_geo.sea import SeaStatistics
from pdn_geo.stopwatch import Stopwatch
from pdn_geo.thumbnail import Thumbnail


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the coarse look found.

    long_objects: on the water, of any kind, too long for a look at full resolution. failed:
    windows in scene pixels that could not be decoded. anchor_note: what the
    anchor was made from, a sentence for users, "" if there is nothing to say.
    """

    saliency: SaliencyMap
    sea: SeaStatistics
    thumbnail: Thumbnail
    long_objects: tuple[LongObject, ...]
    failed: tuple[Window, ...]
    anchor_note: str


def opened(
    source: Any, *, bands: Sequence[int | str] | None = None, gsd_m: float | None = None
) -> AbstractContextManager[Scene]:
    """`source` as a scene; one that is already a scene is lent and left open."""
    if hasattr(source, "grid") and hasattr(source, "block_shape"):
        return nullcontext(source)
    return open_scene(source, bands=bands, gsd_m=gsd_m)


def survey(
    scene: Scene,
    masks: VectorMasks,
    *,
    source: Literal["pixels", "overviews", "auto"] = "pixels",
    on_error: Literal["fail", "skip"] = "fail",
    threads: int | None = None,
    stopwatch: Stopwatch | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Survey:
    """Read the scene once, tile by tile, and say per cell what a look is worth.

    See `pdn_geo.detect` for the other options. Raises BlockReadError with `on_error` "fail".
    """
    stopwatch = stopwatch or Stopwatch()
    shape = (scene.grid.height, scene.grid.width)
    plan = plan_anchor(scene.grid, bands=len(scene.band_names))

    def show(done: int, total: int) -> None:
        if progress:
            progress("anchor", done / total)

    reader = AnchorReader(
        scene, plan, threads=threads, on_error=on_error, source=source, progress=show
    )
    builder = SaliencyBuilder(
        shape, plan.stride, scene.band_names, scene.grid.gsd_m,
        learned=shipped_saliency(), threads=threads,
    )  # fmt: skip
    thumbnail = Thumbnail(shape, plan.stride, scene.band_names)
    tiles = iter(reader)
    while True:
        with stopwatch.time("anchor"):
            anchor = next(tiles, None)
        if anchor is None:
            break
        with stopwatch.time("saliency"):
            allowed, water = masks.cells(anchor.window, plan.stride)
            builder.add(anchor, allowed=allowed, water=water)
            thumbnail.add(anchor)
        del anchor
        give_back_freed_arrays()
    saliency, sea = builder.finish()
    return Survey(
        saliency=saliency,
        sea=sea,
        thumbnail=thumbnail,
        long_objects=tuple(builder.long_objects),
        failed=tuple(reader.failed),
        anchor_note=reader.note,
    )


def write_saliency(
    source: Any,
    out: str | Path,
    *,
    bands: Sequence[int | str] | None = None,
    gsd_m: float | None = None,
    aoi: str | Path | None = None,
    water: str | Path | None = None,
    land: str | Path | None = None,
    threads: int | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> float:
    """Write the saliency map as a COG in the scene's CRS; returns all expected boats.

    Bands: expected boats per cell, and 0-1 how surely the cell is water; NaN where
    nothing is searched. Options as in `pdn_geo.detect`. Raises OutputError as well.
    """
    with opened(source, bands=bands, gsd_m=gsd_m) as scene:
        masks = VectorMasks.read(scene.grid, aoi=aoi, water=water, land=land, scene_name=scene.name)
        saliency = survey(scene, masks, threads=threads, progress=progress).saliency
        save_saliency(out, saliency, scene.grid)
    return float(saliency.expected_boats.sum())


def save_saliency(path: str | Path, saliency: SaliencyMap, grid: PixelGrid) -> None:
    """Write a map that there is already, as `write_saliency` does. Raises OutputError."""
    layers = np.stack([saliency.expected_boats, saliency.water])
    layers[:, ~saliency.searchable] = np.nan
    write_cog(
        path,
        layers,
        grid=grid,
        stride=saliency.stride,
        descriptions=["expected boats", "water"],
        nodata=math.nan,
    )
