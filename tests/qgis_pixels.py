"""What lies at a place of a rendered map; places are scene pixels, 1.25 px of the map each."""

import numpy as np
import shapely
from seas import BOATS

from pdn_geo.geometry import oriented_polygons
from pdn_geo.products.colours import LOOK_COLOURS


def hulls() -> list[shapely.Polygon]:
    return list(oriented_polygons(*BOATS.T))


def points(ring, count: int, *, towards_centre: float = 0.0):
    """(count, 2) along a ring in scene pixels."""
    along = np.array([ring.interpolate(t, normalized=True).coords[0]
                      for t in np.linspace(0, 1, count, endpoint=False)])  # fmt: skip
    centre = np.array(ring.centroid.coords[0])
    return along + towards_centre * (centre - along)


def patches(picture, places, scale: float = 1.25):
    """5 x 5 pixels of the picture round each place in scene pixels, (N, 25, 3)."""
    padded = np.pad(picture, ((2, 2), (2, 2), (0, 0)), mode="edge")
    cols, rows = (np.asarray(places) * scale).astype(int).T
    assert (cols >= 0).all()
    assert (rows >= 0).all()
    around = [padded[r : r + 5, c : c + 5] for r, c in zip(rows, cols, strict=True)]
    return np.stack(around).reshape(-1, 25, 3)


def nearest_in(picture, places, colour):
    """How far the most similar pixel at each place is from a colour, largest channel."""
    return np.abs(patches(picture, places) - np.asarray(colour)).max(axis=-1).min(axis=1)


def brightest(picture, places, scale: float = 1.25):
    return patches(picture, places, scale).max(axis=(1, 2))


def at(picture, places, scale: float = 1.25):
    """The pixel at each place."""
    return patches(picture, places, scale)[:, 12]


def look_colours(count: int) -> list[str]:
    starts = [round(count / 4 * i) for i in range(4)]
    return [LOOK_COLOURS[max(i for i in range(4) if starts[i] <= k)] for k in range(count)]


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def relative_luminance(colour) -> float:
    c = np.asarray(colour) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
