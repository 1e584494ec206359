"""The close looks: read each window at full resolution and find boats in it."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pdn_geo.detections import Detections
from pdn_geo.drive.base import Drive
from pdn_geo.drive.look import Look
from pdn_geo.engines import Patch, PatchDetector
from pdn_geo.geometry import Window
from pdn_geo.io import read_salvaging
from pdn_geo.saliency import SaliencyMap
from pdn_geo.scene import Pixels, Scene
from pdn_geo.sea import SeaStatistics

_BATCH = 8
"""Looks between two words to the drive: a constant, so that no machine looks elsewhere."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """boats: of all looks, unmerged. looks: in order. failed: parts of them not decoded."""

    boats: Detections
    looks: tuple[Look, ...]
    failed: tuple[Window, ...]


def inspect(
    scene: Scene,
    drive: Drive,
    detector: PatchDetector,
    saliency: SaliencyMap,
    sea: SeaStatistics,
    *,
    on_error: Literal["fail", "skip"] = "fail",
    threads: int | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Inspection:
    """Look where the drive says until it has had enough.

    progress is called with "looks" and the share of the scene that was searched. Raises
    BlockReadError when a window cannot be decoded, unless `on_error` is "skip".
    """
    boats: list[Detections] = []
    looks: list[Look] = []
    failed: list[Window] = []

    def read(look: Look) -> Pixels:
        if on_error == "fail":
            return scene.read(look.window)
        pixels, lost = read_salvaging(scene, look.window)
        failed.extend(lost)
        return pixels

    def patch_of(look: Look) -> Patch:
        return _patch(look, read(look), saliency, scene)

    def look_at(look: Look) -> Detections:
        return detector.detect([patch_of(look)], sea)[0]

    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        while batch := drive.next_looks(_BATCH):
            if detector.wants_batches:
                found = detector.detect(list(pool.map(patch_of, batch)), sea)
            else:
                found = list(pool.map(look_at, batch))
            drive.update(batch, [part.score for part in found])
            boats += found
            looks += batch
            if progress:
                progress("looks", drive.searched)
    return Inspection(Detections.concatenate(boats), tuple(looks), tuple(failed))


def _patch(look: Look, pixels: Pixels, saliency: SaliencyMap, scene: Scene) -> Patch:
    window = look.window
    rows = np.arange(window.row_off, window.row_end)[:, None] // saliency.stride
    cols = np.arange(window.col_off, window.col_end) // saliency.stride
    return Patch(
        look=look,
        values=pixels.values,
        valid=pixels.valid & saliency.searchable[rows, cols],
        water=saliency.water[rows, cols].astype(np.float32),
        jacobian=scene.grid.ground_jacobian(
            window.col_off + window.width / 2, window.row_off + window.height / 2
        ),
        band_names=tuple(scene.band_names),
    )
