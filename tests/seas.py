"""A small sea with a few plain boats, as an array and as files of every kind."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pdn_geo.geometry import oriented_polygons

UTM = "EPSG:32633"
NORTH_UP = Affine(1.0, 0.0, 500_000.0, 0.0, -1.0, 5_000_000.0)

# x, y, length, width (pixels of 1 m), angle (radians)
BOATS = np.array(
    [
        [150.3, 120.7, 30.0, 8.0, 0.4],
        [610.2, 200.1, 60.0, 12.0, 1.9],
        [350.6, 420.4, 24.0, 7.0, -0.9],
        [820.5, 640.8, 45.0, 10.0, 2.7],
        [200.9, 790.2, 36.0, 9.0, 1.2],
    ]
)


@dataclass(frozen=True)
class Sea:
    """values: (3, rows, cols) uint8. boats: (N, 5) as BOATS."""

    values: NDArray[np.uint8]
    boats: NDArray[np.float64]


def make_sea(*, size: int = 960, boats: NDArray[np.float64] = BOATS, seed: int = 0) -> Sea:
    """Blue-green water with smooth noise; hulls drawn with four-fold supersampling."""
    rng = np.random.default_rng(seed)
    noise = gaussian_filter(rng.normal(0, 6, (size, size)), 1.0)
    cover = np.zeros((size, size))
    for x, y, length, width, angle in boats:
        polygon = oriented_polygons([x], [y], [length], [width], [angle])[0]
        left, top, right, bottom = (int(v) for v in polygon.buffer(2).bounds)
        fine_x, fine_y = np.meshgrid(
            np.arange(4 * left, 4 * right) / 4 + 0.125, np.arange(4 * top, 4 * bottom) / 4 + 0.125
        )
        inside = shapely.contains_xy(polygon, fine_x, fine_y).astype(float)
        rows, cols = bottom - top, right - left
        cover[top:bottom, left:right] += inside.reshape(rows, 4, cols, 4).mean(axis=(1, 3))
    cover = gaussian_filter(cover, 0.6)
    water = np.array([30.0, 50.0, 60.0])[:, None, None] + noise
    values = water * (1 - cover) + np.array([210.0, 205.0, 200.0])[:, None, None] * cover
    return Sea(np.clip(np.round(values), 0, 255).astype(np.uint8), boats)


def write_tif(path: Path, values: NDArray[Any], **profile: Any) -> Path:
    """values (bands, rows, cols) as a GeoTIFF, north-up in UTM unless told otherwise."""
    bands, height, width = values.shape
    settings = {
        "driver": "GTiff", "dtype": values.dtype, "count": bands, "height": height,
        "width": width, "crs": UTM, "transform": NORTH_UP, **profile,
    }  # fmt: skip
    with rasterio.open(path, "w", **settings) as dataset:
        dataset.write(values)
    return path
