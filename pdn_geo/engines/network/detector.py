"""`--model network`: boats by a trained network, patch by patch."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pdn_geo.detections import Detections
from pdn_geo.engines.base import LookDetector, Patch
from pdn_geo.engines.network.card import ModelCard
from pdn_geo.engines.network.inputs import network_input
from pdn_geo.engines.network.maps import decode
from pdn_geo.saliency import SaliencyMap
from pdn_geo.scene import Scene
from pdn_geo.sea import SeaStatistics

Tensor = NDArray[np.float32]

MIN_SCORE = 0.05
"""Probability below which a peak is not worth reporting."""

_MULTIPLE = 32
"""Sides of what the network takes are multiples of its coarsest stride."""

_EDGE_PX = 1.0
"""A hull that comes this close to the look's edge may go on beyond it."""


class Runner(Protocol):
    """Runs a patch network, whatever with. Safe to call from many threads at once."""

    @property
    def batch_size(self) -> int:
        """Patches best run together; 1 where threads do as well."""

    def run(self, patches: Tensor) -> Tensor:
        """(B, 9, H, W), sides multiples of 32, to raw maps (B, 10, H / stride, W / stride)."""


class NetworkDetector:
    """Finds boats with a network. A `PatchDetector`; holds no state of a scene.

    runner: the network. card: what its weights are. min_score: detections below it are
    left out.
    """

    def __init__(self, runner: Runner, card: ModelCard, *, min_score: float = MIN_SCORE) -> None:
        self._runner = runner
        self._card = card
        self._min_score = min_score

    @property
    def card(self) -> ModelCard:
        return self._card

    @property
    def name(self) -> str:
        return self._card.title

    def threshold(self, gsd_m: float) -> float:
        return self._card.threshold_at(gsd_m)

    @property
    def wants_batches(self) -> bool:
        return self._runner.batch_size > 1

    def suits(self, band_names: Sequence[str]) -> str:
        missing = [band for band in self._card.bands if band not in band_names]
        if not missing:
            return ""
        return (
            f"{self.name} needs the bands {', '.join(self._card.bands)}, "
            f"and the scene has {', '.join(band_names)}"
        )

    def detect(self, patches: Sequence[Patch], sea: SeaStatistics) -> list[Detections]:
        """One Detections a patch, best first, in scene pixels."""
        inputs = [_padded(_input(patch, sea)) for patch in patches]
        found = [Detections.empty()] * len(patches)
        for batch in _batches([x.shape for x in inputs], self._runner.batch_size):
            alone = len(batch) == 1
            together = inputs[batch[0]][None] if alone else np.stack([inputs[i] for i in batch])
            maps = self._runner.run(together)
            for index, drawn in zip(batch, maps, strict=True):
                found[index] = self.boats(patches[index], drawn)
        return found

    def resident(
        self, scene: Scene, saliency: SaliencyMap, sea: SeaStatistics, *, threads: int | None
    ) -> LookDetector | None:
        """The same detector with a scene on its GPU; None without a GPU that has room for it."""
        if not self.wants_batches:  # ONNX Runtime's: PyTorch need not even be installed
            return None
        from pdn_geo.engines.network.resident_detector import resident_detector

        return resident_detector(
            self._runner, self.boats, scene, saliency, sea,
            stride=self._card.stride, threads=threads,
        )  # fmt: skip

    def boats(self, patch: Patch, maps: Tensor) -> Detections:
        """What the raw maps of a patch show, in scene pixels."""
        window, card = patch.look.window, self._card
        found = decode(
            maps,
            stride=card.stride,
            law=card.score,
            gsd_m=patch.gsd_m,
            water=patch.water,
            density=patch.density,
            min_score=self._min_score,
        )
        found = found[_on_valid_pixels(found, patch.valid)]
        found = replace(
            found,
            cut=_touches_edge(found, window.width, window.height),
            look=np.full(len(found), patch.look.order),
        )
        return found.shifted(window.col_off, window.row_off)


def _input(patch: Patch, sea: SeaStatistics) -> Tensor:
    return network_input(
        patch.values, patch.valid, patch.water, sea.level_at(patch.look.window),
        patch.band_names, patch.gsd_m, sea,
    )  # fmt: skip


def _padded(channels: Tensor) -> Tensor:
    """Invalid pixels, which are 0 in every channel, added right and below."""
    _, rows, cols = channels.shape
    below, right = -rows % _MULTIPLE, -cols % _MULTIPLE
    if below == right == 0:  # most looks: no copy
        return channels
    return np.pad(channels, ((0, 0), (0, below), (0, right)))


def _batches(shapes: Sequence[tuple[int, ...]], size: int) -> list[list[int]]:
    """Indices of arrays of one shape, at most `size` together."""
    alike: dict[tuple[int, ...], list[int]] = {}
    for index, shape in enumerate(shapes):
        alike.setdefault(shape, []).append(index)
    return [
        group[start : start + size]
        for group in alike.values()
        for start in range(0, len(group), size)
    ]


def _on_valid_pixels(found: Detections, valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which centres lie in the patch and where there are data, (N,)."""
    rows, cols = valid.shape
    row, col = np.floor(found.y).astype(int), np.floor(found.x).astype(int)
    inside = (row >= 0) & (row < rows) & (col >= 0) & (col < cols)
    inside[inside] = valid[row[inside], col[inside]]
    return inside


def _touches_edge(found: Detections, width: int, height: int) -> NDArray[np.bool_]:
    corners = found.corners()
    size = np.array([width, height])
    return np.asarray(((corners < _EDGE_PX) | (corners > size - _EDGE_PX)).any(axis=(1, 2)))
