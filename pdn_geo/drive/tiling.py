"""Where windows may lie in a scene, and what they show whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pdn_geo.geometry import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A scene's size in pixels, its cells, and the margin of a window.

    A cell counts as seen when it lies `margin` pixels or more inside a window, or at the
    scene's own edge: a boat centred in it, up to twice the margin long, is then seen whole.
    """

    height: int
    width: int
    stride: int
    margin: int

    @property
    def cells(self) -> tuple[int, int]:
        """(rows, cols) of cells, the last of which may reach out of the scene."""
        return -(-self.height // self.stride), -(-self.width // self.stride)

    def inner_cells(self, size: int) -> tuple[int, int]:
        """(rows, cols) of cells that a window of `size` pixels is sure to show whole."""
        inner = max(1, (size - 2 * self.margin) // self.stride)
        rows, cols = self.cells
        return (
            rows if size >= self.height else min(inner, rows),
            cols if size >= self.width else min(inner, cols),
        )

    def window_around(self, cells: Window, min_size: int) -> Window:
        """The window that shows `cells` (in units of cells) whole and lies in the scene.

        At least `min_size` pixels a side where the scene allows it.
        """
        row, height = self._span(cells.row_off, cells.height, self.height, min_size)
        col, width = self._span(cells.col_off, cells.width, self.width, min_size)
        return Window(col_off=col, row_off=row, width=width, height=height)

    def _span(self, first: int, count: int, length: int, min_size: int) -> tuple[int, int]:
        needed = count * self.stride + 2 * self.margin
        size = min(max(min_size, needed), length)
        start = first * self.stride - (size - count * self.stride) // 2
        return min(max(start, 0), length - size), size

    def seen_whole(self, window: Window) -> tuple[slice, slice]:
        """(rows, cols) of the cells that lie inside the window's margin."""
        return (
            self._inner(window.row_off, window.row_end, self.height),
            self._inner(window.col_off, window.col_end, self.width),
        )

    def _inner(self, start: int, end: int, length: int) -> slice:
        low = 0 if start == 0 else -(-(start + self.margin) // self.stride)
        last = -(-length // self.stride)
        high = last if end == length else (end - self.margin) // self.stride
        return slice(low, max(low, high))

    def touched(self, window: Window) -> tuple[slice, slice]:
        """(rows, cols) of the cells whose centre lies in the window, or whose part in the
        scene does.
        """
        return (
            self._middle(window.row_off, window.row_end, self.height),
            self._middle(window.col_off, window.col_end, self.width),
        )

    def _middle(self, start: int, end: int, length: int) -> slice:
        half = self.stride // 2
        last = -(-length // self.stride)
        return slice(
            (start + half) // self.stride if start else 0,
            last if end == length else (end + half) // self.stride,
        )

    def tiling(self, size: int) -> Iterator[Window]:
        """Even windows of at most one size that show every cell whole, row by row."""
        rows, cols = self.inner_cells(size)
        for row, row_end in _even_parts(self.cells[0], rows):
            for col, col_end in _even_parts(self.cells[1], cols):
                yield self.window_around(
                    Window(col_off=col, row_off=row, width=col_end - col, height=row_end - row), 1
                )


def _even_parts(count: int, most: int) -> list[tuple[int, int]]:
    """Cut 0..count into the fewest parts of at most `most`, as equal as they can be."""
    parts = -(-count // most)
    ends = [count * i // parts for i in range(parts + 1)]
    return list(pairwise(ends))
