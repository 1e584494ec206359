"""Labelled boats in the pixels of a scene or a crop, as arrays."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Boats:
    """N boats; every field is an array (N,).

    x, y, length, width: pixels; length and width NaN for a point. angle: radians from +x
    towards +y, towards the bow where `bow_known`. wake: 1 or 0, NaN where nobody said.
    counts: False for what may not be a boat, which is neither taught nor forbidden.
    """

    x: Floats
    y: Floats
    length: Floats
    width: Floats
    angle: Floats
    wake: Floats
    bow_known: NDArray[np.bool_]
    counts: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: NDArray[np.generic]) -> "Boats":
        return Boats(*(getattr(self, field.name)[index] for field in fields(self)))

    @classmethod
    def empty(cls) -> "Boats":
        nothing = np.zeros(0)
        return cls(*(nothing,) * 6, *(nothing.astype(bool),) * 2)

    @classmethod
    def one(cls, x: float, y: float, length: float, width: float, angle: float) -> "Boats":
        """A sure boat of which neither bow nor wake is known."""
        return cls(
            x=np.array([x]),
            y=np.array([y]),
            length=np.array([length]),
            width=np.array([width]),
            angle=np.array([angle]),
            wake=np.array([np.nan]),
            bow_known=np.array([False]),
            counts=np.array([True]),
        )

    @classmethod
    def concatenate(cls, parts: Iterable["Boats"]) -> "Boats":
        parts = [*parts, cls.empty()]
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    def mapped(self, matrix: Floats, shift: Floats) -> "Boats":
        """After x -> matrix @ x + shift, a similarity (turn, mirror, scale)."""
        x, y = matrix @ np.stack([self.x, self.y]) + shift[:, None]
        ahead = matrix @ np.stack([np.cos(self.angle), np.sin(self.angle)])
        scale = np.sqrt(abs(np.linalg.det(matrix)))
        angle = np.arctan2(ahead[1], ahead[0])
        length, width = self.length * scale, self.width * scale
        return Boats(x, y, length, width, angle, self.wake, self.bow_known, self.counts)
