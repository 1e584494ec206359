"""Windows and oriented boxes in scene pixels.

Pixel coordinates: x right, y down, (0, 0) the top-left *corner* of the top-left
pixel. Angles are radians from +x towards +y, that is clockwise on the screen.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A rectangle of whole pixels; may reach outside a scene until clipped."""

    col_off: int
    row_off: int
    width: int
    height: int

    def __post_init__(self) -> None:
        for name in ("width", "height"):
            value = getattr(self, name)
            if value <= 0:
                raise ValueError(f"{name} must be positive, got {value}")

    @property
    def col_end(self) -> int:
        """First column right of the window."""
        return self.col_off + self.width

    @property
    def row_end(self) -> int:
        """First row below the window."""
        return self.row_off + self.height

    @property
    def area(self) -> int:
        """Pixels in the window."""
        return self.width * self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """(rows, cols) slices into an array of the scene; offsets must not be negative."""
        return slice(self.row_off, self.row_end), slice(self.col_off, self.col_end)

    def intersection(self, other: "Window") -> "Window | None":
        """The shared pixels, or None when there are none."""
        col, row = max(self.col_off, other.col_off), max(self.row_off, other.row_off)
        width = min(self.col_end, other.col_end) - col
        height = min(self.row_end, other.row_end) - row
        if width <= 0 or height <= 0:
            return None
        return Window(col_off=col, row_off=row, width=width, height=height)

    def expanded(self, margin: int) -> "Window":
        """Grown by `margin` pixels on every side (shrunk when negative)."""
        return Window(
            col_off=self.col_off - margin,
            row_off=self.row_off - margin,
            width=self.width + 2 * margin,
            height=self.height + 2 * margin,
        )

    def contains(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.bool_]:
        """Which points (pixel coordinates) lie in the half-open window."""
        x, y = np.asarray(x), np.asarray(y)
        inside_x = (x >= self.col_off) & (x < self.col_end)
        return inside_x & (y >= self.row_off) & (y < self.row_end)


def square_about(x: float, y: float, side: int, shape: tuple[int, int]) -> Window:
    """The square about a point, moved into a scene of shape (rows, cols); no larger than it."""
    rows, cols = shape
    width, height = min(side, cols), min(side, rows)
    return Window(
        col_off=int(np.clip(x - width / 2, 0, cols - width)),
        row_off=int(np.clip(y - height / 2, 0, rows - height)),
        width=width,
        height=height,
    )


def oriented_corners(
    x: ArrayLike, y: ArrayLike, length: ArrayLike, width: ArrayLike, angle: ArrayLike
) -> NDArray[np.float64]:
    """Corners of oriented boxes, (N, 4, 2) as (x, y).

    In order: front left, front right, back right, back left, where front is the end
    that `angle` points to and left is as seen by somebody who faces it.
    """
    x, y, length, width, angle = (
        np.asarray(v, dtype=np.float64) for v in (x, y, length, width, angle)
    )
    along = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * length[..., None] / 2
    right = np.stack([-np.sin(angle), np.cos(angle)], axis=-1) * width[..., None] / 2
    centre = np.stack([x, y], axis=-1)
    front, back = centre + along, centre - along
    return np.stack([front - right, front + right, back + right, back - right], axis=-2)


def nearest(
    values: NDArray[np.floating], step: int, x: NDArray[np.floating], y: NDArray[np.floating]
) -> NDArray[np.float64]:
    """What a map of one value every `step` pixels holds at points, (N,).

    values: (rows, cols). x, y: (N,) pixels; points outside are taken for the nearest inside.
    """
    rows, cols = (
        np.clip(at // step, 0, size - 1).astype(int)
        for at, size in ((y, values.shape[0]), (x, values.shape[1]))
    )
    return np.asarray(values[rows, cols], np.float64)


def oriented_polygons(
    x: ArrayLike, y: ArrayLike, length: ArrayLike, width: ArrayLike, angle: ArrayLike
) -> NDArray[np.object_]:
    """The same boxes as shapely polygons, (N,)."""
    return np.asarray(shapely.polygons(oriented_corners(x, y, length, width, angle)))
