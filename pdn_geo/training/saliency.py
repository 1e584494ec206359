"""Training the global stream on where boats were: an oracle mask over anchors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from pdn_geo.models.global_stream import GlobalStream
from pdn_geo.saliency.planes import BANDS, CHANNELS
from pdn_geo.training.anchors import AnchorExample
from pdn_geo.training.ema import Ema
from pdn_geo.training.schedule import learning_rate

# A small look (128 px) shows 12 cells of 8 px whole.
_LOOK_CELLS = 12
# What a cell next to a boat's is worth as "boat": centres on a cell's edge are not told apart.
_NEXT_TO_BOAT = 0.3
# Share of crops that are shown without near infrared and with a blurred idea of water.
_NO_NIR = 0.5
_UNSURE_WATER = 0.2
_GAIN = 0.2
# Half of the crops are about a boat, where there is one, and weigh the less for it.
_ABOUT_BOAT = 0.5
# Features and heads are one linear law, the sum of 256 products, each of which takes a step.
_HEAD_RATE = 0.2
LOSS_WEIGHTS = {"expected": 1.0, "objectness": 0.3, "priority": 0.01, "water": 0.003}


@dataclass(frozen=True, slots=True, kw_only=True)
class SaliencyTraining:
    """How to train. crop: cells a side. shares: how often a group of examples is drawn,
    relative to 1 for a group that is not named.
    """

    steps: int = 400
    batch: int = 16
    crop: int = 64
    peak: float = 2e-3
    weight_decay: float = 0.02
    seed: int = 0
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Crops:
    """Tensors of one batch: planes (B, C, n, n), the others (B, n, n). known: how much a
    cell counts, 0 where the labels cannot say.
    """

    planes: Tensor
    boats: Tensor
    known: Tensor
    water: Tensor


def train_saliency(
    network: GlobalStream,
    examples: Sequence[AnchorExample],
    training: SaliencyTraining,
    *,
    progress: Callable[[int, dict[str, float]], None] | None = None,
) -> GlobalStream:
    """Fit `network` in place; it ends with its averaged weights, in evaluation mode.

    Deterministic by the seed on one thread. `progress` hears of every step and its losses.
    """
    rng = np.random.default_rng(training.seed)
    draw = _Drawer(examples, training, rng)
    heads = [*network.project.parameters(), *network.heads.parameters()]
    among = {id(parameter) for parameter in heads}
    others = [p for p in network.parameters() if id(p) not in among]
    optimizer = torch.optim.AdamW(
        [{"params": others, "share": 1.0}, {"params": heads, "share": _HEAD_RATE}],
        lr=training.peak, weight_decay=training.weight_decay,
    )  # fmt: skip
    average = Ema(network, 0.99)
    network.train()
    for step in range(training.steps):
        rate = learning_rate(step, steps=training.steps, peak=training.peak, warm_up=0.05)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["share"]
        crops = draw.batch()
        parts = losses(network.judge(crops.planes), crops)
        loss = torch.stack([LOSS_WEIGHTS[name] * part for name, part in parts.items()]).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        average.update(network, step)
        if progress is not None:
            progress(step, {name: float(part.detach()) for name, part in parts.items()})
    network.load_state_dict(average.values)
    return network.eval()


def losses(heads: Mapping[str, Tensor], crops: Crops) -> dict[str, Tensor]:
    """Scalars by head, means over the known cells times 1000.

    expected and priority: negative log likelihood of Poisson counts, so that sums over
    cells are right on average. objectness: binary cross-entropy.
    """
    known = crops.known
    scale = 1000 / known.sum().clamp(min=1)
    # Gaussian in shape, one cell wide: a centre near a cell's edge belongs to both.
    near = functional.max_pool2d(crops.boats[:, None], 3, 1, 1)[:, 0].clamp(max=1)
    wanted = torch.maximum(crops.boats.clamp(max=1), _NEXT_TO_BOAT * near)
    area = _LOOK_CELLS + 1
    worth = functional.avg_pool2d(crops.boats[:, None], area, 1, area // 2)[:, 0] * area**2

    def poisson(log_rate: Tensor, count: Tensor) -> Tensor:
        # Straight beyond e times what is there: one wild cell must not rule a step, and still it
        # rises, or crowds would be worth ever more.
        knee = torch.log(count.clamp(min=1)) + 1
        beyond = torch.exp(knee) * (1 + log_rate - knee)
        rate = torch.where(log_rate < knee, torch.exp(torch.minimum(log_rate, knee)), beyond)
        return ((rate - count * log_rate) * known).sum() * scale

    def binary(logit: Tensor, target: Tensor) -> Tensor:
        entropy = functional.binary_cross_entropy_with_logits(logit, target, reduction="none")
        return (entropy * known).sum() * scale

    return {
        "expected": poisson(heads["expected"], crops.boats),
        "objectness": binary(heads["objectness"], wanted),
        "priority": poisson(heads["priority"], worth),
        "water": binary(heads["water"], crops.water),
    }


class _Drawer:
    """Random crops, turned and mirrored."""

    def __init__(
        self,
        examples: Sequence[AnchorExample],
        training: SaliencyTraining,
        rng: np.random.Generator,
    ) -> None:
        groups = sorted({example.group for example in examples})
        self._examples = {
            g: [(e, np.argwhere(e.boats)) for e in examples if e.group == g] for g in groups
        }
        # Within a group a scene is drawn as often as it has cells, within limits.
        self._odds = {g: _odds([e.boats.size for e, _ in es]) for g, es in self._examples.items()}
        shares = np.array([training.shares.get(group, 1.0) for group in groups])
        self._groups, self._shares = groups, shares / shares.sum()
        self._training, self._rng = training, rng

    def batch(self) -> Crops:
        crops = [self._crop() for _ in range(self._training.batch)]
        planes, boats, known, water = (np.stack(part) for part in zip(*crops, strict=True))
        shown, *others = (torch.from_numpy(part) for part in (planes, boats, known, water))
        # A third faster on a CPU.
        return Crops(shown.contiguous(memory_format=torch.channels_last), *others)

    def _crop(self) -> tuple[NDArray[np.float32], ...]:
        rng, side = self._rng, self._training.crop
        group = self._groups[int(rng.choice(len(self._groups), p=self._shares))]
        odds = self._odds[group]
        example, at = self._examples[group][int(rng.choice(len(odds), p=odds))]
        row, col, weight = self._place(example, at)
        turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))

        def cut(values: NDArray) -> NDArray[np.float32]:
            part = values[..., row : row + side, col : col + side]
            part = np.rot90(part, turns, (-2, -1))
            if mirrored:
                part = part[..., ::-1]
            whole = np.zeros((*part.shape[:-2], side, side), np.float32)
            whole[..., : part.shape[-2], : part.shape[-1]] = part
            return whole

        planes = cut(example.planes)
        self._disturb(planes)
        known = cut(example.known) * np.float32(weight)
        return planes, cut(example.boats), known, cut(example.water)

    def _place(self, example: AnchorExample, boats: NDArray[np.intp]) -> tuple[int, int, float]:
        """First row and column of a crop, and what it weighs: one over how much more often it
        is drawn than if all places were alike. boats: (N, 2), rows and cols of cells.
        """
        rng, side = self._rng, self._training.crop
        most = np.maximum(np.array(example.boats.shape) - side, 0)
        at = rng.integers(most + 1)
        if not len(boats):
            return int(at[0]), int(at[1]), 1.0
        lowest, highest = np.maximum(boats - side + 1, 0), np.minimum(boats, most)
        if rng.random() < _ABOUT_BOAT:
            one = int(rng.integers(len(boats)))
            at = rng.integers(lowest[one], highest[one] + 1)
        held = ((boats >= at) & (boats < at + side)).all(axis=1)
        places = (highest - lowest + 1).prod(axis=1)  # of crops that hold each boat
        often = (most + 1).prod() * np.sum(1 / places[held]) / len(boats)
        return int(at[0]), int(at[1]), float(1 / (1 - _ABOUT_BOAT + _ABOUT_BOAT * often))

    def _disturb(self, planes: NDArray[np.float32]) -> None:
        """Make the crop, in place, one of a sensor that is a little different."""
        rng, bands = self._rng, 4 * len(BANDS)
        if rng.random() < _NO_NIR:
            planes[bands - 4 : bands] = 0
        planes[: bands + 5] *= np.float32(1 + _GAIN * rng.uniform(-1, 1))
        if rng.random() < _UNSURE_WATER:
            water = CHANNELS.index("water")
            planes[water] = 0.5 + rng.random() * (planes[water] - 0.5) * (planes[-2] > 0)


def _odds(cells: Sequence[int]) -> NDArray[np.float64]:
    weight = np.clip(np.asarray(cells, np.float64), 1000, 20_000)
    return weight / weight.sum()
