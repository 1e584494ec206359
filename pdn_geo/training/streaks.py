"""Bright wakes behind boats that are set on real water."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pdn_geo.training.drawing import seen_from

Image = NDArray[np.float32]

_WHITENESS = (0.25, 1.1)  # astern, of white
_FADES_IN = (0.7, 5.0)  # lengths of the hull until it is 1/e of that
_BREADTH = (0.5, 2.5)  # beams, soon after it begins, with a round head
_AHEAD = 0.9  # most hull lengths before the stern where it begins: spray flies from the bow
_SPREAD = (0.1, 0.45)  # exponent of its growth; turbulence alone makes 0.2
_BEND = 0.03  # spread of its curvature, per hull length
_RAGGED = 0.4  # most variation of its whiteness
_LUMP = 0.3  # most blur of that, in beams
_LEAST_BEAM_PX = 1.0
_EDGE_PX = 0.7  # half of what a sensor makes of an edge


def streak(
    shape: tuple[int, int],
    stern: tuple[float, float],
    heading: float,
    hull: tuple[float, float],
    rng: np.random.Generator,
) -> Image:
    """Whiteness of the churned water of a boat, (rows, cols), 0 to about 1.

    stern: (x, y) in pixels. heading: radians from +x towards +y. hull: length and width in
    pixels. As PlanetScope shows them, such wakes are as bright as the hull before them and
    up to two and a half times as wide, often from its bow on, and a few hulls long.
    """
    length, beam = hull[0], max(hull[1], _LEAST_BEAM_PX)
    ahead, aside = seen_from(shape, *stern, heading)
    aft = length * rng.uniform(0, _AHEAD) - ahead
    aside = aside - rng.normal(0, _BEND) / length * aft**2
    behind = np.maximum(aft, 0)
    breadth = beam * np.exp(rng.uniform(*np.log(_BREADTH)))
    width = breadth * (1 + behind / breadth) ** rng.uniform(*_SPREAD)
    width *= np.sqrt(1 - np.square(np.clip(1 - 2 * behind / breadth, 0, 1)))
    across = np.clip((width / 2 - np.abs(aside)) / (2 * _EDGE_PX) + 0.5, 0, 1)
    fades_in = length * np.exp(rng.uniform(*np.log(_FADES_IN)))
    along = np.clip(aft / (2 * _EDGE_PX) + 0.5, 0, 1) * np.exp(-behind / fades_in)
    lumps = gaussian_filter(
        rng.standard_normal(shape, dtype=np.float32), 0.5 + beam * rng.uniform(0, _LUMP)
    )
    ragged = 1 + rng.uniform(0, _RAGGED) * lumps / max(float(lumps.std()), 1e-6)
    white = np.exp(rng.uniform(*np.log(_WHITENESS))) * along * across * np.maximum(ragged, 0)
    return np.asarray(white, np.float32)
