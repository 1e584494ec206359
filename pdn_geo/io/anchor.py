"""The global anchor read from a scene: one streaming pass, tile by tile."""

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.cores import cores
from pdn_geo.errors import BlockReadError, OptionError
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.io.byte_cells import BytePixels, ByteScene
from pdn_geo.io.cells import CellBlock, cell_statistics
from pdn_geo.io.overviews import OverviewSource, choose_overviews
from pdn_geo.io.sweep import in_threads, plan_units, read_salvaging, split_unit, unit_pixels
from pdn_geo.scene import Pixels, Scene

OnError = Literal["fail", "skip"]
Source = Literal["pixels", "overviews"]
Wanted = Literal["pixels", "overviews", "auto"]

FINEST_STRIDE = 8
# Saliency is kept per cell for the whole scene, about 10 bytes each: 320 MB at the most.
_CELLS_IN_SCENE = 2**25
# What one anchor tile may hold. A consumer that keeps its tile while the next one is
# read holds two.
# 10240 x 10240 px are 1.64 million cells, and one tile.
_CELLS_IN_TILE = 1_700_000
_BYTES_IN_TILE = 150_000_000
# Of that, in a scene of several tiles, whose maps take memory beside them.
_SEVERAL = 0.8
# Beam of a boat of 7 m, in metres: an overview pixel no wider keeps half of its contrast even
# where the hull lies across two of them, and has half of the noise.
_SMALL_BEAM_M = 2.5
# Widest neighbourhood of the saliency's ring statistics, in cells.
HALO = 24
_SMALLEST_CORE = 64


@dataclass(frozen=True, slots=True)
class AnchorTile:
    """Windows in units of cells: what is held, and the part the tile answers for."""

    window: Window
    core: Window


@dataclass(frozen=True, slots=True)
class AnchorPlan:
    """How a scene is cut into cells (`stride` pixels a side) and anchor tiles.

    height, width: cells of the scene. tiles: full-width bands from top to bottom; their
    cores partition the cells, their windows reach `HALO` cells above and below.
    """

    stride: int
    height: int
    width: int
    tiles: tuple[AnchorTile, ...]


def plan_anchor(grid: PixelGrid, *, bands: int) -> AnchorPlan:
    """Cells of 8 pixels, or 16, 32, ... where a scene would have more than 2**25 cells."""
    stride = FINEST_STRIDE
    while -(-grid.height // stride) * -(-grid.width // stride) > _CELLS_IN_SCENE:
        stride *= 2
    height, width = -(-grid.height // stride), -(-grid.width // stride)
    held = min(_CELLS_IN_TILE, _BYTES_IN_TILE // (16 * bands + 4)) // width
    core = height if height <= held else max(int(_SEVERAL * held) - 2 * HALO, _SMALLEST_CORE)
    core = -(-height // -(-height // core))
    tiles = tuple(
        _tile(row, min(row + core, height), height, width) for row in range(0, height, core)
    )
    return AnchorPlan(stride=stride, height=height, width=width, tiles=tiles)


def _tile(row: int, row_end: int, height: int, width: int) -> AnchorTile:
    scene = Window(col_off=0, row_off=0, width=width, height=height)
    core = Window(col_off=0, row_off=row, width=width, height=row_end - row)
    window = core.expanded(HALO).intersection(scene)
    assert window is not None
    return AnchorTile(window=window, core=core)


class AnchorReader:
    """Iterate to get the scene's `GlobalAnchor`, one anchor tile after the other.

    Every pixel is decoded once. The numbers depend on the pixels only, not on threads
    or tiles. `source` "overviews" reads the file's stored overviews instead of its
    pixels if they are there and hold averages; "auto" does so if they are fine enough for
    small boats as well. `source_used` and `note` (a sentence for users, "" if there is
    nothing to say) tell what was done.

    A block that cannot be decoded raises BlockReadError, or with `on_error` "skip" is
    left out: its pixels count as not valid and `failed` lists them (windows in pixels).
    `progress` is called with (pixels done, pixels in all).
    """

    def __init__(
        self,
        scene: Scene,
        plan: AnchorPlan,
        *,
        threads: int | None = None,
        on_error: OnError = "fail",
        source: Wanted = "pixels",
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.failed: list[Window] = []
        self.note = ""
        self._scene, self._plan = scene, plan
        self._read: Callable[[Window], Pixels | BytePixels] = scene.read
        if isinstance(scene, ByteScene) and scene.is_bytes:
            self._read = scene.read_bytes
        self._threads = min(cores(), 8) if threads is None else threads
        if self._threads < 1:
            raise OptionError(f"threads must be at least 1, got {threads}")
        self._skip = on_error == "skip"
        self._progress = progress
        self._overviews: OverviewSource | None = None
        if source != "pixels":
            widest_m = _SMALL_BEAM_M if source == "auto" else math.inf
            self._overviews, self.note = choose_overviews(
                scene, stride=plan.stride, widest_m=widest_m
            )

    @property
    def source_used(self) -> Source:
        return "pixels" if self._overviews is None else "overviews"

    def __iter__(self) -> Iterator[GlobalAnchor]:
        self.failed = []
        with closing(self._blocks()) as blocks:
            yield from _assemble(self._plan, len(self._scene.band_names), blocks)

    def _blocks(self) -> Generator[tuple[Window, CellBlock], None, None]:
        """Blocks of cells with their places in the scene (in cells), in reading order."""
        grid, stride = self._scene.grid, self._plan.stride
        limit = unit_pixels(grid, bands=len(self._scene.band_names), threads=self._threads)
        factor = 1 if self._overviews is None else self._overviews.factor
        height, width = self._scene.block_shape
        units = plan_units(
            grid, (height * factor, width * factor), stride=stride, limit=limit * factor**2
        )
        done, total = 0, grid.height * grid.width
        with closing(
            in_threads(lambda unit: self._decode(unit, limit), units, threads=self._threads)
        ) as results:
            for unit, (block, lost) in results:
                self.failed += lost
                done += unit.area
                if self._progress:
                    self._progress(done, total)
                yield _in_cells(unit, stride), block

    def _decode(self, unit: Window, limit: int) -> tuple[CellBlock, list[Window]]:
        """Statistics of one unit, and what was lost of it; runs in a worker thread."""
        if self._overviews is not None:
            try:
                return self._overviews.cells(unit), []
            except BlockReadError:
                # One broken overview block: the pixels below it are still there.
                pass
        stride = self._plan.stride
        place = _in_cells(unit, stride)
        cells = CellBlock.empty(len(self._scene.band_names), place.height, place.width)
        lost: list[Window] = []
        for piece in split_unit(unit, stride=stride, limit=limit):
            try:
                pixels = self._read(piece)
            except BlockReadError:
                if not self._skip:
                    raise
                pixels, lost_here = read_salvaging(self._scene, piece)
                lost += lost_here
            part = _in_cells(piece, stride)
            block = cell_statistics(pixels, stride)
            del pixels
            cells.paste(block, part.row_off - place.row_off, part.col_off - place.col_off)
        return cells, lost


def _in_cells(window: Window, stride: int) -> Window:
    """The cells of a window of pixels that starts on a cell's corner."""
    return Window(
        col_off=window.col_off // stride,
        row_off=window.row_off // stride,
        width=-(-window.width // stride),
        height=-(-window.height // stride),
    )


def _assemble(
    plan: AnchorPlan, bands: int, blocks: Iterator[tuple[Window, CellBlock]]
) -> Iterator[GlobalAnchor]:
    """Anchor tiles from blocks of cells that come in rows, top to bottom.

    Blocks under a halo are kept for the next tile, so nothing is decoded twice.
    """
    kept: list[tuple[Window, CellBlock]] = []
    coming = next(blocks, None)
    for tile, later in zip_longest(plan.tiles, plan.tiles[1:]):
        held = CellBlock.empty(bands, tile.window.height, tile.window.width)
        for window, block in kept:
            _paste(held, tile.window, window, block)
        needed_from = later.window.row_off if later else plan.height
        kept = [item for item in kept if item[0].row_end > needed_from]
        while coming is not None and coming[0].row_off < tile.window.row_end:
            _paste(held, tile.window, *coming)
            if coming[0].row_end > needed_from:
                kept.append(coming)
            coming = next(blocks, None)
        yield _anchor(plan.stride, tile, held)
        del held  # before the next tile is made


def _paste(held: CellBlock, tile: Window, window: Window, block: CellBlock) -> None:
    """Put the shared rows of a block into a tile's cells."""
    start, stop = max(tile.row_off, window.row_off), min(tile.row_end, window.row_end)
    if start < stop:
        rows = block.rows(start - window.row_off, stop - window.row_off)
        held.paste(rows, start - tile.row_off, window.col_off)


def _anchor(stride: int, tile: AnchorTile, held: CellBlock) -> GlobalAnchor:
    mean, maximum, minimum, std = held.statistics
    return GlobalAnchor(
        stride=stride,
        window=tile.window,
        core=tile.core,
        mean=mean,
        max=maximum,
        min=minimum,
        std=std,
        valid=held.valid,
    )
