"""One pass over a scene: which windows to decode, in what order, by how many threads."""

import math
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import numpy as np

from pdn_geo.errors import BlockReadError
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.scene import Pixels, Scene

T = TypeVar("T")

# Values (pixels x bands) held as float32 by all threads together: 32 MB, and about as
# much again while a reader converts from the file's own type.
_VALUES_IN_FLIGHT = 2**23
_SMALLEST_UNIT = 2**18
# Windows aligned to blocks and cells at once may grow this large; blocks of a stranger
# height are cut at the next cell instead, and the block at the seam is decoded twice.
_LARGEST_COMMON_STEP = 8192


def unit_pixels(grid: PixelGrid, *, bands: int, threads: int) -> int:
    """Pixels to decode at once, so that memory is bounded and no thread is left idle."""
    bounded = _VALUES_IN_FLIGHT // (bands * threads)
    shared_out = max(_SMALLEST_UNIT, grid.height * grid.width // (4 * threads))
    return max(1, min(bounded, shared_out))


def plan_units(
    grid: PixelGrid, block_shape: tuple[int, int], *, stride: int, limit: int
) -> Iterator[Window]:
    """Windows that tile the scene in rows of equal height, row by row.

    Each starts on a cell and, where possible, on a native block, and holds whole blocks:
    about `limit` pixels, more where one block is larger (see `split_unit`).
    """
    cells = tuple(-(-size // stride) * stride for size in (grid.height, grid.width))
    rows, cols = (
        min(_common_step(block, stride), end) for block, end in zip(block_shape, cells, strict=True)
    )
    if block_shape[1] >= grid.width:
        cols = cells[1]
    cols = min(cols * max(1, limit // (rows * cols)), cells[1])
    rows = min(rows * max(1, limit // (rows * cols)), cells[0])
    for row in range(0, grid.height, rows):
        for col in range(0, grid.width, cols):
            yield Window(
                col_off=col,
                row_off=row,
                width=min(cols, grid.width - col),
                height=min(rows, grid.height - row),
            )


def _common_step(block: int, stride: int) -> int:
    step = math.lcm(block, stride)
    return step if step <= _LARGEST_COMMON_STEP else -(-block // stride) * stride


def split_unit(unit: Window, *, stride: int, limit: int) -> Iterator[Window]:
    """A unit in pieces of whole cells and at most `limit` pixels, or one cell each.

    One thread reads them one after the other, so that a block that holds several is
    decoded once and then served by the reader's cache.
    """
    rows = min(unit.height, max(stride, limit // unit.width // stride * stride))
    cols = min(unit.width, max(stride, limit // rows // stride * stride))
    for row in range(unit.row_off, unit.row_end, rows):
        for col in range(unit.col_off, unit.col_end, cols):
            yield Window(
                col_off=col,
                row_off=row,
                width=min(cols, unit.col_end - col),
                height=min(rows, unit.row_end - row),
            )


def read_salvaging(scene: Scene, window: Window) -> tuple[Pixels, list[Window]]:
    """Pixels of a window, without the native blocks that cannot be decoded.

    Returns them with the lost parts of the window; their pixels are 0 and not valid.
    """
    try:
        return scene.read(window), []
    except BlockReadError:
        pass
    values = np.zeros((len(scene.band_names), window.height, window.width), np.float32)
    valid = np.zeros((window.height, window.width), np.bool_)
    lost = []
    for part in _blocks_in(window, scene.block_shape):
        rows = slice(part.row_off - window.row_off, part.row_end - window.row_off)
        cols = slice(part.col_off - window.col_off, part.col_end - window.col_off)
        try:
            pixels = scene.read(part)
        except BlockReadError:
            lost.append(part)
        else:
            values[:, rows, cols], valid[rows, cols] = pixels.values, pixels.valid
    return Pixels(values, valid), lost


def _blocks_in(window: Window, block_shape: tuple[int, int]) -> Iterator[Window]:
    height, width = block_shape
    for row in range(window.row_off // height * height, window.row_end, height):
        for col in range(window.col_off // width * width, window.col_end, width):
            block = Window(col_off=col, row_off=row, width=width, height=height)
            part = block.intersection(window)
            assert part is not None
            yield part


def in_threads(
    work: Callable[[Window], T], units: Iterable[Window], *, threads: int
) -> Generator[tuple[Window, T], None, None]:
    """`work(unit)` for each unit, results in order, few at a time.

    No more than `threads` + 2 units are begun before their result is taken, so a slow
    consumer holds the threads back. The first error is raised where its unit's turn is;
    closing the iterator waits for the units in progress only.
    """
    waiting: deque[tuple[Window, Future[T]]] = deque()
    remaining = iter(units)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="pdn-geo-read")
    try:
        waiting.extend((unit, pool.submit(work, unit)) for unit in islice(remaining, threads + 2))
        while waiting:
            unit, future = waiting.popleft()
            result = future.result()
            waiting.extend((unit, pool.submit(work, unit)) for unit in islice(remaining, 1))
            yield unit, result
    finally:
        pool.shutdown(cancel_futures=True)
