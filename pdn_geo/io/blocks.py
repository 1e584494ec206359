"""Windows that read a scene whole, in the order and size in which it is stored."""

from collections.abc import Iterator

from pdn_geo.geometry import Window

READ_UNIT_PIXELS = 1 << 22
"""Pixels of one band read at once: 16 MiB as float32, and long enough to be worth a call."""


def row_chunk(height: int, width: int, block_shape: tuple[int, int]) -> int:
    """Rows of a full-width band of about `READ_UNIT_PIXELS`, in whole blocks if these are
    not larger themselves; at least 1.
    """
    rows = max(1, READ_UNIT_PIXELS // width)
    block_rows = min(block_shape[0], height)
    if rows >= block_rows:
        rows -= rows % block_rows
    elif block_shape[1] < width:
        rows = block_rows  # tiles: a band of part of them would decode each again
    return min(rows, height)


def read_units(height: int, width: int, block_shape: tuple[int, int]) -> Iterator[Window]:
    """Windows that tile the scene in rows, each of whole blocks where blocks allow it."""
    rows = row_chunk(height, width, block_shape)
    cols = max(1, READ_UNIT_PIXELS // rows)
    if cols < width and block_shape[1] < width:
        cols = max(block_shape[1], cols - cols % block_shape[1])
    for row in range(0, height, rows):
        for col in range(0, width, min(cols, width)):
            yield Window(
                col_off=col,
                row_off=row,
                width=min(cols, width - col),
                height=min(rows, height - row),
            )
