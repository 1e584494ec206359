"""Patch tokens: what was seen in each look, and where on the ground."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pdn_geo.detections import Detections
from pdn_geo.drive.look import Look
from pdn_geo.engines.network.inputs import UNKNOWN_GSD_M

BOATS = 32
"""Boats of a look that become tokens, the best; the others keep their scores."""

MEASURES = 4
"""Numbers that a boat's token holds beside its features: logit, log length, log width, wake."""

TOTALS = 2
"""The same of a look's own token: log of 1 + boats found, and of 1 + boats expected."""

_LEAST = 1e-4
"""A score is at least so far from 0 and 1 when it becomes a logit."""


@dataclass(frozen=True, eq=False)
class PerLook:
    """Tensors whose first axis is the look."""

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        return cls(*(torch.cat([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    @classmethod
    def from_named(cls, tensors: Mapping[str, Tensor]) -> Self:
        """Pick what belongs here: `named` the other way."""
        return cls(*(tensors[f"{cls.__name__}.{f.name}"] for f in fields(cls)))

    def named(self) -> dict[str, Tensor]:
        return {f"{type(self).__name__}.{f.name}": getattr(self, f.name) for f in fields(self)}

    def __getitem__(self, index: Tensor | slice) -> Self:
        return type(self)(*(getattr(self, f.name)[index] for f in fields(self)))


@dataclass(frozen=True, eq=False)
class Tokens(PerLook):
    """K looks of 1 + N tokens each: the look itself first, then its boats, best first.

    summary: (K, F + TOTALS). boats: (K, N, F + MEASURES), 0 where there is none. real:
    (K, 1 + N) bool. place: (K, 1 + N, 2) metres from the scene's corner along its rows and
    columns; the look's is its middle. look: (K, 3) log2 GSD, log2 zoom (scene pixels per pixel
    read), log(1 + order). time: (K, 1 + N) days since this acquisition, 0 for its own looks.
    """

    summary: Tensor
    boats: Tensor
    real: Tensor
    place: Tensor
    look: Tensor
    time: Tensor


def look_tokens(
    look: Look,
    found: Detections,
    features: NDArray[np.float32],
    *,
    stride: int,
    gsd_m: float,
    zoom: float = 1.0,
    boats: int = BOATS,
) -> Tokens:
    """The tokens of one look, K = 1, those of its first `boats` boats in `found`.

    found: in scene pixels, best first. features: (F, rows, cols), one per `stride` scene
    pixels from the look's corner on; may reach beyond the look. gsd_m: of the scene, NaN if
    unknown.
    """
    window, best = look.window, found[:boats]
    gsd_m = gsd_m if np.isfinite(gsd_m) else UNKNOWN_GSD_M
    here = features[:, : -(-window.height // stride), : -(-window.width // stride)]
    row = np.clip((best.y - window.row_off) // stride, 0, here.shape[1] - 1).astype(np.intp)
    col = np.clip((best.x - window.col_off) // stride, 0, here.shape[2] - 1).astype(np.intp)
    score = np.clip(best.score, _LEAST, 1 - _LEAST)
    sizes = [np.log(np.maximum(side * gsd_m, 0.1)) for side in (best.length, best.width)]
    measures = np.stack([np.log(score / (1 - score)), *sizes, best.wake])
    totals = np.log1p([found.score.sum(), look.expected_boats])
    content = np.zeros((boats, len(here) + MEASURES), np.float32)
    content[: len(best)] = np.concatenate([here[:, row, col], measures]).T
    place = np.zeros((1 + boats, 2))
    place[0] = window.col_off + window.width / 2, window.row_off + window.height / 2
    place[1 : 1 + len(best)] = np.stack([best.x, best.y], axis=1)
    kind = [np.log2(gsd_m * zoom), np.log2(zoom), np.log1p(look.order)]
    return Tokens(
        summary=_one_look(np.concatenate([here.mean(axis=(1, 2)), totals])),
        boats=_one_look(content),
        real=torch.arange(1 + boats)[None] <= len(best),
        place=_one_look(place * gsd_m),
        look=_one_look(np.array(kind)),
        time=torch.zeros(1, 1 + boats),
    )


def _one_look(values: NDArray[np.floating]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))[None]
