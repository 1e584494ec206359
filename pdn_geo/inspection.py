"""The close looks: read each window at full resolution and find boats in it."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pdn_geo.detections import Detections
from pdn_geo.drive.base import Drive
from pdn_geo.drive.look import Look
from pdn_geo.drive.second_looks import REASON, second_windows
from pdn_geo.engines import Patch, PatchDetector
from pdn_geo.geometry import Window
from pdn_geo.io import read_salvaging
from pdn_geo.merge import merge
from pdn_geo.saliency import SaliencyMap
from pdn_geo.scene import Pixels, Scene
from pdn_geo.sea import SeaStatistics

_BATCH = 8
"""Looks between two words to the drive: a constant, so that no machine looks elsewhere."""
_TIMES_AGAIN = 2
"""Wider looks at what wider looks still cut: 128, 256, 512 px."""
MOST_COUNTED = 1000
"""Looks left out that are counted: a second of choosing, and the user waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """boats: of all looks, unmerged. looks: in order. failed: parts of them not decoded.
    searched, expected_missed, missed_at_most: what the drive says after them. left_out:
    looks that it would have gone on to make when it was stopped, if each had held what it
    expects; not more than MOST_COUNTED, 0 if it had had enough.
    """

    boats: Detections
    looks: tuple[Look, ...]
    failed: tuple[Window, ...]
    searched: float
    expected_missed: float
    missed_at_most: int
    left_out: int


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
    stop: Callable[[], bool] = lambda: False,
) -> Inspection:
    """Look where the drive says until it has had enough, or `stop` says so; then look again,
    wider, at boats that no look saw whole.

    progress is called with "looks" and the share of the scene that was searched. `stop` is
    asked between batches, after the first: looks are made as a whole or not at all. Raises
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

        def examine(batch: Sequence[Look]) -> list[Detections]:
            if detector.wants_batches:
                found = detector.detect(list(pool.map(patch_of, batch)), sea)
            else:
                found = list(pool.map(look_at, batch))
            boats.extend(found)
            looks.extend(batch)
            return found

        least = detector.threshold(scene.grid.gsd_m)
        while not (looks and stop()) and (batch := drive.next_looks(_BATCH)):
            # What is too weak to report is no evidence either: in open sea it is mostly noise.
            drive.update(batch, [part.score[part.score >= least] for part in examine(batch)])
            if progress:
                progress("looks", drive.searched)
        for _ in range(_TIMES_AGAIN):
            windows = _wider(Detections.concatenate(boats), looks, least, scene)
            if stop() or not (again := drive.look_again(windows, REASON)):
                break
            examine(again)
    return Inspection(
        boats=Detections.concatenate(boats),
        looks=tuple(looks),
        failed=tuple(failed),
        searched=drive.searched,
        expected_missed=drive.expected_missed(),
        missed_at_most=drive.expected_missed_upper(),
        left_out=_count_rest(drive) if stop() else 0,
    )


def _wider(boats: Detections, looks: Sequence[Look], least: float, scene: Scene) -> list[Window]:
    """Windows not yet looked at about the boats that are still cut, of those from `least` up."""
    whole = merge(boats[boats.score >= least], looks)
    known = {look.window for look in looks}
    windows = second_windows(whole, (scene.grid.height, scene.grid.width))
    return [window for window in windows if window not in known]


def _count_rest(drive: Drive) -> int:
    """Looks that the drive would still make; it takes them for made."""
    count = 0
    while count < MOST_COUNTED and (batch := drive.next_looks(_BATCH)):
        drive.update(batch, [np.array([look.expected_boats]) for look in batch])
        count += len(batch)
    return min(count, MOST_COUNTED)


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
