"""How one boat is painted and what stands on its deck."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pdn_geo.ocean import paint as p
from pdn_geo.ocean import ships, small_craft
from pdn_geo.ocean.blocks import Block
from pdn_geo.ocean.boats import Boat
from pdn_geo.ocean.materials import Colour
from pdn_geo.ocean.paint import weathered

_DECKS: dict[str, tuple[Colour, ...]] = {
    "dinghy": (p.WHITE, p.GREY, p.ORANGE, p.DARK, p.BLUE),
    "motor boat": (p.WHITE, p.WHITE, p.WHITE, p.CREAM, p.BLUE, p.DARK),
    "motor yacht": (p.WHITE, p.WHITE, p.WHITE, p.WHITE, p.LIGHT, p.NAVY),
    "sailing boat": (p.WHITE, p.WHITE, p.WHITE, p.CREAM, p.LIGHT, p.WOOD, p.NAVY),
    "fishing boat": (p.WHITE, p.GREEN, p.BLUE, p.RUST, p.GREY, p.DARK),
    "workboat": (p.BLACK, p.DARK, p.RUST, p.GREY, p.BLUE, p.ORANGE),
    "barge": (p.RUST, p.DARK, p.GREY, p.RUST, p.BLACK),
    "ferry": (p.WHITE, p.WHITE, p.CREAM, p.GREEN),
    "tanker": (p.RUST, p.GREEN, p.RUST, p.GREY, p.DARK),
    "bulk carrier": (p.RUST, p.GREY, p.RUST, p.GREEN, p.DARK),
    "container ship": (p.GREY, p.RUST, p.DARK, p.GREEN),
}
_FITTINGS: dict[str, Callable[[np.random.Generator, Boat], list[Block]]] = {
    "dinghy": small_craft.dinghy,
    "motor boat": small_craft.motor_boat,
    "motor yacht": small_craft.motor_yacht,
    "sailing boat": small_craft.sailing,
    "fishing boat": small_craft.fishing,
    "workboat": small_craft.workboat,
    "barge": ships.barge,
    "ferry": ships.ferry,
    "tanker": ships.tanker,
    "bulk carrier": ships.bulk,
    "container ship": ships.container,
}


@dataclass(frozen=True, slots=True)
class Looks:
    """Paint and boxes of one boat."""

    deck: Colour
    blocks: tuple[Block, ...]


def looks(boat: Boat) -> Looks:
    """The looks that follow from a boat's kind and seed."""
    rng = np.random.default_rng([boat.seed, 7])
    decks = _DECKS[boat.kind.name]
    deck = weathered(rng, decks[int(rng.integers(len(decks)))])
    return Looks(deck, tuple(_FITTINGS[boat.kind.name](rng, boat)))
