"""What stands on the decks of boats of up to some thirty metres."""

import numpy as np

from pdn_geo.ocean import paint as p
from pdn_geo.ocean.blocks import Block, inset
from pdn_geo.ocean.boats import Boat
from pdn_geo.ocean.paint import one_of


def dinghy(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """A rim or tubes round an open inside, thwarts or a console, an engine or none."""
    inside = inset(-0.9, 0.85, float(rng.uniform(0.5, 0.75)), 0.0,
                    one_of(rng, p.GREY, p.DARK, p.WOOD, p.LIGHT, p.TAN))  # fmt: skip
    if rng.random() < 0.25:
        return [inset(-0.95, 0.95, 0.9, 0.0, one_of(rng, *p.CANVAS))]
    if rng.random() < 0.4:
        parts = [Block((-0.2, 0.12), (-0.3, 0.3), 0.8, one_of(rng, p.WHITE, p.DARK, p.LIGHT))]
    else:
        parts = [Block((at, at + 0.09), (-0.7, 0.7), 0.1, one_of(rng, p.WOOD, p.WHITE))
                 for at in (-0.5, 0.0, 0.4)]  # fmt: skip
    if rng.random() < 0.7:
        parts.append(Block((-1.0, -0.86), (-0.2, 0.2), 0.5, p.DARK))
    return [inside, *parts]


def motor_boat(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """A cabin, an open boat with a console and a top, or all under canvas."""
    canvas = one_of(rng, *p.CANVAS)
    sort = rng.random()
    if sort < 0.14:
        return [inset(-0.96, float(rng.uniform(0.5, 0.9)), 0.93, 0.3, canvas)]
    engines = [Block((-1.0, -0.88), (a - 0.13, a + 0.13), 0.5, one_of(rng, p.DARK, p.WHITE))
               for a in ((0.0,) if boat.length_m < 7.5 else (-0.25, 0.25))]  # fmt: skip
    floor = inset(-0.9, 0.75, 0.78, 0.0, one_of(rng, p.LIGHT, p.WHITE, p.LIGHT, p.CREAM, p.GREY))
    if sort < 0.5:
        top = Block((-0.35, float(rng.uniform(-0.05, 0.12))), (-0.55, 0.55), 1.9,
                    one_of(rng, p.WHITE, *p.CANVAS))  # fmt: skip
        bow = inset(0.45, 0.8, 0.6, 0.0, one_of(rng, p.CREAM, p.GREY, p.LIGHT))
        return [floor, bow, top, *engines]
    fore = float(rng.uniform(0.15, 0.5))
    aft = float(rng.uniform(-0.3, 0.0))
    cockpit = inset(-0.92, aft, 0.75, 0.0, one_of(rng, p.GREY, p.WOOD, p.TAN, p.DARK))
    cabin = inset(aft, fore, 0.72, 0.22 * boat.beam_m, one_of(rng, p.WHITE, p.CREAM))
    glass = inset(fore - 0.02, fore + 0.1, 0.66, 0.2, p.DARK)
    hatch = Block((fore + 0.2, fore + 0.3), (-0.16, 0.16), 0.1, p.GREY)
    cover = inset(-0.75, aft + 0.06, 0.72, 1.4, canvas)
    return [cockpit, cabin, glass, hatch, *([cover] if rng.random() < 0.5 else []), *engines]


def motor_yacht(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """White decks in tiers, dark glass round them, teak aft, cushions before and above."""
    white = one_of(rng, p.WHITE, p.WHITE, p.LIGHT)
    teak, cushion = (
        one_of(rng, p.WOOD, p.LIGHT, p.TAN),
        one_of(rng, p.CREAM, p.LIGHT, p.LIGHT, p.TAN, p.NAVY),
    )
    fore, high = float(rng.uniform(0.25, 0.45)), 0.3 * boat.beam_m
    return [
        inset(-1.0, -0.78, 0.9, 0.0, teak),
        inset(-0.78, -0.45, 0.8, 0.0, teak),
        inset(fore + 0.12, 0.8, 0.45, 0.15, cushion),
        inset(-0.55, fore + 0.08, 0.78, high, p.DARK),
        inset(-0.6, fore, 0.7, high + 0.2, white),
        inset(-0.45, float(rng.uniform(-0.05, 0.1)), 0.5, high + 0.3, cushion),
        inset(-0.35, float(rng.uniform(-0.2, 0.0)), 0.58, 2 * high,
               one_of(rng, p.WHITE, p.WHITE, *p.CANVAS)),
        Block((-0.4, -0.35), (-0.6, 0.6), 2.4 * high, white),
    ]  # fmt: skip


def sailing(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """A coachroof with windows, a cockpit, a boom along the middle, and a mast's shadow."""
    canvas = one_of(rng, p.NAVY, p.BLUE, p.WHITE, p.GREEN, p.TAN, p.CLARET)
    cockpit_end = float(rng.uniform(-0.4, -0.25))
    mast_at = float(rng.uniform(0.08, 0.2))
    mast_wide = 0.09 / boat.beam_m * 2
    deck = inset(
        -0.96, 0.93, 0.82, 0.0, one_of(rng, p.WHITE, p.WHITE, p.LIGHT, p.LIGHT, p.CREAM, p.WOOD)
    )
    cockpit = inset(-0.86, cockpit_end, 0.48, 0.0, one_of(rng, p.WOOD, p.GREY, p.DARK, p.LIGHT))
    roof = inset(cockpit_end, float(rng.uniform(0.35, 0.5)), 0.55, 0.4,
                  one_of(rng, p.WHITE, p.CREAM, p.LIGHT))  # fmt: skip
    windows = [Block((cockpit_end + 0.06, 0.22), (s - 0.035, s + 0.035), 0.42, p.DARK)
               for s in (-0.47, 0.47)]  # fmt: skip
    hatches = [Block((a, a + 0.06), (-0.14, 0.14), 0.45, p.DARK) for a in (0.28, 0.6)]
    hood = Block((cockpit_end - 0.06, cockpit_end + 0.08), (-0.5, 0.5), 1.0, canvas)
    sail = Block((-0.72, mast_at), (-0.09, 0.09), 1.6, canvas)
    mast = Block((mast_at, mast_at + 0.25 / boat.length_m), (-mast_wide, mast_wide),
                 1.15 * boat.length_m, p.LIGHT)  # fmt: skip
    jib = Block((0.9, 0.96), (-0.05, 0.05), 0.8 * boat.length_m, canvas)
    parts = [deck, cockpit, roof, *windows, *hatches, sail, mast, jib]
    if rng.random() < 0.6:
        parts.append(hood)
    if rng.random() < 0.25:
        parts.append(Block((-0.85, -0.5), (-0.6, 0.6), 1.9, canvas))
    return parts


def fishing(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """A wheelhouse forward or aft, a working deck with hatches and gear."""
    aft = rng.random() < 0.35
    deck = inset(-0.93, 0.85, 0.82, 0.0, one_of(rng, p.GREY, p.RUST, p.WOOD, p.GREEN, p.LIGHT))
    house_at = rng.uniform(-0.7, -0.5) if aft else rng.uniform(0.15, 0.35)
    house = Block((house_at - 0.17, house_at + 0.17), (-0.65, 0.65), 0.5 * boat.beam_m, p.WHITE)
    glass = Block((house_at + 0.1, house_at + 0.16), (-0.6, 0.6), 0.5 * boat.beam_m + 0.1, p.DARK)
    start = -0.25 if aft else -0.75
    hatches = [
        Block(
            (start + 0.28 * i, start + 0.28 * i + 0.14), (-0.4, 0.4), 0.3, p.ORANGE if i else p.GREY
        )
        for i in range(int(rng.integers(1, 4)))
    ]
    nets = [Block((a, a + 0.12), (b - 0.2, b + 0.2), 0.6, one_of(rng, p.GREEN, p.BLUE, p.TAN))
            for a, b in rng.uniform((start, -0.5), (start + 0.5, 0.5), (2, 2))]  # fmt: skip
    return [deck, *hatches, *nets, house, glass]


def workboat(rng: np.random.Generator, boat: Boat) -> list[Block]:
    """Dark fenders round a work deck, a wheelhouse, a winch or a crane."""
    at = float(rng.uniform(0.0, 0.4))
    height = 0.45 * boat.beam_m
    return [
        inset(-0.95, 0.93, 0.86, 0.0, one_of(rng, p.GREY, p.RUST, p.GREEN, p.TAN, p.LIGHT)),
        Block((-0.55, -0.4), (-0.3, 0.3), 1.0, one_of(rng, p.DARK, p.YELLOW, p.ORANGE)),
        Block(
            (at - 0.2, at + 0.18), (-0.62, 0.62), height, one_of(rng, p.WHITE, p.CREAM, p.ORANGE)
        ),
        Block((at - 0.08, at + 0.14), (-0.42, 0.42), 1.6 * height, one_of(rng, p.WHITE, p.LIGHT)),
        Block((at + 0.14, at + 0.19), (-0.4, 0.4), 1.5 * height, p.DARK),
        Block((-0.35, at - 0.25), (-0.06, 0.06), height, one_of(rng, p.YELLOW, p.WHITE, p.GREY)),
    ]
