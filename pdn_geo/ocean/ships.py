"""What stands on the decks of barges, ferries and ships."""

from itertools import pairwise

import numpy as np

from pdn_geo.ocean import paint as p
from pdn_geo.ocean.blocks import Block
from pdn_geo.ocean.boats import Boat
from pdn_geo.ocean.paint import one_of, weathered


def barge(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """A box of a hull: heaped cargo, covered hatches, or an empty hold."""
    cargo = one_of(rng, p.SANDY, p.COAL, p.RUST, p.GREY, p.LIGHT, p.DARK)
    ends = np.linspace(-0.86, 0.86, int(rng.integers(2, 7)))
    holds = [Block((a + 0.02, b - 0.02), (-0.8, 0.8), float(rng.uniform(0, 2)), cargo)
             for a, b in pairwise(ends)]  # fmt: skip
    house = Block((-0.97, -0.88), (-0.5, 0.5), 3.0, p.WHITE)
    return [*holds, house] if rng.random() < 0.4 else holds


def ferry(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """Tiers of white decks, a bridge forward, a funnel aft."""
    tiers = [
        Block(
            (-0.85 + 0.1 * i, 0.7 - 0.12 * i), (-0.85 + 0.1 * i, 0.85 - 0.1 * i), 3.0 * (i + 1), c
        )
        for i, c in enumerate((p.WHITE, p.CREAM, p.WHITE))
    ]
    bridge = Block((0.42, 0.5), (-0.75, 0.75), 9.5, p.DARK)
    funnel_at = rng.uniform(-0.5, -0.2)
    funnel = Block((funnel_at, funnel_at + 0.08), (-0.2, 0.2), 13.0, p.BLUE)
    return [*tiers, bridge, funnel]


def tanker(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """White superstructure aft, pipes along the deck, manifolds amidships, a forecastle."""
    height = 0.08 * boat.length_m
    house = Block((-0.93, -0.78), (-0.8, 0.8), height, p.WHITE)
    funnel = Block((-0.97, -0.93), (-0.2, 0.2), height + 2, p.ORANGE)
    pipes = Block((-0.75, 0.8), (-0.08, 0.08), 1.5, weathered(rng, p.CREAM))
    manifold = Block((-0.03, 0.03), (-0.8, 0.8), 2.0, weathered(rng, p.GREY))
    tanks = [Block((a, a + 0.015), (-0.75, 0.75), 0.8, p.GREY) for a in np.arange(-0.6, 0.75, 0.22)]
    return [*tanks, pipes, manifold, house, funnel, Block((0.88, 0.94), (-0.25, 0.25), 2.0, p.GREY)]


def bulk(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """A row of wide hatches, some with cranes between them, the superstructure aft."""
    height = 0.08 * boat.length_m
    cover = one_of(rng, p.RUST, p.GREY, p.GREEN, p.LIGHT, p.CREAM)
    ends = np.linspace(-0.72, 0.86, int(rng.integers(5, 9)) + 1)
    hatches = [Block((a + 0.02, b - 0.04), (-0.62, 0.62), 2.0, cover)
               for a, b in pairwise(ends)]  # fmt: skip
    cranes = [Block((a - 0.015, a + 0.015), (-0.12, 0.12), 18.0, one_of(rng, p.YELLOW, p.WHITE))
              for a in ends[1:-1:2]]  # fmt: skip
    house = Block((-0.93, -0.78), (-0.85, 0.85), height, p.WHITE)
    return [*hatches, *(cranes if rng.random() < 0.6 else []), house]


def container(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """Bays of coloured boxes before and behind the superstructure."""
    house_at = rng.uniform(-0.75, -0.45)
    colours = (p.RUST, p.BLUE, p.GREEN, p.ORANGE, p.GREY, p.WHITE, p.CREAM)
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
    house = Block((house_at, house_at + 0.08), (-0.9, 0.9), 0.12 * boat.length_m, p.WHITE)
    return [*blocks, house]
