"""What tells the drive of ablate_drive.py where the rest lies: made by hand, and learnt."""

import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import torch
from ablate_sites import SIDE, WEIGHTS, Place, Runs, store
from numpy.typing import NDArray
from patch_folds import held_out_detector

from pdn_geo.drive.budget import Budget
from pdn_geo.drive.greedy import ROUND, GreedyDrive
from pdn_geo.drive.look import Look
from pdn_geo.engines.base import PatchDetector
from pdn_geo.examination import patch_of
from pdn_geo.geometry import Window
from pdn_geo.models.drive_lstm import BLOCK_PX, DriveLSTM, LSTMController
from pdn_geo.models.tokens import TOTALS
from pdn_geo.training.drive import LOSSES, PICKS, drive_loss, drive_sample
from pdn_geo.training.schedule import learning_rate

SHAPE = (SIDE, SIDE)
PRIORS, REACHES_M = (0.5, 1.0, 2.0, 4.0, 8.0), (100.0, 200.0, 400.0, 800.0, 1600.0)
INPUTS, STATE = 64, 32
"""Of the LSTM here: the package's 512 and 256 are too many for a few dozen runs."""
STEPS, RATE, RUNS_A_STEP = 150, 2e-3, 4

Floats = NDArray[np.floating]
Told = Callable[[Look], Floats]
Lesson = tuple[Place, list[Look], list[Floats]]
"""A run of the greedy drive over a part of a place, and what each look reported."""


class Eye:
    """What the patch network that has not seen a place reports in a look: scores (N,) from its
    threshold up. Asked once for each window, and kept by `save`.
    """

    def __init__(self, place: Place, runs: Runs) -> None:
        self._place, self._scene = place, runs.scene_of(place)
        self._path = runs.folder / "reports" / f"{place.name}.pickle"
        self._known = pickle.loads(self._path.read_bytes()) if self._path.exists() else {}
        self._detector = held_out(place.fold)

    def __call__(self, look: Look) -> NDArray[np.float64]:
        if look.window not in self._known:
            pixels = self._scene.read(look.window)
            patch = patch_of(look, pixels, self._place.saliency, self._scene)
            (found,) = self._detector.detect([patch], self._place.sea)
            least = self._detector.threshold(self._place.gsd_m)
            self._known[look.window] = found.score[found.score >= least]
        return self._known[look.window]

    def save(self) -> None:
        store(self._path, self._known)


def held_out(fold: int | None) -> PatchDetector:
    """The patch network that has not seen a fold; any one for a sea."""
    return held_out_detector(WEIGHTS, fold or 0)


class Tally:
    """What the map expects in the cells that a look is the first to see whole: a recurrent
    drive's own looks say what the re-weighted map does.
    """

    def __init__(self, place: Place) -> None:
        self._rest, self._frame = place.hopes, place.frame

    def expected(self, look: Look) -> float:
        region = self._rest[self._frame.seen_whole(look.window)]
        hoped = float(region.sum(dtype=np.float64))
        region[:] = 0
        return hoped


class Local:
    """A `Controller` made by hand: boats cluster. A cell's ratio is (prior + boats found
    nearby) / (prior + boats expected nearby), by a Gaussian over the looks made. Expectations
    are scaled to what was found in all: among whitecaps everywhere is not more than elsewhere.
    """

    def __init__(self, prior: float, reach_m: float, place: Place) -> None:
        self._prior, self._tally = prior, Tally(place)
        self._reach_px = reach_m / place.gsd_m
        self._cells = BLOCK_PX // place.saliency.stride
        self._made: list[tuple[float, float, float, float]] = []

    def __call__(self, looks: Sequence[Look], scores: Sequence[Floats]) -> Floats:
        for look, found in zip(looks, scores, strict=True):
            window, hoped = look.window, self._tally.expected(look)
            x, y = window.col_off + window.width / 2, window.row_off + window.height / 2
            self._made.append((x, y, float(found.sum()), hoped))
        x, y, found, hoped = np.array(self._made).T
        hoped = hoped * (1 + found.sum()) / (1 + hoped.sum())
        middles = (np.arange(SIDE // BLOCK_PX) + 0.5) * BLOCK_PX
        down, across = (
            np.exp(-((middles[:, None] - at) ** 2) / (2 * self._reach_px**2)) for at in (y, x)
        )
        near_found, near_hoped = ((down * worth) @ across.T for worth in (found, hoped))
        said = np.log((self._prior + near_found) / (self._prior + near_hoped))
        return said.repeat(self._cells, 0).repeat(self._cells, 1)


class Learnt:
    """A `Controller`: the LSTM, told what each look found and was expected to."""

    def __init__(self, network: DriveLSTM, place: Place) -> None:
        features = torch.from_numpy(place.features.astype(np.float32))
        self._inner = LSTMController(network, features, place.saliency.stride)
        self._tally = Tally(place)

    def __call__(self, looks: Sequence[Look], scores: Sequence[Floats]) -> Floats:
        for look, found in zip(looks, scores, strict=True):
            self._inner.tell(look.order, _totals(found, self._tally.expected(look)))
        return self._inner(looks, scores)


def _totals(found: Floats, hoped: float) -> torch.Tensor:
    return torch.tensor(np.log1p([found.sum(), hoped]), dtype=torch.float32)


def run(drive: GreedyDrive, told: Told) -> tuple[list[Look], list[Floats]]:
    """A whole run: the looks, and what the drive heard of them."""
    looks: list[Look] = []
    heard: list[Floats] = []
    while more := drive.next_looks(ROUND):
        heard += [told(look) for look in more]
        looks += more
        drive.update(more, heard[-len(more) :])
    return looks, heard


def lessons(place: Place, runs: Runs) -> list[Lesson]:
    """Of the whole place at 32 patches, and of its quarters at 8."""
    eye, half = Eye(place, runs), SIDE // 2
    parts = [(32, Window(col_off=0, row_off=0, width=SIDE, height=SIDE))]
    for col, row in product((0, half), (0, half)):
        parts.append((8, Window(col_off=col, row_off=row, width=half, height=half)))
    made = []
    for patches, window in parts:
        inside = np.zeros_like(place.saliency.searchable)
        inside[place.frame.touched(window)] = True
        known = replace(place.saliency, searchable=place.saliency.searchable & inside)
        part = replace(place, saliency=known)
        made.append((part, *run(GreedyDrive(known, SHAPE, Budget(patches=patches)), eye)))
    eye.save()
    return made


def sample_of(lesson: Lesson) -> dict[str, torch.Tensor]:
    """What the LSTM learns from."""
    place, looks, scores = lesson
    tally = Tally(place)
    told = [_totals(found, tally.expected(look)) for look, found in zip(looks, scores, strict=True)]
    features = torch.from_numpy(place.features.astype(np.float32))
    arrays = drive_sample(looks, torch.stack(told), features, place.hopes, *place.boats.T,
                          place.frame)  # fmt: skip
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def share_seen(constants: tuple[float, float], lesson: Lesson, batch: dict) -> list[float]:
    """Of the boats that the best PICKS blocks hold after each round, those in the blocks that
    the hand-made controller would pick.
    """
    place, looks, scores = lesson
    controller = Local(*constants, place)
    cells = BLOCK_PX // place.saliency.stride
    hopes = place.hopes.reshape(SIDE // BLOCK_PX, cells, -1, cells).sum((1, 3))
    shares = []
    for at, (hoped, boats) in enumerate(zip(batch["expected"][0], batch["boats"][0], strict=True)):
        these = slice(at * ROUND, (at + 1) * ROUND)
        said = np.exp(controller(looks[these], scores[these])[::cells, ::cells][hopes > 0])
        boats = boats.numpy() * (hoped.numpy() > 0)
        best = np.sort(boats)[-PICKS:].sum()
        if best:
            shares.append(float(boats[np.argsort(-hoped.numpy() * said)[:PICKS]].sum() / best))
    return shares


def best_constants(taught: Sequence[tuple[Lesson, dict]]) -> tuple[float, float]:
    """Prior in boats and reach in metres."""

    def worth(constants: tuple[float, float]) -> float:
        return np.mean(
            [x for lesson, batch in taught for x in share_seen(constants, lesson, batch)]
        )

    return max(product(PRIORS, REACHES_M), key=worth)


def fitted(objective: str, batches: Sequence[dict[str, torch.Tensor]]) -> DriveLSTM:
    torch.manual_seed(0)
    features = batches[0]["cells"].shape[-1]
    network = DriveLSTM(TOTALS + features, features, inputs=INPUTS, state=STATE)

    def loss(rng: np.random.Generator) -> torch.Tensor:
        chosen = [batches[i] for i in rng.integers(len(batches), size=RUNS_A_STEP)]
        return sum(drive_loss(network, one, objective)[objective] for one in chosen) / len(chosen)

    descend(network, loss, STEPS)
    return network


def descend(
    network: torch.nn.Module, loss: Callable[[np.random.Generator], torch.Tensor], steps: int
) -> None:
    """Fit a network in place, for evaluation."""
    rng = np.random.default_rng(0)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.05)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps=steps, peak=RATE, warm_up=0.05)
        optimizer.zero_grad()
        loss(rng).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    network.eval()


def controllers(runs: Runs, folds: Sequence[int]) -> dict[int, dict]:
    """Of each fold, from the other folds' mosaics and from seas: "local", its constants, and an
    LSTM for each objective.
    """

    def learn() -> dict[int, dict]:
        taught = [
            (place.fold, lesson, sample_of(lesson))
            for place in runs.places(training=True)
            for lesson in lessons(place, runs)
        ]
        made = {}
        for fold in folds:
            others = [(lesson, batch) for held, lesson, batch in taught if held != fold]
            batches = [batch for _, batch in others if batch["boats"].numel()]
            made[fold] = {"local": best_constants(others)}
            made[fold] |= {name: fitted(name, batches) for name in LOSSES}
            print(f"fold {fold}: prior and reach {made[fold]['local']}", flush=True)
        return made

    return runs.kept("controllers", learn)
