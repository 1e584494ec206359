"""What a boat looks like from above: outline, deck, superstructure, shadow."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.ocean.fleet import Boat
from pdn_geo.ocean.light import Sun

Image = NDArray[np.float32]

_SHADE = 0.35  # light left in a shadow
_FLAT_M = 0.2  # height below which a box throws no shadow worth drawing
_TRANSOM = 0.8  # beam at the stern over the greatest beam
# reflectances in red, green, blue, NIR
_WHITE, _GREY, _DARK = (0.62, 0.63, 0.62, 0.58), (0.30, 0.31, 0.31, 0.28), (0.05, 0.055, 0.06, 0.05)
_RUST, _GREEN, _BLUE = (0.27, 0.13, 0.09, 0.33), (0.13, 0.25, 0.18, 0.26), (0.07, 0.13, 0.28, 0.22)
_WOOD, _ORANGE, _CREAM = (0.36, 0.28, 0.19, 0.42), (0.52, 0.24, 0.09, 0.5), (0.55, 0.52, 0.43, 0.52)
_DECKS = {
    "dinghy": (_WHITE, _GREY, _ORANGE, _DARK, _BLUE),
    "motor boat": (_WHITE, _WHITE, _WHITE, _CREAM, _BLUE, _DARK),
    "sailing boat": (_WHITE, _WHITE, _CREAM, _WOOD, _BLUE),
    "fishing boat": (_WHITE, _GREEN, _BLUE, _RUST, _GREY, _DARK),
    "ferry": (_WHITE, _WHITE, _CREAM, _GREEN),
    "tanker": (_RUST, _GREEN, _RUST, _GREY, _DARK),
    "container ship": (_GREY, _RUST, _DARK, _GREEN),
}
Colour = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Block:
    """A box on deck. Along the hull from -1 (stern) to 1 (bow), across in beams from -1 to 1."""

    along: tuple[float, float]
    across: tuple[float, float]
    height_m: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Looks:
    """Paint and boxes of one boat."""

    deck: Colour
    blocks: tuple[Block, ...]


def looks(boat: Boat) -> Looks:
    """The looks that follow from a boat's kind and seed."""
    rng = np.random.default_rng([boat.seed, 7])
    decks = _DECKS[boat.kind.name]
    deck = _weathered(rng, decks[int(rng.integers(len(decks)))])
    return Looks(deck, tuple(_FITTINGS[boat.kind.name](rng, boat)))


def _weathered(rng: np.random.Generator, colour: Colour) -> Colour:
    r, g, b, nir = (float(v * rng.uniform(0.82, 1.15)) for v in colour)
    return r, g, b, nir


def _small_craft(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """An open cockpit aft, a cabin or console forward, an engine at the stern."""
    fore = rng.uniform(0.15, 0.45)
    cabin = Block((rng.uniform(-0.35, 0.0), fore), (-0.6, 0.6), 0.25 * boat.beam_m, _WHITE)
    glass = Block((fore - 0.04, fore + 0.06), (-0.5, 0.5), 0.1, _DARK)
    cockpit = Block(
        (-0.9, cabin.along[0]), (-0.7, 0.7), 0.0, _WOOD if rng.random() < 0.4 else _GREY
    )
    engine = Block((-1.0, -0.88), (-0.25, 0.25), 0.3, _DARK)
    return [cockpit, cabin, glass, engine]


def _sailing(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """A coachroof, a cockpit, and the boom or a furled sail along the middle."""
    cockpit = Block((-0.85, -0.35), (-0.45, 0.45), 0.0, _WOOD)
    roof = Block((-0.3, 0.35), (-0.5, 0.5), 0.4, _CREAM)
    sail = Block((-0.7, 0.12), (-0.1, 0.1), 1.5, _WHITE if rng.random() < 0.6 else _BLUE)
    mast = Block((0.1, 0.14), (-0.06, 0.06), 1.1 * boat.length_m, _GREY)
    return [cockpit, roof, mast, sail]


def _fishing(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """A wheelhouse forward or aft, a working deck with hatches and gear."""
    aft = rng.random() < 0.35
    house_at = rng.uniform(-0.7, -0.5) if aft else rng.uniform(0.15, 0.35)
    house = Block((house_at - 0.17, house_at + 0.17), (-0.65, 0.65), 0.5 * boat.beam_m, _WHITE)
    glass = Block((house_at + 0.1, house_at + 0.16), (-0.6, 0.6), 0.5 * boat.beam_m + 0.1, _DARK)
    start = -0.25 if aft else -0.75
    hatches = [
        Block(
            (start + 0.28 * i, start + 0.28 * i + 0.14), (-0.4, 0.4), 0.3, _ORANGE if i else _GREY
        )
        for i in range(int(rng.integers(1, 4)))
    ]
    return [*hatches, house, glass]


def _ferry(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """Tiers of white decks, a bridge forward, a funnel aft."""
    tiers = [
        Block(
            (-0.85 + 0.1 * i, 0.7 - 0.12 * i), (-0.85 + 0.1 * i, 0.85 - 0.1 * i), 3.0 * (i + 1), c
        )
        for i, c in enumerate((_WHITE, _CREAM, _WHITE))
    ]
    bridge = Block((0.42, 0.5), (-0.75, 0.75), 9.5, _DARK)
    funnel_at = rng.uniform(-0.5, -0.2)
    funnel = Block((funnel_at, funnel_at + 0.08), (-0.2, 0.2), 13.0, _BLUE)
    return [*tiers, bridge, funnel]


def _tanker(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """White superstructure aft, pipes along the deck, manifolds amidships, a forecastle."""
    height = 0.08 * boat.length_m
    house = Block((-0.93, -0.78), (-0.8, 0.8), height, _WHITE)
    funnel = Block((-0.97, -0.93), (-0.2, 0.2), height + 2, _ORANGE)
    pipes = Block((-0.75, 0.8), (-0.08, 0.08), 1.5, _weathered(rng, _CREAM))
    manifold = Block((-0.03, 0.03), (-0.8, 0.8), 2.0, _weathered(rng, _GREY))
    tanks = [Block((a, a + 0.015), (-0.75, 0.75), 0.8, _GREY) for a in np.arange(-0.6, 0.75, 0.22)]
    return [*tanks, pipes, manifold, house, funnel, Block((0.88, 0.94), (-0.25, 0.25), 2.0, _GREY)]


def _container(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """Bays of coloured boxes before and behind the superstructure."""
    house_at = rng.uniform(-0.75, -0.45)
    colours = (_RUST, _BLUE, _GREEN, _ORANGE, _GREY, _WHITE, _CREAM)
    blocks = []
    bay = 2 * 13.5 / boat.length_m
    rows = max(2, round(boat.beam_m / 2.5) // 2)
    for start in np.arange(-0.92, 0.78, bay):
        if house_at - bay < start < house_at + 0.09 or rng.random() < 0.08:
            continue
        for row in range(rows):
            low = -0.92 + 1.84 * row / rows
            colour = colours[int(rng.integers(len(colours)))]
            tall = 2.6 * int(rng.integers(1, 6))
            blocks.append(
                Block((start, start + 0.92 * bay), (low, low + 1.76 / rows), tall, colour)
            )
    house = Block((house_at, house_at + 0.08), (-0.9, 0.9), 0.12 * boat.length_m, _WHITE)
    return [*blocks, house]


_FITTINGS = {
    "dinghy": _small_craft,
    "motor boat": _small_craft,
    "sailing boat": _sailing,
    "fishing boat": _fishing,
    "ferry": _ferry,
    "tanker": _tanker,
    "container ship": _container,
}


def half_beam(boat: Boat, along: Image) -> Image:
    """Half the hull's width in metres at positions -1 (stern) to 1 (stem); 0 outside."""
    entrance = np.float32(2 * boat.kind.bow)
    t = np.clip((along - (1 - entrance)) / entrance, 0, 1)
    run = np.clip((-0.4 - along) / np.float32(0.6), 0, 1)
    shape = (1 - t * t) * (1 - np.float32(1 - _TRANSOM) * run * run)
    return np.where(np.abs(along) <= 1, shape * np.float32(boat.beam_m / 2), 0)


@dataclass(frozen=True, slots=True)
class _Raster:
    """A fine grid of points over a boat, with its hull's axes.

    x_m, y_m: points from the boat's centre in pixel axes, (cols,) and (rows,), evenly spaced.
    """

    boat: Boat
    x_m: Image
    y_m: Image

    def hull(self, cast: tuple[float, float]) -> NDArray[np.bool_]:
        """Points under the hull's outline moved by `cast` metres, (rows, cols)."""
        boat = self.boat
        along, across = self._axes(slice(None), slice(None), cast)
        width = half_beam(boat, along * np.float32(2 / boat.length_m))
        return (np.abs(across) <= width) & (width > 0)

    def block(
        self, block: Block, cast: tuple[float, float]
    ) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
        """The part of the grid around a box moved by `cast` metres, and its points there."""
        half_length, half_beam_m = self.boat.length_m / 2, self.boat.beam_m / 2
        ends = np.array(block.along) * half_length, np.array(block.across) * half_beam_m
        cos, sin = np.cos(self.boat.angle), np.sin(self.boat.angle)
        a, c = (corner.ravel() for corner in np.meshgrid(*ends))
        cols = _span(self.x_m, a * cos - c * sin + cast[0])
        rows = _span(self.y_m, a * sin + c * cos + cast[1])
        along, across = self._axes(rows, cols, cast)
        inside = (along >= ends[0][0]) & (along <= ends[0][1])
        inside &= (across >= ends[1][0]) & (across <= ends[1][1])
        return (rows, cols), inside

    def _axes(self, rows: slice, cols: slice, cast: tuple[float, float]) -> tuple[Image, Image]:
        x = self.x_m[cols][None, :] - np.float32(cast[0])
        y = self.y_m[rows][:, None] - np.float32(cast[1])
        cos, sin = np.float32(np.cos(self.boat.angle)), np.float32(np.sin(self.boat.angle))
        return x * cos + y * sin, y * cos - x * sin


def _span(points: Image, extremes: NDArray[np.float64]) -> slice:
    first, last = np.searchsorted(points, (extremes.min(), extremes.max()))
    return slice(int(first), int(last) + 1)


def paint(
    image: Image,
    boat: Boat,
    dress: Looks,
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    gsd_m: float,
    band: int,
    sun: Sun,
) -> None:
    """Draw the boat onto one band (rows, cols) in place, antialiased.

    x_m, y_m: pixel centres from the boat's centre, (cols,) and (rows,).
    """
    n = int(np.clip(np.ceil(16 * gsd_m / boat.beam_m), 2, 8))
    parts = ((np.arange(n) + 0.5) / n - 0.5) * gsd_m
    x, y = ((v[:, None] + parts).ravel().astype(np.float32) for v in (x_m, y_m))
    grid = _Raster(boat, x, y)
    hull = grid.hull((0.0, 0.0))
    colour = np.full(hull.shape, dress.deck[band], np.float32)
    shadow = grid.hull(sun.shadow_offset(boat.deck_height_m))
    for block in dress.blocks:
        if block.height_m > _FLAT_M:
            where, mask = grid.block(block, sun.shadow_offset(block.height_m))
            colour[where][mask] *= np.float32(_SHADE)
            where, mask = grid.block(block, sun.shadow_offset(block.height_m + boat.deck_height_m))
            shadow[where] |= mask
        where, mask = grid.block(block, (0.0, 0.0))
        colour[where][mask] = block.colour[band]
    covered, shaded, deck = (
        a.reshape(len(y_m), n, len(x_m), n).mean(axis=(1, 3), dtype=np.float32)
        for a in (hull, shadow & ~hull, colour * hull)
    )
    image *= 1 - np.float32(1 - _SHADE) * shaded
    image *= 1 - covered
    image += deck


def reach_m(boat: Boat, dress: Looks, sun: Sun) -> float:
    """Radius around the centre that holds the hull and every shadow it throws."""
    highest = max(block.height_m for block in dress.blocks) + boat.deck_height_m
    return boat.length_m / 2 + highest * float(np.tan(sun.zenith)) + boat.beam_m
