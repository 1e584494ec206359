"""Coarse rasters of a scene (the global anchor, the saliency map) as COGs."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
import rasterio.windows
from affine import Affine
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError  # what rasterio.shutil raises, not public
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError

from pdn_geo.errors import OutputError, PdnGeoError
from pdn_geo.grid import PixelGrid
from pdn_geo.io.handles import gdal_env, open_quietly

Floats = NDArray[np.float32]

_BLOCK = 512
_DEFLATE_LEVEL = 6
_LATTICE = 5


def write_cog(
    path: str | os.PathLike[str],
    rows: Floats | Iterable[Floats],
    *,
    grid: PixelGrid,
    stride: int,
    descriptions: Sequence[str],
    nodata: float | None = None,
) -> None:
    """Write values per cell of `stride` x `stride` scene pixels as a float32 COG.

    rows: (bands, rows, cols) of the whole scene's cells, or such arrays from top to
    bottom, of any heights. descriptions: a name for each band. The georeferencing is
    that of `grid`, the scene's: its transform scaled by the stride; a lattice of ground
    control points where it is not affine; none where it has none. Memory is bounded by
    the arrays that come.

    The file is complete or absent; one that was there before is replaced at the end.
    Raises OutputError.
    """
    path = Path(path)
    profile = _profile(grid, stride, bands=len(descriptions), nodata=nodata)
    parts = [rows] if isinstance(rows, np.ndarray) else rows
    with _aside(path) as folder, gdal_env():
        plain, finished = folder / f"{path.name}.plain", folder / path.name
        _write_rows(plain, parts, profile, descriptions)
        rasterio.shutil.copy(
            plain,
            finished,
            driver="COG",
            compress="DEFLATE",
            level=_DEFLATE_LEVEL,
            predictor="FLOATING_POINT",
            num_threads="ALL_CPUS",
            blocksize=_BLOCK,
            overview_resampling="average",
            bigtiff="IF_SAFER",
        )
        _check(finished)
        finished.replace(path)


def _profile(
    grid: PixelGrid, stride: int, *, bands: int, nodata: float | None
) -> dict[str, object]:
    """Of the plain, uncompressed file that the rows are streamed into."""
    return {
        "driver": "GTiff",
        "dtype": "float32",
        "count": bands,
        "width": -(-grid.width // stride),
        "height": -(-grid.height // stride),
        "nodata": nodata,
        "interleave": "band",
        "bigtiff": "if_safer",
        **_georeferencing(grid, stride),
    }


def _georeferencing(grid: PixelGrid, stride: int) -> dict[str, object]:
    """The part of a rasterio profile that puts cells on the ground."""
    if grid.crs is None:
        return {}
    try:
        if grid.transform is not None:
            crs = CRS.from_wkt(grid.crs.to_wkt())
            return {"crs": crs, "transform": grid.transform * Affine.scale(stride)}
        points = _lattice(grid, stride)
        assert grid.lonlat_crs is not None
        crs = CRS.from_wkt(grid.lonlat_crs.to_wkt())
    except CRSError:
        return {}
    return {"crs": crs, "gcps": points} if len(points) >= 4 else {}


def _lattice(grid: PixelGrid, stride: int) -> list[GroundControlPoint]:
    """Points over the whole scene, where the georeferencing is no single affine."""
    x, y = np.meshgrid(np.linspace(0, grid.width, _LATTICE), np.linspace(0, grid.height, _LATTICE))
    lon, lat = grid.to_lonlat(x, y)
    known = np.isfinite(lon)
    # Longitudes that go on past 180 keep a scene over the antimeridian in one piece.
    middle = lon[known][0] if known.any() else 0.0
    lon = middle + (lon - middle + 180) % 360 - 180
    return [
        GroundControlPoint(row=row / stride, col=col / stride, x=east, y=north, z=0.0)
        for col, row, east, north in zip(x[known], y[known], lon[known], lat[known], strict=True)
    ]


def _write_rows(
    path: Path, parts: Iterable[Floats], profile: dict[str, object], descriptions: Sequence[str]
) -> None:
    row = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        plain = rasterio.open(path, "w", **profile)
    with plain as out:
        out.descriptions = tuple(descriptions)
        for part in parts:
            height = part.shape[1]
            window = rasterio.windows.Window(0, row, part.shape[2], height)
            out.write(part.astype(np.float32, copy=False), window=window)
            row += height
    if row != profile["height"]:
        raise ValueError(f"rows must be {profile['height']} in all, got {row}")


def _check(path: Path) -> None:
    """Read it all back: when a disk fills up late, GDAL's copy says nothing."""
    try:
        with open_quietly(str(path)) as dataset:
            levels: list[int | None] = [None, *range(len(dataset.overviews(1)))]
        for level in levels:
            with open_quietly(str(path), level) as dataset:
                for _, window in dataset.block_windows(1):
                    dataset.read(window=window)
    except RasterioError:
        raise OSError("incomplete after writing, the disk may be full") from None


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """A folder beside `path` for unfinished files; gone at the end, whatever happens."""
    if path.is_dir():
        raise OutputError(f"{path}: is a folder")
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    except FileNotFoundError:
        raise OutputError(f"{path}: folder {path.parent} does not exist") from None
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from None
    try:
        yield folder
    except PdnGeoError:  # of the scene that the rows come from
        raise
    except (RasterioError, CPLE_BaseError, OSError) as error:
        raise OutputError(f"{path}: {_reason(error)}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error.__cause__ or error)).splitlines()[0]
