"""Boxes on deck, the parts that a boat's superstructure is put together from."""

from dataclasses import dataclass

from pdn_geo.ocean.boats import Boat
from pdn_geo.ocean.materials import Colour


@dataclass(frozen=True, slots=True)
class Block:
    """A box on deck. Along the hull from -1 (stern) to 1 (bow), across in beams from -1 to 1.

    follows: its sides keep to the hull's outline, `across` being shares of the beam there.
    """

    along: tuple[float, float]
    across: tuple[float, float]
    height_m: float
    colour: Colour
    follows: bool = False

    def size_m(self, boat: Boat) -> tuple[float, float]:
        """Metres along and across the hull."""
        along = (self.along[1] - self.along[0]) * boat.length_m / 2
        return along, (self.across[1] - self.across[0]) * boat.beam_m / 2


def inset(start: float, end: float, share: float, height: float, colour: Colour) -> Block:
    return Block((start, end), (-share, share), height, colour, follows=True)
