"""What the patch network sees: pixels in units of the scene's own sea."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pdn_geo.sea import SeaStatistics

Image = NDArray[np.float32]

COLOURS = ("red", "green", "blue", "nir")
NEEDED = COLOURS[:3]
CHANNELS = (*COLOURS, "valid", "has_nir", "water", "gsd", "sea_state")

UNKNOWN_GSD_M = 3.0
KNEE = 2.0
"""Spreads of the sea up to which contrast is linear; beyond, it counts by its logarithm."""
LEAST_LEVEL = 1e-6
LEAST_STATE, MOST_STATE = 1e-3, 10.0


def network_input(
    values: Image,
    valid: NDArray[np.bool_],
    water: Image,
    level: Image,
    band_names: Sequence[str],
    gsd_m: float,
    sea: SeaStatistics,
) -> Image:
    """The channels (9, rows, cols) float32 of a patch, in the order of CHANNELS.

    values: (bands, rows, cols) as named by `band_names`, which hold at least NEEDED; valid
    and water: (rows, cols). level: the water around, see `SeaStatistics.level_at`. gsd_m: metres
    per pixel, NaN if unknown. sea: of the scene.

    A band is asinh(z / 2) / 2 with z the contrast to the water around in the scene's spreads:
    colour differences between bands stay, so the fringes of what moves between their
    exposures do too. Where not valid everything is 0.
    """
    rows, cols = valid.shape
    channels = np.zeros((len(CHANNELS), rows, cols), np.float32)
    names = list(band_names)
    for channel, colour in enumerate(COLOURS):
        if colour in names:
            band = names.index(colour)
            contrast = values[band] - level[band]
            contrast /= np.float32(KNEE) * sea.std[band]
            np.arcsinh(contrast, out=channels[channel])
            channels[channel] *= np.float32(1 / KNEE)
    constants = {
        "has_nir": float("nir" in names),
        "gsd": np.log2(gsd_m if np.isfinite(gsd_m) else UNKNOWN_GSD_M) / 2,
        "sea_state": sea_state([level[names.index(colour)] for colour in NEEDED], sea, names),
    }
    for name, value in constants.items():
        channels[CHANNELS.index(name)] = value
    channels[CHANNELS.index("water")] = water
    channels[CHANNELS.index("valid")] = 1
    channels *= valid
    return channels


def sea_state(levels: Sequence[Image], sea: SeaStatistics, band_names: Sequence[str]) -> Image:
    """How rough the sea is: half the logarithm of its spread over the level around, colours only.

    levels: of each of NEEDED, of any shape, which the result has too.
    """
    names, ratio = list(band_names), np.zeros_like(levels[0])
    for colour, level in zip(NEEDED, levels, strict=True):
        ratio += sea.std[names.index(colour)] / np.maximum(np.abs(level), LEAST_LEVEL)
    return np.float32(0.5) * np.log(np.clip(ratio / len(NEEDED), LEAST_STATE, MOST_STATE))
