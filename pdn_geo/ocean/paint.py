"""Paint and canvas of boats: reflectances in red, green, blue, NIR, and how they weather."""

import numpy as np

from pdn_geo.ocean.materials import Colour

WHITE, GREY, DARK = (0.62, 0.63, 0.62, 0.58), (0.30, 0.31, 0.31, 0.28), (0.05, 0.055, 0.06, 0.05)
RUST, GREEN, BLUE = (0.27, 0.13, 0.09, 0.33), (0.13, 0.25, 0.18, 0.26), (0.07, 0.13, 0.28, 0.22)
WOOD, ORANGE, CREAM = (0.36, 0.28, 0.19, 0.42), (0.52, 0.24, 0.09, 0.5), (0.55, 0.52, 0.43, 0.52)
NAVY, TAN, LIGHT = (0.03, 0.045, 0.11, 0.12), (0.33, 0.27, 0.19, 0.38), (0.48, 0.49, 0.49, 0.45)
BLACK, CLARET, YELLOW = (0.03, 0.03, 0.03, 0.03), (0.22, 0.05, 0.05, 0.3), (0.5, 0.4, 0.07, 0.48)
SANDY, COAL = (0.33, 0.28, 0.21, 0.37), (0.04, 0.04, 0.04, 0.05)
CANVAS = (NAVY, BLUE, BLUE, TAN, GREY, BLACK, WHITE, CLARET, GREEN)


def weathered(rng: np.random.Generator, colour: Colour) -> Colour:
    worn = rng.uniform(0.8, 1.15)
    tint = (worn * rng.uniform(0.96, 1.04, 4)).tolist()
    return colour[0] * tint[0], colour[1] * tint[1], colour[2] * tint[2], colour[3] * tint[3]


def one_of(rng: np.random.Generator, *colours: Colour) -> Colour:
    return weathered(rng, colours[int(rng.integers(len(colours)))])
