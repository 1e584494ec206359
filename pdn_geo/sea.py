"""What the open water of one scene looks like: the yardstick for everything else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window

Floats = NDArray[np.float32]

LEAST_SPREAD = 1e-6
_LEAST_OF_LEVEL = 1e-3
_LEAST_OF_RANGE, _MOST_OF_RANGE = 1 / 32, 1 / 4
"""Shares of a scene's range that its sea's spread lies between, see docs/decisions/0006."""


@dataclass(frozen=True, slots=True)
class SeaLevel:
    """The centre of the water around each block of a scene: haze, silt, glint and shadow make
    one sea darker here than there.

    blocks: (bands, blocks down, blocks across) float32. block_px: side of a block in pixels;
    block (0, 0) starts at pixel (0, 0).
    """

    blocks: Floats
    block_px: int

    def at(self, window: Window) -> Floats:
        """(bands, rows, cols) float32 of the pixels of a window: linear between the centres of
        blocks, constant beyond the outer ones.
        """
        rows, down = self._near(window.row_off, window.height, self.blocks.shape[1])
        cols, across = self._near(window.col_off, window.width, self.blocks.shape[2])
        return np.asarray(down @ self.blocks[:, rows, cols] @ across.T)

    def _near(self, start: int, size: int, count: int) -> tuple[slice, Floats]:
        """The blocks of an axis that count for some of its pixels, and how much, (size, near)."""
        place = (np.arange(start, start + size) + 0.5) / self.block_px - 0.5
        place = np.clip(place, 0, count - 1)
        near = np.arange(int(place[0]), min(int(place[-1]) + 2, count))
        weight = np.maximum(1 - np.abs(place[:, None] - near), 0).astype(np.float32)
        return slice(near[0], near[-1] + 1), weight


@dataclass(frozen=True, slots=True)
class SeaStatistics:
    """Robust centre of single water pixels and their spread about the water around, per band,
    (bands,) float32 each.

    Taken over the whole scene, never over a patch: a patch full of boats must not
    redefine what is normal. `std` is positive. level: the centre from place to place; None
    where it is `mean` everywhere. extremes: what few places of the scene fall below and what few
    exceed, (2, bands); None if unknown.
    """

    mean: Floats
    std: Floats
    level: SeaLevel | None = None
    extremes: Floats | None = None

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
        if not any(weights):
            weights = [1.0] * len(parts)
        mean = np.average([p.mean for p in parts], axis=0, weights=weights)
        std = np.sqrt(np.average([p.std**2 for p in parts], axis=0, weights=weights))
        known = [p.extremes for p in parts if p.extremes is not None]
        extremes = None
        if known:
            extremes = np.stack([np.min(known, axis=0)[0], np.max(known, axis=0)[1]])
        return cls(mean.astype(np.float32), std.astype(np.float32), extremes=extremes)

    def in_proportion(self) -> "SeaStatistics":
        """The same with `std` kept between shares of the scene's range, from the water to what is
        farthest from it, bright or dark: a sea clipped to black has next to none, one seen between
        boats and piers that of these, and either way the same boat would seem another.
        """
        std = self.std
        if self.extremes is not None:
            reach = np.abs(self.extremes - self.mean).max(axis=0)
            std = np.clip(std, _LEAST_OF_RANGE * reach, _MOST_OF_RANGE * reach)
        std = np.maximum(std, np.maximum(_LEAST_OF_LEVEL * np.abs(self.mean), LEAST_SPREAD))
        return replace(self, std=std.astype(np.float32))

    def level_at(self, window: Window) -> Floats:
        """The centre of the water there: (bands, rows, cols), or (bands, 1, 1) where it is the
        same everywhere.
        """
        if self.level is None:
            return self.mean[:, None, None]
        return self.level.at(window)
