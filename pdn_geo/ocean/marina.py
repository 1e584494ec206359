"""Marinas: walkways that run out from the shore, fingers, and boats side by side."""

from dataclasses import dataclass

import numpy as np

from pdn_geo.ocean import materials as m
from pdn_geo.ocean.boats import Boat, boat_of, kinds_named
from pdn_geo.ocean.materials import Colour
from pdn_geo.ocean.site import Site, Waters
from pdn_geo.ocean.works import Surface, Work

_TRIES = 24
_SMALLEST_M, _LARGEST_M = 60.0, 320.0  # along the shore
_DECKS: tuple[Colour, ...] = (
    m.TIMBER,
    m.GREY_TIMBER,
    m.PALE_CONCRETE,
    m.PALE_CONCRETE,
    m.LIGHT_GREY,
)
_WALLS: tuple[Colour, ...] = (m.RUBBLE, m.PALE_RUBBLE, m.PALE_CONCRETE)


@dataclass(frozen=True, slots=True)
class _Style:
    """What all of one marina shares."""

    deck: Colour
    fingers: int  # boats between two fingers; 0 for none
    typical_m: float  # length of boat
    sailing: float  # share of sailing boats
    filled: float
    bows_in: float


def marina(rng: np.random.Generator, waters: Waters, size: int) -> tuple[list[Work], list[Boat]]:
    """One marina on free water; nothing where none fits."""
    extent = waters.extent_m
    wide = float(np.clip(rng.uniform(0.5, 1.1) * extent, _SMALLEST_M, _LARGEST_M))
    deep = float(np.clip(wide * rng.uniform(0.45, 1.0), 45, 200))
    for site in waters.sites(rng, _TRIES, size):
        plot = site.outline((4, deep), (-wide / 2, wide / 2))
        x, y = np.array([site.place(o, s) for o in np.linspace(10, deep, 5)
                         for s in np.linspace(-wide / 2, wide / 2, 5)]).T  # fmt: skip
        if waters.free(plot) and waters.wet(x, y, 3.0).mean() > 0.75:
            waters.taken.append(plot.buffer(12))
            return _laid_out(rng, site, waters, wide, deep)
    return [], []


def _laid_out(
    rng: np.random.Generator, site: Site, waters: Waters, wide: float, deep: float
) -> tuple[list[Work], list[Boat]]:
    style = _Style(
        deck=_DECKS[int(rng.integers(len(_DECKS)))],
        fingers=int(rng.choice((0, 1, 2, 2))),
        typical_m=float(rng.uniform(8, 15)),
        sailing=float(rng.beta(1.2, 1.5)),
        filled=float(1 - 0.65 * rng.beta(1, 2.6)),
        bows_in=float(rng.choice((0.15, 0.5, 0.85))),
    )
    works, boats = _edge(rng, site, waters, wide, deep)
    cross = rng.random() < 0.25  # one walkway along the shore rather than many out from it
    side = -wide / 2 + 2
    while side < wide / 2 - 6:
        slot = style.typical_m * float(rng.uniform(0.8, 1.35))
        fairway = slot * float(rng.uniform(1.0, 1.7))
        if cross:
            at = 8 + (side + wide / 2) * deep / wide
            _walkway(rng, site, style, works, boats, slot, across=True, at=at,
                     span=(-wide / 2, wide / 2))  # fmt: skip
        else:
            far = deep * float(rng.uniform(0.75, 1.0))
            _walkway(rng, site, style, works, boats, slot, across=False,
                     at=side + slot + 1.5, span=(0.0, far))  # fmt: skip
        side += (2 * slot + fairway) * (wide / deep if cross else 1)
    return works, waters.afloat(boats)


def _edge(
    rng: np.random.Generator, site: Site, waters: Waters, wide: float, deep: float
) -> tuple[list[Work], list[Boat]]:
    """The promenade at the shore, and often a breakwater about the whole."""
    works: list[Work] = []

    def wall(
        what: str,
        length: float,
        width: float,
        height: float,
        colour: Colour,
        surface: Surface = "rubble",
    ) -> Work:
        return Work(what=what, x=0, y=0, length_m=length, width_m=width, angle=0,
                    height_m=height, colour=colour, surface=surface)  # fmt: skip

    if waters.shore is not None:
        deep_m = float(rng.uniform(12, 45))
        edges: tuple[tuple[float, Surface], ...] = ((5.0, "plain"), (deep_m, "carpark"))
        for width, surface in edges:
            apron = wall("quay", wide + 20, width, 2.0, m.CONCRETE, surface)
            out = 3.5 - width / 2 - (5.0 if surface == "carpark" else 0.0)
            works.append(site.work(apron, out=out, side=0, turn=np.pi / 2))
    if rng.random() < 0.55:
        colour = _WALLS[int(rng.integers(len(_WALLS)))]
        thick = float(rng.uniform(5, 14))
        sign = 1 if rng.random() < 0.5 else -1
        arm = wall("breakwater", deep + 34, thick, 3.0, colour)
        works.append(site.work(arm, out=deep / 2 + 8, side=sign * (wide / 2 + 10)))
        if rng.random() < 0.7:
            length = wide * float(rng.uniform(0.5, 0.95))
            bar = wall("breakwater", length, thick, 3.0, colour)
            offset = sign * ((wide - length) / 2 + 10)
            works.append(site.work(bar, out=deep + 25, side=offset, turn=np.pi / 2))
    return works, []


def _walkway(
    rng: np.random.Generator,
    site: Site,
    style: _Style,
    works: list[Work],
    boats: list[Boat],
    slot: float,
    *,
    across: bool,
    at: float,
    span: tuple[float, float],
) -> None:
    """One walkway from span[0] to span[1] with boats on both sides, `slot` metres long."""
    turn = np.pi / 2 if across else 0.0

    def where(along: float, off: float) -> dict[str, float]:
        return {"out": at - off, "side": along} if across else {"out": along, "side": at + off}

    deck_m = float(rng.uniform(1.6, 3.0))
    bar = Work(what="pontoon", x=0, y=0, length_m=span[1] - span[0] + 2, width_m=deck_m, angle=0,
               height_m=0.6, colour=style.deck)  # fmt: skip
    works.append(site.work(bar, **where(sum(span) / 2, 0.0), turn=turn))
    if not across and rng.random() < 0.5:
        _head(rng, site, style, works, boats, slot, out=span[1] + 2, side=at)
    kinds = kinds_named("sailing boat", "motor boat", "motor boat", "motor yacht", "dinghy")
    for sign in (1, -1):
        along, count = span[0] + (2.0 if across else 9.0), 0
        while along < span[1] - 2:
            sailing = rng.random() < style.sailing
            kind = (
                kinds[0]
                if sailing
                else kinds[int(rng.choice((1, 2, 3, 4), p=(0.4, 0.3, 0.22, 0.08)))]
            )
            boat = boat_of(rng, kind, slot * float(rng.uniform(0.68, 1.0)))
            pitch = max(boat.beam_m, 0.25 * slot) + float(rng.uniform(0.4, 1.1))
            if style.fingers and count % style.fingers == 0:
                length = slot * float(rng.uniform(0.75, 0.95))
                finger = Work(what="pontoon", x=0, y=0, length_m=length, width_m=float(
                    rng.uniform(0.7, 1.1)), angle=0, height_m=0.5, colour=style.deck)  # fmt: skip
                off = sign * (deck_m + length) / 2
                works.append(site.work(finger, **where(along, off), turn=turn + np.pi / 2))
                along += 0.6
            if rng.random() < style.filled:
                off = sign * (deck_m / 2 + 0.5 + boat.length_m / 2)
                inward = rng.random() < style.bows_in
                bow = turn + (sign * np.pi / 2) + (np.pi if inward else 0.0)
                skew = float(rng.normal(0, 0.025))
                at_berth = where(along + pitch / 2, off)
                boats.append(site.boat(boat, **at_berth, turn=bow + skew))
            along += pitch
            count += 1


def _head(
    rng: np.random.Generator,
    site: Site,
    style: _Style,
    works: list[Work],
    boats: list[Boat],
    slot: float,
    *,
    out: float,
    side: float,
) -> None:
    """The cross piece at a walkway's end, with a larger boat alongside now and then."""
    bar = Work(what="pontoon", x=0, y=0, length_m=1.6 * slot, width_m=2.4, angle=0, height_m=0.6,
               colour=style.deck)  # fmt: skip
    works.append(site.work(bar, out=out, side=side, turn=np.pi / 2))
    if rng.random() < style.filled:
        kind = kinds_named("motor yacht", "sailing boat")[int(rng.integers(2))]
        boat = boat_of(rng, kind, slot * float(rng.uniform(1.0, 1.4)))
        off = out + 1.2 + 0.4 + boat.beam_m / 2
        turn = np.pi / 2 if rng.random() < 0.5 else -np.pi / 2
        boats.append(site.boat(boat, out=off, side=side, turn=turn))
