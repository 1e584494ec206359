"""Looks carried out: pixels read, and boats found in them."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from typing import Literal, TypeVar

import numpy as np

from pdn_geo.detections import Detections
from pdn_geo.drive.look import Look
from pdn_geo.engines import Patch, PatchDetector, TakesScenes
from pdn_geo.geometry import Window
from pdn_geo.io import read_salvaging
from pdn_geo.saliency import SaliencyMap
from pdn_geo.scene import Pixels, Scene
from pdn_geo.sea import SeaStatistics

T = TypeVar("T")


class Examination:
    """The looks made so far at a scene, in order, what each held, and what was not decoded.

    pool: where looks are read, and judged one by one by detectors that want them so.
    """

    def __init__(
        self,
        scene: Scene,
        detector: PatchDetector,
        saliency: SaliencyMap,
        sea: SeaStatistics,
        pool: Executor,
        *,
        on_error: Literal["fail", "skip"],
        threads: int | None = None,
    ) -> None:
        self.looks: list[Look] = []
        self.boats: list[Detections] = []
        self.failed: list[Window] = []
        self._scene, self._detector, self._saliency, self._sea = scene, detector, saliency, sea
        self._pool, self._fails = pool, on_error == "fail"
        self._resident = None
        if isinstance(detector, TakesScenes):
            self._resident = detector.resident(scene, saliency, sea, threads=threads)

    def all_boats(self) -> Detections:
        """Of all looks, unmerged."""
        return Detections.concatenate(self.boats)

    def examine(self, coming: Iterable[Look]) -> tuple[list[Look], list[Detections]]:
        """Make these looks; they and what each held. Raises BlockReadError unless `on_error`
        is "skip".
        """
        if self._resident is not None:
            looks = list(coming)
            for look in looks:
                if self._resident.lost_in(look.window):
                    self._read(look)  # raises, or notes what is lost
            found = self._resident.detect(looks)
        elif self._detector.wants_batches:
            looks, patches = _made(self._pool, self._patch, coming)
            found = self._detector.detect(patches, self._sea)
        else:
            looks, found = _made(self._pool, self._look_at, coming)
        self.looks += looks
        self.boats += found
        return looks, found

    def _look_at(self, look: Look) -> Detections:
        return self._detector.detect([self._patch(look)], self._sea)[0]

    def _read(self, look: Look) -> Pixels:
        if self._fails:
            return self._scene.read(look.window)
        pixels, lost = read_salvaging(self._scene, look.window)
        self.failed.extend(lost)
        return pixels

    def _patch(self, look: Look) -> Patch:
        return patch_of(look, self._read(look), self._saliency, self._scene)


def patch_of(look: Look, pixels: Pixels, saliency: SaliencyMap, scene: Scene) -> Patch:
    """The pixels of a look with what the coarse view knows about them."""
    window, cells = look.window, saliency.cells_under(look.window)
    return Patch(
        look=look,
        values=pixels.values,
        valid=pixels.valid & saliency.searchable[cells],
        water=saliency.water[cells].astype(np.float32),
        density=saliency.density(window),
        jacobian=scene.grid.ground_jacobian(
            window.col_off + window.width / 2, window.row_off + window.height / 2
        ),
        band_names=tuple(scene.band_names),
    )


def _made(
    pool: Executor, make: Callable[[Look], T], coming: Iterable[Look]
) -> tuple[list[Look], list[T]]:
    """All looks, and what `make` gives for each; it begins while others are being chosen."""
    looks: list[Look] = []
    work: list[Future[T]] = []
    try:
        for look in coming:
            looks.append(look)
            work.append(pool.submit(make, look))
        return looks, [future.result() for future in work]
    finally:
        for future in work:  # once one has failed, nothing comes of the others
            future.cancel()
