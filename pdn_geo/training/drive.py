"""Teaching the drive: which of the blocks nobody has seen yet hold the boats."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pdn_geo.drive.greedy import ROUND
from pdn_geo.drive.look import Look
from pdn_geo.drive.oracle import boats_per_cell
from pdn_geo.drive.tiling import Frame
from pdn_geo.models.drive_lstm import BLOCK_PX, blocks_of, mean_under

Objective = Literal["oracle_mask", "straight_through", "reinforce"]

PICKS = 16
"""Blocks that a round may pick, where a loss picks."""
_SAMPLES = 8
_NEVER = -1e4
"""Log of the expectation where there is none: finite, so that gradients are."""


def oracle_mask_loss(log_rate: Tensor, boats: Tensor) -> Tensor:
    """Cross-entropy between where boats are said to be and where they are.

    log_rate: (..., N) log of the boats expected per block, up to a constant. boats: (..., N)
    true counts; rows without any do not count. The likelihood of the boats' places, given how
    many there are.
    """
    total = boats.sum(-1)
    wrong = -(boats * functional.log_softmax(log_rate, -1)).sum(-1) / total.clamp(min=1e-9)
    return _mean_where(wrong, total > 0)


def straight_through_loss(
    log_rate: Tensor, boats: Tensor, *, picks: int = PICKS, temperature: float = 1.0
) -> Tensor:
    """Share of what the best picks would see that the picked blocks miss, 0-1.

    The best `picks` of perturbed rates (Berthet et al. 2020, NeurIPS), hard on the way there
    and sigmoids about the threshold on the way back (Bengio et al. 2013, arXiv 1308.3432).
    Shapes as in `oracle_mask_loss`.
    """
    picks = min(picks, boats.shape[-1])
    noisy = log_rate + _gumbel(log_rate)
    ranked = noisy.detach().sort(-1, descending=True).values
    least = ranked[..., picks - 1 : picks]
    beyond = ranked[..., picks : picks + 1] if picks < boats.shape[-1] else least - 1
    # One block more in the picks is another one less: the threshold moves with the rates, as
    # it must for the sum of the sigmoids to stay.
    chance = torch.sigmoid((noisy.detach() - (least + beyond) / 2) / temperature)
    slope = (chance * (1 - chance)).clamp(min=1e-12) / temperature
    change = noisy - noisy.detach()
    change = change - (slope * change).sum(-1, keepdim=True) / slope.sum(-1, keepdim=True)
    picked = (noisy >= least).float() + slope * change
    best = _best(boats, picks)
    share = (picked * boats).sum(-1) / best.clamp(min=1e-9)
    return _mean_where(1 - share, (best > 0).expand(share.shape))


def reinforce_loss(log_rate: Tensor, boats: Tensor, *, picks: int = PICKS) -> Tensor:
    """A scalar whose gradient is that of the expected share missed, by sampling alone.

    Picks without replacement (Plackett-Luce, by Gumbel noise); each of several samples has the
    others' mean for its baseline (Kool et al. 2019, "Buy 4 REINFORCE samples"). Its value says
    nothing. Shapes as in `oracle_mask_loss`.
    """
    picks = min(picks, boats.shape[-1])
    noise = _gumbel(log_rate)  # (samples, ..., N)
    order = (log_rate.detach() + noise).argsort(-1, descending=True)
    ranked = log_rate.expand_as(noise).gather(-1, order)
    rest = ranked.flip(-1).logcumsumexp(-1).flip(-1)  # of what was still to choose from
    log_chance = (ranked - rest)[..., :picks].sum(-1)
    best = _best(boats, picks)
    share = boats.expand_as(noise).gather(-1, order)[..., :picks].sum(-1) / best.clamp(min=1e-9)
    baseline = (share.sum(0) - share) / (_SAMPLES - 1)
    return _mean_where(-(share - baseline) * log_chance, (best > 0).expand(share.shape))


LOSSES: dict[Objective, Callable[[Tensor, Tensor], Tensor]] = {
    "oracle_mask": oracle_mask_loss,
    "straight_through": straight_through_loss,
    "reinforce": reinforce_loss,
}


def drive_loss(
    network: nn.Module, batch: dict[str, Tensor], objective: Objective = "oracle_mask"
) -> dict[str, Tensor]:
    """The loss of a `DriveLSTM` after every round, for a batch as `drive_sample` makes it."""
    log_ratio = network(batch["looks"], batch["cells"], ROUND).float()
    expected = batch["expected"]
    log_rate = torch.where(expected > 0, expected.clamp(min=1e-30).log() + log_ratio, _NEVER)
    return {objective: LOSSES[objective](log_rate, batch["boats"] * (expected > 0))}


def drive_sample(
    looks: Sequence[Look],
    summaries: Tensor,
    features: Tensor,
    expected: NDArray[np.float32],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    frame: Frame,
) -> dict[str, NDArray[np.float32]]:
    """One scene's batch, B = 1, from the K looks of a drive over it: R whole rounds.

    summaries: (K, F + TOTALS) tokens of the looks. features: (G, h, w) of the global stream.
    expected: (h, w) the saliency map's. x, y: true boats in scene pixels. Gives looks
    (1, K, look features), cells (1, N, G) of the N blocks where anything is expected, and of
    those expected and boats (1, R, N): in the cells that no look has seen whole by then.
    """
    block = max(1, BLOCK_PX // frame.stride)
    left = np.stack([expected, boats_per_cell(x, y, expected.shape, frame.stride)])
    at_start = blocks_of(torch.from_numpy(left), block, mean=False).flatten(1)
    wanted = at_start[0] > 0
    rounds = [at_start.new_zeros(2, 0, int(wanted.sum()))]
    for count, look in enumerate(looks, start=1):
        left[:, *frame.seen_whole(look.window)] = 0
        if count % ROUND == 0:
            now = blocks_of(torch.from_numpy(left), block, mean=False).flatten(1)
            rounds.append(now[:, None, wanted])
    under = [mean_under(features, look, frame.stride) for look in looks]
    sample = {
        "looks": torch.cat([summaries, torch.stack(under)], 1),
        "cells": blocks_of(features, block, mean=True).flatten(1).T[wanted],
        **dict(zip(("expected", "boats"), torch.cat(rounds, 1), strict=True)),
    }
    return {name: tensor[None].numpy() for name, tensor in sample.items()}


def _gumbel(log_rate: Tensor) -> Tensor:
    """Noise for several samples, (samples, ..., N)."""
    chance = torch.rand(_SAMPLES, *log_rate.shape, device=log_rate.device)
    return -torch.log(-torch.log(chance.clamp(1e-9, 1 - 1e-7)))


def _best(boats: Tensor, picks: int) -> Tensor:
    return boats.topk(picks, -1).values.sum(-1)


def _mean_where(value: Tensor, known: Tensor) -> Tensor:
    return (value * known).sum() / known.sum().clamp(min=1)
