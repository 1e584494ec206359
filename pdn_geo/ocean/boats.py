"""Kinds of boat, and one boat of a kind."""

from dataclasses import dataclass, replace

import numpy as np

_FENDERED = 1.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of boat: its share of the fleet and how it is built."""

    name: str
    share: float
    length_m: tuple[float, float, float]  # median, least, greatest
    spread: float  # of the logarithm of length
    slenderness: tuple[float, float]  # length over beam
    speed_mps: tuple[float, float]
    freeboard: float  # height of the deck over beam
    bow: float  # share of the length over which the hull narrows to the stem


KINDS = (
    Kind(
        name="dinghy", share=0.14, length_m=(5, 4, 7), spread=0.18, slenderness=(2.2, 2.9),
        speed_mps=(1, 11), freeboard=0.2, bow=0.45,
    ),
    Kind(
        name="motor boat", share=0.32, length_m=(9.5, 6, 28), spread=0.35, slenderness=(2.8, 3.7),
        speed_mps=(3, 17), freeboard=0.35, bow=0.5,
    ),
    Kind(
        name="sailing boat", share=0.18, length_m=(11, 6.5, 24), spread=0.25,
        slenderness=(2.9, 3.7), speed_mps=(1.5, 4), freeboard=0.3, bow=0.6,
    ),
    Kind(
        name="fishing boat", share=0.18, length_m=(17, 8, 60), spread=0.45, slenderness=(2.9, 4.0),
        speed_mps=(1.5, 6), freeboard=0.35, bow=0.4,
    ),
    Kind(
        name="ferry", share=0.06, length_m=(60, 25, 190), spread=0.5, slenderness=(4.2, 6.5),
        speed_mps=(5, 13), freeboard=0.5, bow=0.28,
    ),
    Kind(
        name="tanker", share=0.06, length_m=(165, 80, 300), spread=0.35, slenderness=(5.6, 6.6),
        speed_mps=(4, 8), freeboard=0.3, bow=0.13,
    ),
    Kind(
        name="container ship", share=0.06, length_m=(185, 90, 300), spread=0.35,
        slenderness=(6.2, 7.6), speed_mps=(5, 11), freeboard=0.45, bow=0.2,
    ),
)  # fmt: skip
# met near coasts only
HARBOUR_KINDS = (
    Kind(
        name="motor yacht", share=0.12, length_m=(16, 10, 60), spread=0.35, slenderness=(3.4, 4.6),
        speed_mps=(4, 14), freeboard=0.4, bow=0.45,
    ),
    Kind(
        name="workboat", share=0.12, length_m=(24, 9, 55), spread=0.4, slenderness=(2.6, 3.6),
        speed_mps=(2, 6), freeboard=0.3, bow=0.25,
    ),
    Kind(
        name="barge", share=0.05, length_m=(55, 20, 110), spread=0.3, slenderness=(3.2, 5.0),
        speed_mps=(1, 4), freeboard=0.15, bow=0.04,
    ),
    Kind(
        name="bulk carrier", share=0.04, length_m=(170, 90, 290), spread=0.3,
        slenderness=(5.4, 6.6), speed_mps=(4, 8), freeboard=0.35, bow=0.12,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Boat:
    """One boat. Metres in pixel axes from the scene's top-left corner, at time 0.

    angle: where the bow points, radians from +x towards +y. speed_mps is 0 for a still
    one; berthed: lies at a pontoon, pier or quay. seed: decides its looks.
    """

    kind: Kind
    x: float
    y: float
    length_m: float
    beam_m: float
    angle: float
    speed_mps: float
    seed: int
    berthed: bool = False

    @property
    def status(self) -> str:
        """`underway`, `still` (at anchor, moored or adrift) or `berthed`."""
        if self.berthed:
            return "berthed"
        return "underway" if self.speed_mps > 0 else "still"

    def at(self, x: float, y: float, angle: float) -> "Boat":
        """The same boat elsewhere."""
        return replace(self, x=x, y=y, angle=float((angle + np.pi) % (2 * np.pi) - np.pi))

    @property
    def deck_height_m(self) -> float:
        """Height of the deck over the water."""
        return self.kind.freeboard * self.beam_m

    def moved(self, seconds: float) -> tuple[float, float]:
        """Where its centre is at another time, metres."""
        way = self.speed_mps * seconds
        return self.x + way * float(np.cos(self.angle)), self.y + way * float(np.sin(self.angle))


def kinds_named(*names: str) -> tuple[Kind, ...]:
    """The kinds of those names, in that order."""
    known = {kind.name: kind for kind in (*KINDS, *HARBOUR_KINDS)}
    return tuple(known[name] for name in names)


def random_length(rng: np.random.Generator, kind: Kind) -> float:
    """A length as the kind's boats have it, metres."""
    median, least, greatest = kind.length_m
    return float(np.clip(median * np.exp(kind.spread * rng.standard_normal()), least, greatest))


def boat_of(
    rng: np.random.Generator,
    kind: Kind,
    length_m: float | None,
    limits: tuple[float, float] = (0.0, np.inf),
) -> Boat:
    """A still boat at the origin, of that length or of one its kind has within `limits`.

    Boats in harbours measure some tenth beamier than at sea: fenders, tenders, davits.
    """
    length = random_length(rng, kind) if length_m is None else length_m
    length = float(np.clip(length, *limits))
    return Boat(
        kind=kind,
        x=0.0,
        y=0.0,
        length_m=length,
        beam_m=_FENDERED * length / float(rng.uniform(*kind.slenderness)),
        angle=0.0,
        speed_mps=0.0,
        seed=int(rng.integers(2**31)),
    )
