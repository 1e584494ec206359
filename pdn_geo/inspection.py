"""The close looks: read each window at full resolution and find boats in it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pdn_geo.cores import cores
from pdn_geo.detections import Detections
from pdn_geo.drive.base import Drive
from pdn_geo.drive.look import Look
from pdn_geo.drive.second_looks import REASON, second_windows
from pdn_geo.engines import PatchDetector
from pdn_geo.examination import Examination
from pdn_geo.geometry import Window
from pdn_geo.merge import merge
from pdn_geo.saliency import SaliencyMap
from pdn_geo.scene import Scene
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
    with ThreadPoolExecutor(threads or cores()) as pool:
        made = Examination(scene, detector, saliency, sea, pool, on_error=on_error, threads=threads)
        least = detector.threshold(scene.grid.gsd_m)
        while not (made.looks and stop()):
            batch, found = made.examine(_one_by_one(drive))
            if not batch:
                break
            # What is too weak to report is no evidence either: in open sea it is mostly noise.
            drive.update(batch, [part.score[part.score >= least] for part in found])
            if progress:
                progress("looks", drive.searched)
        for _ in range(_TIMES_AGAIN):
            windows = _wider(made.all_boats(), made.looks, least, scene)
            if stop() or not (again := drive.look_again(windows, REASON)):
                break
            made.examine(again)
    return Inspection(
        boats=made.all_boats(),
        looks=tuple(made.looks),
        failed=tuple(made.failed),
        searched=drive.searched,
        expected_missed=drive.expected_missed(),
        missed_at_most=drive.expected_missed_upper(),
        left_out=_count_rest(drive) if stop() else 0,
    )


def _one_by_one(drive: Drive) -> Iterator[Look]:
    """A batch, each look as soon as it is chosen."""
    for _ in range(_BATCH):
        chosen = drive.next_looks(1)
        if not chosen:
            return
        yield from chosen


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
