"""Detections with fusion and without, for ablate_drive.py.

Fusion learns from the looks of the default drive at the sites of the other folds and at
simulated seas. Two kinds of teaching: from all that a look's tokens hold, by the network that
is judged later, which has learned from these sites itself; and from scores, sizes and places
alone, each site by the network that has not seen it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import torch
from ablate_controllers import descend, held_out
from ablate_sites import WEIGHTS, Runs, Surveyor
from labelled import Case, real_cases
from numpy.typing import NDArray
from patch_folds import WEIGHTS as FOLDER
from patch_folds import folds_of_sites, record
from real_scenes import DATA
from safetensors.torch import load_file

from pdn_geo.detections import Detections
from pdn_geo.drive.budget import Budget
from pdn_geo.drive.greedy import MARGIN_PX, GreedyDrive
from pdn_geo.drive.tiling import Frame
from pdn_geo.engines.base import Patch
from pdn_geo.engines.network.inputs import network_input
from pdn_geo.evaluation import Evaluation, evaluate, pool
from pdn_geo.grid import PixelGrid
from pdn_geo.io import AnchorReader, plan_anchor
from pdn_geo.merge import merge
from pdn_geo.models.fusion import Fusion
from pdn_geo.models.patch_network import FEATURE_STRIDE, FEATURES, PatchNetwork
from pdn_geo.models.surroundings import Surroundings
from pdn_geo.models.tokens import BOATS, Tokens
from pdn_geo.scene import Scene
from pdn_geo.sea import SeaStatistics
from pdn_geo.survey import opened
from pdn_geo.testing import FakeScene
from pdn_geo.training.boats import Boats
from pdn_geo.training.fusion import Sample, fusion_loss, fusion_sample, joined, look_over
from pdn_geo.training.labels import Labels, read_labels
from pdn_geo.training.simulated import SimulatedSeas

JUDGED = ("naip_coast", "planet_california", "sentinel2_ports", "naip_no_boats")
EMPTY, LIKE_EMPTY = "naip_no_boats", "naip_coast"
SEAS, SEA_PX, SEA_SEED = 6, 1024, 2000
EVERY_EMPTY = 3
"""Of the scenes without boats, one in so many teaches."""
LEAST_SCORE = 0.05
SLIVER_PX = 0.1
DIM, STEPS, SCENES_A_STEP = 64, 200, 3
"""The package's 128 is much for so few scenes."""
KINDS = {"fusion, all tokens": True, "fusion, scores and places": False}


class Seer:
    """A `SeesFeatures`: the patch network that has not seen a fold, and what it saw."""

    wants_batches, stride = False, FEATURE_STRIDE

    def __init__(self, fold: int) -> None:
        self._detector = held_out(fold)
        self.name, self.suits = self._detector.name, self._detector.suits
        self.threshold = self._detector.threshold
        self._network = PatchNetwork(stride=record(WEIGHTS)["stride"])
        self._network.load_state_dict(load_file(FOLDER / f"{WEIGHTS}_fold_{fold}.safetensors"))
        self._network.eval().to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def see(self, patch: Patch, sea: SeaStatistics) -> tuple[Detections, NDArray[np.float32]]:
        channels = network_input(
            patch.values, patch.valid, patch.water, sea.level_at(patch.look.window),
            patch.band_names, patch.gsd_m, sea,
        )  # fmt: skip
        below, beside = (-size % 32 for size in channels.shape[1:])
        padded = np.pad(channels, ((0, 0), (0, below), (0, beside)))[None]
        x = torch.from_numpy(padded).contiguous(memory_format=torch.channels_last)
        features = self._network.features(x)
        maps = self._network.head(features)[0].contiguous().numpy()
        return self._detector.boats(patch, maps), features[0].contiguous().numpy()


class Looked:
    """One scene after its looks by one network. found: per look, best first."""

    def __init__(self, looks: Sequence, found: Sequence[Detections], grid: PixelGrid,
                 sample: Sample) -> None:  # fmt: skip
        self.looks, self.found, self.grid, self.sample = looks, found, grid, sample

    def boats(self, correction: NDArray[np.float32] | None) -> Detections:
        """Merged as a product run merges them. correction: (looks, BOATS) to add to logits."""
        parts = []
        for number, part in enumerate(self.found):
            score = part.score.copy()
            if correction is not None:
                told = np.clip(score[:BOATS], 1e-4, 1 - 1e-4)
                logit = np.log(told / (1 - told)) + correction[number, : len(told)]
                score[:BOATS] = 1 / (1 + np.exp(-logit))
            parts.append(replace(part, score=score))
        boats = Detections.concatenate(parts)
        return merge(boats[boats.score >= LEAST_SCORE], self.looks)


def looked_at(
    scene: Scene, labels: Labels, held: int | None, seer: Seer, runs: Runs
) -> Looked | None:
    """held: of the saliency. None where there was nothing to look at."""
    grid = scene.grid
    plan = plan_anchor(grid, bands=len(scene.band_names))
    known, sea, features = Surveyor(held, runs).survey(
        AnchorReader(scene, plan, threads=1), grid, plan.stride, scene.band_names
    )
    drive = GreedyDrive(known, (grid.height, grid.width), Budget())
    looks, recorder = look_over(scene, drive, seer, known, sea)
    if not looks:
        return None
    frame = Frame(height=grid.height, width=grid.width, stride=plan.stride, margin=MARGIN_PX)
    sample = fusion_sample(
        looks, recorder, torch.from_numpy(features.astype(np.float32)), known, labels.boats,
        labels.ignore, frame=frame, gsd_m=grid.gsd_m,
    )  # fmt: skip
    return Looked(looks, [recorder.found[look.order] for look in looks], grid, sample)


def sized(labels: Labels) -> Labels:
    """Boats labelled without a beam are slivers here: there is no outline of unknown size."""
    boats = labels.boats
    length, width = (np.nan_to_num(side, nan=SLIVER_PX) for side in (boats.length, boats.width))
    angle = np.nan_to_num(boats.angle)
    return replace(labels, boats=replace(boats, length=length, width=width, angle=angle))


def of_case(case: Case, network: int, seer: Seer, runs: Runs) -> Looked | None:
    def make() -> Looked | None:
        with opened(case.path, bands=case.bands, gsd_m=case.gsd_m) as scene:
            labels = Labels(Boats.empty(), ())
            if case.labels is not None:
                labels = sized(read_labels(case.labels, case.path, scene.grid))
            return looked_at(scene, labels, folds_of_sites(WEIGHTS)[case.site], seer, runs)

    return runs.kept(f"fusion/network {network}/{case.collection} {case.name}", make)


def of_sea(number: int, network: int, seer: Seer, runs: Runs) -> Looked | None:
    def make() -> Looked | None:
        drawn = SimulatedSeas(runs.folder / "seas", SEAS, SEA_PX, SEA_SEED).scene(number)
        grid = PixelGrid(height=SEA_PX, width=SEA_PX, assumed_gsd_m=drawn.gsd_m)
        scene = FakeScene(drawn.values, grid=grid, band_names=drawn.band_names, name=drawn.name)
        return looked_at(scene, Labels(drawn.boats, ()), None, seer, runs)

    return runs.kept(f"fusion/network {network}/sea {number}", make)


def bare(sample: Sample) -> Sample:
    """Networks of different folds have different features."""
    cut = {name: sample[name].copy() for name in ("Tokens.boats", "Tokens.summary")}
    for values in cut.values():
        values[..., :FEATURES] = 0
    return sample | cut


def fitted(samples: Sequence[Sample]) -> Fusion:
    torch.manual_seed(0)
    network = Fusion(FEATURES, samples[0]["Surroundings.features"].shape[-1], dim=DIM)

    def loss(rng: np.random.Generator) -> torch.Tensor:
        batch = joined([samples[i] for i in rng.integers(len(samples), size=SCENES_A_STEP)])
        return torch.stack(list(fusion_loss(network, _tensors(batch)).values())).sum()

    descend(network, loss, STEPS)
    return network


@torch.inference_mode()
def correction(network: Fusion, sample: Sample) -> NDArray[np.float32]:
    batch = _tensors(sample)
    around = Surroundings.from_named(batch)
    return network(Tokens.from_named(batch), batch["near"], batch["is_near"], around).boats.numpy()


def _tensors(sample: Sample) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.asarray(array)) for name, array in sample.items()}


def judged(case: Case, looked: Looked | None, by: NDArray[np.float32] | None) -> Evaluation:
    boats = Detections.empty() if looked is None else looked.boats(by)
    return evaluate(
        boats, case.labels, scene=looked.grid if looked else case.path,
        looks=[look.window for look in looked.looks] if looked else [],
        gsd_m=case.gsd_m, site=case.site,
    )  # fmt: skip


def taught(
    fold: int, cases: Sequence[Case], seers: dict[int, Seer], runs: Runs, whole: bool
) -> Fusion:
    """By the other folds' sites; `whole`: with features, which are this fold's network's."""
    fold_of = folds_of_sites(WEIGHTS)
    empty = [case for case in cases if case.collection == EMPTY]
    left_out = [case for number, case in enumerate(empty) if number % EVERY_EMPTY]
    samples = []
    for case in cases:
        if fold_of[case.site] != fold and case not in left_out:
            network = fold if whole else fold_of[case.site]
            samples.append(of_case(case, network, seers[network], runs))
    samples += [of_sea(number, fold, seers[fold], runs) for number in range(SEAS)]
    seen = [one.sample for one in samples if one is not None]
    return fitted(seen if whole else [bare(sample) for sample in seen])


def results(runs: Runs) -> dict[str, dict[str, Evaluation]]:
    """By row, then collection."""
    cases = [case for case in real_cases(DATA) if case.collection in JUDGED]
    fold_of = folds_of_sites(WEIGHTS)
    folds = sorted({fold_of[case.site] for case in cases})
    seers = {fold: Seer(fold) for fold in folds}
    found: dict[str, dict[str, list[Evaluation]]] = {}
    for fold, (row, whole) in product(folds, {"without": None, **KINDS}.items()):
        network = None
        if whole is not None:
            network = runs.kept(
                f"{row}, fold {fold}", lambda f=fold, w=whole: taught(f, cases, seers, runs, w)
            )
        for case in cases:
            if fold_of[case.site] == fold:
                looked = of_case(case, fold, seers[fold], runs)
                by = None
                if network is not None and looked is not None:
                    by = correction(network, looked.sample if whole else bare(looked.sample))
                parts = found.setdefault(row, {}).setdefault(case.collection, [])
                parts.append(judged(case, looked, by))
        print(f"fusion: fold {fold}, {row}", flush=True)
    return {row: {name: pool(parts) for name, parts in by.items()} for row, by in found.items()}


def section(runs: Runs) -> Iterator[str]:
    """For the page."""
    found = results(runs)
    with_boats = [name for name in JUDGED if name != EMPTY]
    first = next(iter(found.values()))
    heads = [f"{name} ({first[name].labelled} boats): AP" for name in with_boats]
    yield (
        "| | " + " | ".join(f"{head} | best F1" for head in heads) + f" | false alarms on {EMPTY} |"
    )
    yield "|---" + "|--:" * (2 * len(heads) + 1) + "|"
    for row, by in found.items():
        cells = []
        for name in with_boats:
            low, high = by[name].intervals()["average_precision"]
            cells.append(f"{by[name].rates.average_precision:.3f} ({low:.2f}–{high:.2f})")
            cells.append(f"{best_f1(by[name])[0]:.3f}")
        alarms = by[EMPTY].alarms.score >= best_f1(by[LIKE_EMPTY])[1]
        yield f"| {row} | " + " | ".join([*cells, str(int(alarms.sum()))]) + " |"
    yield ""
    yield verdict(found, with_boats)


def best_f1(whole: Evaluation) -> tuple[float, float]:
    """And the score where it is."""
    curve = whole.curve
    f1 = 2 * curve.precision * curve.recall / np.maximum(curve.precision + curve.recall, 1e-9)
    return float(f1.max()), float(curve.threshold[f1.argmax()])


def verdict(found: dict[str, dict[str, Evaluation]], names: Sequence[str]) -> str:
    """Default only where it helps everywhere, and beyond the noise of the sites somewhere."""
    plain = found["without"]
    ap = {row: [by[name].rates.average_precision for name in names] for row, by in found.items()}
    best = max(KINDS, key=lambda row: sum(ap[row]))
    gains = [new - old for new, old in zip(ap[best], ap["without"], strict=True)]
    sure = any(
        new > plain[name].intervals()["average_precision"][1]
        for new, name in zip(ap[best], names, strict=True)
    )
    text = ", ".join(f"{gain:+.3f} on {name}" for gain, name in zip(gains, names, strict=True))
    return f"The better kind, *{best}*, changes AP by {text}. " + (
        "It is beyond the interval of the plain scores somewhere and worse nowhere."
        if sure and min(gains) >= 0
        else "That is within what the sites' intervals allow, or a loss: detections stay as the "
        "patch network scores them, and fusion an option."
    )
