"""Quays with ships alongside, and piers that lead from the shore out over the water."""

import numpy as np

from pdn_geo.ocean import materials as m
from pdn_geo.ocean.boats import Boat, Kind, boat_of, kinds_named
from pdn_geo.ocean.materials import Colour
from pdn_geo.ocean.site import Site, Waters
from pdn_geo.ocean.works import Work

_TRIES = 24
_BIG_PORT_M = 900.0  # extent of a scene from which quays are for ships, not for boats
_SMALL = ("fishing boat", "workboat", "motor boat", "motor yacht", "fishing boat")
_SHIPS = ("container ship", "tanker", "bulk carrier", "barge", "ferry", "workboat")
_ROOFS: tuple[Colour, ...] = (m.WHITE, m.LIGHT_GREY, m.GREY, m.TILE, m.PALE_BLUE, m.RUST)
_PAVING: tuple[Colour, ...] = (m.CONCRETE, m.PALE_CONCRETE, m.ASPHALT, m.GREY)


def quay(rng: np.random.Generator, waters: Waters, size: int) -> tuple[list[Work], list[Boat]]:
    """A straight quay with boats or ships lying along it; nothing where none fits."""
    extent = waters.extent_m
    port = extent > _BIG_PORT_M and rng.random() < 0.75
    longest = float(rng.uniform(300, 1300)) if port else float(rng.uniform(60, 260))
    length = min(longest, 0.9 * extent)
    deep = float(rng.uniform(60, 260)) if port else float(rng.uniform(16, 50))
    beyond = min(12.0 + length / 12, 60.0)
    for site in waters.sites(rng, _TRIES, size):
        plot = site.outline((2, beyond + 15), (-length / 2, length / 2))
        x, y = np.array([site.place(o, s) for o in (beyond / 2 + 5, beyond + 12)
                         for s in np.linspace(-length / 2, length / 2, 7)]).T  # fmt: skip
        if waters.free(plot) and waters.wet(x, y, 3.0).mean() > 0.7:
            edge = beyond * float(rng.uniform(0.1, 0.5))
            waters.taken.append(site.outline((-5, beyond + 15), (-length / 2 - 8, length / 2 + 8)))
            works = _terminal(rng, site, length, deep, edge, port=port)
            boats = _alongside(rng, site, length, edge, kinds_named(*(_SHIPS if port else _SMALL)))
            return works, waters.afloat(boats)
    return [], []


def pier(rng: np.random.Generator, waters: Waters, size: int) -> tuple[list[Work], list[Boat]]:
    """A pier on piles, with a head now and then, and perhaps boats beside it."""
    extent = waters.extent_m
    short = extent < 400 or rng.random() < 0.6
    length = float(rng.uniform(10, 35) if short else rng.uniform(60, 300))
    length = min(length, 0.4 * extent)
    wide = float(rng.uniform(1.4, 2.6) if short else rng.uniform(3, 9))
    height = float(rng.uniform(1.0, 2.0) if short else rng.uniform(3, 7))
    colour = (m.TIMBER, m.GREY_TIMBER, m.CONCRETE)[int(rng.integers(3))]
    for site in waters.sites(rng, _TRIES, size):
        plot = site.outline((5, length + 8), (-10, 10))
        x, y = np.array([site.place(o, 0) for o in (0.5 * length, length)]).T
        if not (waters.free(plot) and waters.wet(x, y, 2.0).all()):
            continue
        waters.taken.append(plot)
        bar = Work(what="pier", x=0, y=0, length_m=length + 12, width_m=wide, angle=0,
                   height_m=height, colour=colour)  # fmt: skip
        works = [site.work(bar, out=length / 2 - 6, side=0)]
        if rng.random() < 0.4:
            head = Work(what="pier", x=0, y=0, length_m=float(rng.uniform(2, 5)) * wide,
                        width_m=2 * wide, angle=0, height_m=height, colour=colour)  # fmt: skip
            works.append(site.work(head, out=length, side=0, turn=np.pi / 2))
        return works, _beside(rng, site, waters, length, wide) if short else []
    return [], []


def _alongside(
    rng: np.random.Generator, site: Site, length: float, edge: float, kinds: tuple[Kind, ...]
) -> list[Boat]:
    """Hulls parallel to the edge, bow either way, some with another rafted outside."""
    boats: list[Boat] = []
    side = -length / 2 + float(rng.uniform(2, 20))
    while side < length / 2:
        kind = kinds[int(rng.integers(len(kinds)))]
        boat = boat_of(rng, kind, None)
        gap = float(rng.uniform(0.06, 0.3)) * boat.length_m + 1.5
        if side + boat.length_m < length / 2 and rng.random() < 0.7:
            off = edge + 0.8 + boat.beam_m / 2 + float(rng.uniform(0, 1))
            turn = np.pi / 2 if rng.random() < 0.5 else -np.pi / 2
            middle = side + boat.length_m / 2
            boats.append(site.boat(boat, out=off, side=middle, turn=turn))
            if rng.random() < 0.2:
                outer = boat_of(rng, kind, boat.length_m * float(rng.uniform(0.6, 1.0)))
                off += (boat.beam_m + outer.beam_m) / 2 + 0.9
                boats.append(site.boat(outer, out=off, side=middle, turn=turn))
        side += boat.length_m * float(rng.uniform(1.0, 1.2)) + gap
    return boats


def _beside(
    rng: np.random.Generator, site: Site, waters: Waters, length: float, wide: float
) -> list[Boat]:
    boats = []
    for sign in (-1, 1):
        if rng.random() < 0.55:
            kind = kinds_named("motor boat", "dinghy", "sailing boat")[int(rng.integers(3))]
            boat = boat_of(rng, kind, float(rng.uniform(5, 12)))
            off = sign * (wide / 2 + boat.beam_m / 2 + float(rng.uniform(0.3, 1.2)))
            out = length - boat.length_m * float(rng.uniform(0.4, 0.7))
            turn = 0.0 if rng.random() < 0.5 else np.pi
            boats.append(site.boat(boat, out=out, side=off, turn=turn))
    return waters.afloat(boats)


def _terminal(
    rng: np.random.Generator, site: Site, length: float, deep: float, edge: float, *, port: bool
) -> list[Work]:
    """The paved ground behind the edge and what stands on it."""
    boxes = port and rng.random() < 0.5
    paving = _PAVING[int(rng.integers(len(_PAVING)))]
    ground = Work(what="quay", x=0, y=0, length_m=length, width_m=deep, angle=0, height_m=2.5,
                  colour=paving)  # fmt: skip
    works = [site.work(ground, out=edge - deep / 2, side=0, turn=np.pi / 2)]
    kerb = Work(what="quay", x=0, y=0, length_m=length, width_m=1.5, angle=0, height_m=0.0,
                colour=m.PALE_CONCRETE)  # fmt: skip
    works.append(site.work(kerb, out=edge - 0.75, side=0, turn=np.pi / 2))
    if boxes:
        stacks = Work(what="containers", x=0, y=0, length_m=0.94 * length, width_m=deep - 50,
                      angle=0, height_m=0.0, colour=paving, surface="yard")  # fmt: skip
        if deep > 80:
            works.append(site.work(stacks, out=edge - 42 - stacks.width_m / 2, side=0,
                                   turn=np.pi / 2))  # fmt: skip
        works += _cranes(rng, site, length, edge)
        return works
    for _ in range(int(rng.poisson(length / (60 if port else 30)))):
        wide = float(rng.uniform(0.25, 0.6)) * min(deep, 70.0)
        long = wide * float(rng.uniform(1.0, 4.0))
        shed = Work(what="building", x=0, y=0, length_m=long, width_m=wide, angle=0,
                    height_m=float(rng.uniform(4, 12)),
                    colour=_ROOFS[int(rng.integers(len(_ROOFS)))])  # fmt: skip
        out = edge - 4 - float(rng.uniform(0.5 * wide, max(deep - 0.6 * wide, wide)))
        works.append(site.work(shed, out=min(out, edge - 4 - wide / 2),
                               side=float(rng.uniform(-0.5, 0.5)) * (length - long),
                               turn=np.pi / 2))  # fmt: skip
    return works + _clutter(rng, site, length, edge)


def _clutter(rng: np.random.Generator, site: Site, length: float, edge: float) -> list[Work]:
    """Lorries, boxes and gear near the edge: as large and as bright as boats."""
    works = []
    colours = (m.WHITE, m.LIGHT_GREY, m.BLUE, m.RUST, m.DARK_GREY, m.YELLOW)
    for _ in range(int(rng.poisson(length / 14))):
        box = Work(what="vehicle", x=0, y=0, length_m=float(rng.uniform(3.5, 12)), width_m=float(
            rng.uniform(1.8, 2.6)), angle=0, height_m=float(rng.uniform(1.5, 3.5)),
            colour=colours[int(rng.integers(len(colours)))])  # fmt: skip
        works.append(site.work(box, out=edge - float(rng.uniform(2.5, 14)),
                               side=float(rng.uniform(-0.48, 0.48)) * length,
                               turn=np.pi / 2 * float(rng.choice((1, 1, 1, 2)))))  # fmt: skip
    return works


def _cranes(rng: np.random.Generator, site: Site, length: float, edge: float) -> list[Work]:
    """Gantries astride the edge: a boom out over the ships, legs, and a long shadow."""
    colour = (m.BLUE, m.WHITE, m.RED, m.LIGHT_GREY)[int(rng.integers(4))]
    works = []
    side = -length / 2 + float(rng.uniform(20, 90))
    while side < length / 2 - 15:
        raised = rng.random() < 0.5
        reach = 8.0 if raised else 42.0
        for offset in (-2.2, 2.2):
            boom = Work(what="crane", x=0, y=0, length_m=38 + reach, width_m=1.6, angle=0,
                        height_m=38.0, colour=colour)  # fmt: skip
            works.append(site.work(boom, out=edge + (reach - 38) / 2, side=side + offset))
        legs = Work(what="crane", x=0, y=0, length_m=26, width_m=2.0, angle=0, height_m=12.0,
                    colour=colour)  # fmt: skip
        for out in (edge - 4, edge - 32):
            works.append(site.work(legs, out=out, side=side, turn=np.pi / 2))
        side += float(rng.uniform(45, 190))
    return works
