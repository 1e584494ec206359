"""The colours of the preview, in a page."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from pdn_geo.products.colours import BOAT_COLOURS, LOOK_COLOURS


def boat_colours(scores: ArrayLike) -> list[str]:
    """#rrggbb for scores 0-1."""
    return _ramp(BOAT_COLOURS, scores)


def look_colours(looks: int) -> list[str]:
    """#rrggbb for each look, first to last."""
    return _ramp(LOOK_COLOURS, np.linspace(0, 1, looks))


def _ramp(colours: Sequence[str], shares: ArrayLike) -> list[str]:
    shares = np.asarray(shares, dtype=np.float64)
    rgb = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours])
    stops = np.linspace(0, 1, len(colours))
    mixed = np.stack([np.interp(shares, stops, channel) for channel in rgb.T], axis=-1)
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in np.round(mixed).astype(int).reshape(-1, 3)]
