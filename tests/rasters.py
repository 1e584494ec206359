"""Small rasters for tests; a ramp's values say where each pixel lies."""

import numpy as np
import rasterio
from affine import Affine

from pdn_geo.geometry import Window

UTM = {"crs": "EPSG:32618", "transform": Affine(10, 0, 500_000, 0, -10, 4_500_000)}


def ramp(bands=1, height=60, width=80, dtype="uint16"):
    """(bands, rows, cols): band, row and column can be read off each value."""
    band, row, col = np.indices((bands, height, width))
    if np.dtype(dtype) == np.uint8:
        return (band * 83 + row * 7 + col * 3).astype(dtype)
    return (band * 20_000 + row * width + col + 1).astype(dtype)


def write(path, array, *, masks=None, colour=None, names=None, **profile):
    """A raster of an array (bands, rows, cols); a GeoTIFF unless `driver` says else."""
    count, height, width = array.shape
    profile = {"driver": "GTiff", "dtype": array.dtype, **profile}
    with rasterio.open(path, "w", width=width, height=height, count=count, **profile) as out:
        if colour:
            out.colorinterp = [rasterio.enums.ColorInterp[c] for c in colour]
        out.write(array)
        if masks is not None:
            out.write_mask(masks)
        for i, name in enumerate(names or (), start=1):
            out.set_band_description(i, name)
    return path


def scene_window(scene):
    """The whole of a small scene."""
    return Window(col_off=0, row_off=0, width=scene.grid.width, height=scene.grid.height)
