"""Reflectances of what coasts are made of, in red, green, blue and near infrared.

Orders of magnitude after the ECOSTRESS spectral library (Meerdink et al. 2019, Remote Sens.
Environ. 230) and ports in Sentinel-2 surface reflectance.
"""

Colour = tuple[float, float, float, float]

ASPHALT: Colour = (0.085, 0.085, 0.085, 0.10)
CONCRETE: Colour = (0.27, 0.26, 0.235, 0.30)
PALE_CONCRETE: Colour = (0.38, 0.365, 0.33, 0.40)
RUBBLE: Colour = (0.24, 0.225, 0.20, 0.26)
PALE_RUBBLE: Colour = (0.36, 0.335, 0.29, 0.38)
TIMBER: Colour = (0.23, 0.205, 0.175, 0.30)
GREY_TIMBER: Colour = (0.30, 0.285, 0.26, 0.34)
WET_ROCK: Colour = (0.075, 0.07, 0.06, 0.09)
STEEL: Colour = (0.20, 0.205, 0.21, 0.20)

SAND: Colour = (0.36, 0.31, 0.245, 0.42)
PALE_SAND: Colour = (0.50, 0.455, 0.385, 0.55)
GREY_SAND: Colour = (0.25, 0.235, 0.205, 0.29)
SOIL: Colour = (0.19, 0.145, 0.10, 0.26)
DRY_GRASS: Colour = (0.175, 0.15, 0.095, 0.28)
GRASS: Colour = (0.075, 0.10, 0.05, 0.36)
SCRUB: Colour = (0.075, 0.08, 0.05, 0.23)
FOREST: Colour = (0.026, 0.042, 0.022, 0.24)
MARSH: Colour = (0.085, 0.085, 0.055, 0.20)

WHITE: Colour = (0.62, 0.63, 0.62, 0.58)
CREAM: Colour = (0.55, 0.52, 0.43, 0.52)
LIGHT_GREY: Colour = (0.40, 0.40, 0.395, 0.38)
GREY: Colour = (0.24, 0.24, 0.24, 0.23)
DARK_GREY: Colour = (0.12, 0.118, 0.115, 0.12)
BLACK: Colour = (0.035, 0.036, 0.038, 0.04)
BROWN: Colour = (0.15, 0.12, 0.095, 0.18)
TILE: Colour = (0.26, 0.14, 0.09, 0.31)
RED: Colour = (0.30, 0.055, 0.05, 0.32)
ORANGE: Colour = (0.42, 0.17, 0.06, 0.42)
YELLOW: Colour = (0.48, 0.38, 0.06, 0.46)
GREEN: Colour = (0.06, 0.19, 0.10, 0.24)
BLUE: Colour = (0.055, 0.11, 0.26, 0.20)
PALE_BLUE: Colour = (0.20, 0.32, 0.44, 0.34)
RUST: Colour = (0.24, 0.11, 0.075, 0.30)
