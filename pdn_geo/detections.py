"""Boats in scene pixels, as arrays."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import oriented_corners

_DTYPES = {
    "x": np.float64,
    "y": np.float64,
    "length": np.float64,
    "width": np.float64,
    "angle": np.float64,
    "score": np.float64,
    "wake": np.float64,
    "bow_known": np.bool_,
    "cut": np.bool_,
    "look": np.int32,
}


@dataclass(frozen=True, eq=False)
class Detections:
    """N boats; every field is an array (N,). Pixel coordinates as in `geometry`.

    x, y: hull centre. length >= width: hull axes in pixels. angle: radians from +x
    towards +y; points to the bow where `bow_known`, else one of the two ends of the axis.
    score: probability, 0-1, that this is a boat. wake: 0-1, evidence for a wake.
    cut: the hull touches the edge of the look that saw it. look: that look's order, from 0.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    length: NDArray[np.float64]
    width: NDArray[np.float64]
    angle: NDArray[np.float64]
    score: NDArray[np.float64]
    wake: NDArray[np.float64]
    bow_known: NDArray[np.bool_]
    cut: NDArray[np.bool_]
    look: NDArray[np.int32]

    def __post_init__(self) -> None:
        for name, dtype in _DTYPES.items():
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=dtype))
        shapes = {name: getattr(self, name).shape for name in _DTYPES}
        if len(set(shapes.values())) != 1 or self.x.ndim != 1:
            raise ValueError(f"fields must be one-dimensional and of one length, got {shapes}")

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: slice | NDArray[np.generic]) -> "Detections":
        return Detections(**{name: getattr(self, name)[index] for name in _DTYPES})

    @classmethod
    def empty(cls) -> "Detections":
        return cls(**{name: np.empty(0, dtype=dtype) for name, dtype in _DTYPES.items()})

    @classmethod
    def concatenate(cls, parts: Iterable["Detections"]) -> "Detections":
        parts = [*parts, cls.empty()]
        return cls(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in _DTYPES})

    def shifted(self, dx: float, dy: float) -> "Detections":
        """The same boats, moved: from window to scene coordinates."""
        return replace(self, x=self.x + dx, y=self.y + dy)

    def corners(self) -> NDArray[np.float64]:
        """Hull corners (N, 4, 2), bow end first; see `geometry.oriented_corners`."""
        return oriented_corners(self.x, self.y, self.length, self.width, self.angle)


assert list(_DTYPES) == [field.name for field in fields(Detections)]
