"""Teaching fusion on the selector's own looks: what it saw there, and what was true."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import shapely
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pdn_geo.detections import Detections
from pdn_geo.drive.base import Drive
from pdn_geo.drive.look import Look
from pdn_geo.drive.oracle import boats_per_cell
from pdn_geo.drive.tiling import Frame
from pdn_geo.engines import Patch, PatchDetector
from pdn_geo.engines.network.inputs import UNKNOWN_GSD_M
from pdn_geo.evaluation import Hulls, Truth, match_detections
from pdn_geo.evaluation.plane import TOLERANCE_M, TOLERANCE_PX
from pdn_geo.geometry import Window, oriented_polygons
from pdn_geo.inspection import inspect
from pdn_geo.models.neighbours import ground_neighbours
from pdn_geo.models.surroundings import Surroundings, block_grid, block_sums, surroundings
from pdn_geo.models.tokens import MEASURES, Tokens, look_tokens
from pdn_geo.saliency import SaliencyMap
from pdn_geo.scene import Scene
from pdn_geo.sea import SeaStatistics
from pdn_geo.training.boats import Boats

Sample = dict[str, NDArray[Any]]
"""What `Fusion` takes of one scene, as arrays whose first axis is the look: the fields of
Tokens and Surroundings by name, near and is_near (K, n), with the truth: hit, taught (K, N),
whether each boat's token is a boat and whether labels can say; expected, boats (K, S), in the
cells of each block that no look has seen whole."""

REACH_M = 3000.0
"""Looks farther apart than this are no neighbours."""

_POSTERIOR, _LEVEL = 0.3, 0.1
_LOGIT_AT = -MEASURES


class SeesFeatures(PatchDetector, Protocol):
    """A patch detector that shows what it saw."""

    @property
    def stride(self) -> int:
        """Scene pixels per feature."""

    def see(self, patch: Patch, sea: SeaStatistics) -> tuple[Detections, NDArray[np.float32]]:
        """Boats in scene pixels, best first, and features (F, rows, cols) over the patch."""


class Recorder:
    """A `PatchDetector` that keeps the tokens and boats of each look, by its order.

    gsd_m: of the scene, one for all looks, so that their places fit together.
    """

    def __init__(self, detector: SeesFeatures, gsd_m: float) -> None:
        self.name, self.threshold = detector.name, detector.threshold
        self.wants_batches, self.suits = detector.wants_batches, detector.suits
        self.tokens: dict[int, Tokens] = {}
        self.found: dict[int, Detections] = {}
        self._detector = detector
        self._gsd_m = gsd_m

    def detect(self, patches: Sequence[Patch], sea: SeaStatistics) -> list[Detections]:
        """One Detections a patch, in scene pixels."""
        return [self._detect(patch, sea) for patch in patches]

    def _detect(self, patch: Patch, sea: SeaStatistics) -> Detections:
        found, features = self._detector.see(patch, sea)
        self.found[patch.look.order] = found
        self.tokens[patch.look.order] = look_tokens(
            patch.look, found, features, stride=self._detector.stride, gsd_m=self._gsd_m
        )
        return found


def look_over(
    scene: Scene,
    drive: Drive,
    detector: SeesFeatures,
    saliency: SaliencyMap,
    sea: SeaStatistics,
) -> tuple[tuple[Look, ...], Recorder]:
    """Run the looks as a product run does, and keep what they saw. Raises BlockReadError."""
    recorder = Recorder(detector, scene.grid.gsd_m)
    looks = inspect(scene, drive, recorder, saliency, sea).looks
    return looks, recorder


def fusion_sample(
    looks: Sequence[Look],
    recorder: Recorder,
    features: Tensor,
    saliency: SaliencyMap,
    boats: Boats,
    ignore: Sequence[shapely.Geometry],
    *,
    frame: Frame,
    gsd_m: float,
) -> Sample:
    """What fusion would see after these looks (the first of a run, at least one), and the truth.

    features: (G, h, w) of the global stream. boats, ignore: in scene pixels. gsd_m: NaN if
    unknown.
    """
    windows = [look.window for look in looks]
    tokens = Tokens.concatenate([recorder.tokens[look.order] for look in looks])
    scale = gsd_m if np.isfinite(gsd_m) else UNKNOWN_GSD_M
    around = surroundings(features, windows, stride=frame.stride, gsd_m=scale)
    near, is_near = ground_neighbours(tokens.place[:, 0].numpy(), reach=REACH_M)
    hit, taught = _judged([recorder.found[look.order] for look in looks], boats, ignore, scale)
    width = tokens.boats.shape[1]
    left = _left(windows, saliency, boats, frame)
    sums = block_sums(torch.from_numpy(left), block_grid(windows, frame.stride))
    arrays = {name: tensor.numpy() for name, tensor in {**tokens.named(), **around.named()}.items()}
    return arrays | {
        "near": near,
        "is_near": is_near,
        "hit": _padded(hit, width),
        "taught": _padded(taught, width),
        "expected": sums[..., 0].numpy(),
        "boats": sums[..., 1].numpy(),
    }


def _judged(
    found: Sequence[Detections], boats: Boats, ignore: Sequence[shapely.Geometry], gsd_m: float
) -> tuple[list[NDArray[np.bool_]], list[NDArray[np.bool_]]]:
    """Whether each detection is a hit, and whether labels can say, look by look: a boat that
    two looks see is a hit in both.
    """
    shapes = np.asarray(shapely.points(boats.x, boats.y), dtype=object)
    sized = np.isfinite(boats.length + boats.width + boats.angle)
    known = boats[sized]
    shapes[sized] = oriented_polygons(known.x, known.y, known.length, known.width, known.angle)
    areas = np.array([*ignore, None], dtype=object)[:-1]
    truth = Truth(Hulls.measure(shapes[boats.counts]), Hulls.measure(shapes[~boats.counts]), areas)
    tolerance = max(TOLERANCE_PX, TOLERANCE_M / gsd_m)
    matches = [match_detections(part.x, part.y, part.score, truth, tolerance) for part in found]
    return [match.boat >= 0 for match in matches], [~match.ignored for match in matches]


def _left(
    windows: Sequence[Window], saliency: SaliencyMap, boats: Boats, frame: Frame
) -> NDArray[np.float32]:
    """Expected and true boats per cell, (2, h, w), where no look has seen them whole."""
    real, expected = boats[boats.counts], saliency.expected_boats
    left = np.stack([expected, boats_per_cell(real.x, real.y, expected.shape, frame.stride)])
    for window in windows:
        left[:, *frame.seen_whole(window)] = 0
    return left


def _padded(rows: Sequence[NDArray[np.bool_]], width: int) -> NDArray[np.bool_]:
    table = np.zeros((len(rows), width), bool)
    for row, values in zip(table, rows, strict=True):
        row[: len(values)] = values[:width]
    return table


def cached(path: Path, make: Callable[[], Sample]) -> Sample:
    """The sample stored at `path` (.npz), made and stored first if there is none."""
    if not path.exists():
        aside = path.with_suffix(".part.npz")
        arrays: dict[str, Any] = make()
        np.savez(aside, **arrays)
        aside.replace(path)
    with np.load(path) as stored:
        return dict(stored)


@dataclass(frozen=True)
class FusionBatches:
    """Stored samples, several scenes a step, as a pure function of the step."""

    paths: Sequence[Path]
    scenes: int
    seed: int

    def __call__(self, step: int) -> Sample:
        chosen = np.random.default_rng([self.seed, step]).choice(len(self.paths), self.scenes)
        return joined([dict(np.load(self.paths[index])) for index in chosen])


def joined(samples: Sequence[Sample]) -> Sample:
    """Several scenes as one batch, their looks one after the other."""
    starts = np.cumsum([0, *(len(sample["near"]) for sample in samples[:-1])])
    batch = {name: np.concatenate([s[name] for s in samples]) for name in samples[0]}
    shifted = [s["near"] + start for s, start in zip(samples, starts, strict=True)]
    return batch | {"near": np.concatenate(shifted)}


def fusion_loss(network: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Parts of the loss of a `Fusion`: hit, cross-entropy of the corrected logits; level, how
    far their sum is from the number of hits; posterior, of the boats left around each look.
    """
    tokens, around = Tokens.from_named(batch), Surroundings.from_named(batch)
    fused = network(tokens, batch["near"], batch["is_near"], around)
    logit = (tokens.boats[..., _LOGIT_AT] + fused.boats).float()
    hit = batch["hit"].float()
    taught = (batch["taught"] & tokens.real[:, 1:]).float()
    wrong = functional.binary_cross_entropy_with_logits(logit, hit, taught, reduction="sum")
    boats, said = (hit * taught).sum(), (logit.sigmoid() * taught).sum()
    return {
        "hit": wrong / taught.sum().clamp(min=1),
        "level": _LEVEL * (torch.log1p(said) - torch.log1p(boats)).square(),
        "posterior": _POSTERIOR * _poisson(fused.log_ratio.float(), batch),
    }


def _poisson(log_ratio: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
    """Negative log-likelihood per look of the boats left, less that of the map as it is."""
    expected, boats = batch["expected"], batch["boats"]
    gain = boats * log_ratio - expected * torch.expm1(log_ratio)
    return -torch.where(expected > 0, gain, 0.0).sum() / max(1, len(expected))
