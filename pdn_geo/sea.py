"""What the open water of one scene looks like: the yardstick for everything else."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SeaStatistics:
    """Robust centre and spread of single water pixels, per band, (bands,) float32 each.

    Taken over the whole scene, never over a patch: a patch full of boats must not
    redefine what is normal. `std` is positive.
    """

    mean: NDArray[np.float32]
    std: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.mean.shape != self.std.shape or self.mean.ndim != 1:
            raise ValueError(
                f"mean and std must be (bands,), got {self.mean.shape} and {self.std.shape}"
            )
        if not (self.std > 0).all():
            raise ValueError(f"std must be positive, got {self.std}")

    @classmethod
    def pooled(cls, parts: Sequence["SeaStatistics"], weights: Sequence[float]) -> "SeaStatistics":
        """One yardstick from those of several anchor tiles, weighted by their water."""
        mean = np.average([p.mean for p in parts], axis=0, weights=weights)
        second = np.average([p.std**2 + p.mean**2 for p in parts], axis=0, weights=weights)
        std = np.sqrt(np.maximum(second - mean**2, min((p.std**2).min() for p in parts)))
        return cls(mean.astype(np.float32), std.astype(np.float32))
