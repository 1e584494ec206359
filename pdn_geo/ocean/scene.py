"""A simulated sea as a GeoTIFF with its truth beside it, written tile by tile."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from pyproj import CRS, Transformer

from pdn_geo.errors import OptionError, OutputError
from pdn_geo.geometry import Window
from pdn_geo.grid import AffineMapping, PixelGrid
from pdn_geo.ocean.config import BAND_NAMES, SeaConfig
from pdn_geo.ocean.sea import Rendered, Sea
from pdn_geo.ocean.truth import Truth, truth_of

TILE = 1024  # pixels a side drawn at once by one thread
_FILE_BLOCK = 512
# open water: Biscay, Gulf of Lion, North Sea, Tasman Sea, Arabian Sea, off Chile, Hawaii, Japan
_PLACES = (
    (-5.0, 45.6), (4.4, 42.3), (3.6, 55.2), (155.5, -33.1),
    (63.6, 18.4), (-75.2, -30.4), (-159.5, 22.9), (141.9, 35.2),
)  # fmt: skip


def scene_grid(config: SeaConfig) -> PixelGrid:
    """Where the scene lies: north up, in the UTM zone of a place at sea chosen by the seed."""
    lon, lat = _PLACES[config.seed % len(_PLACES)]
    zone = int((lon + 180) // 6) + 1
    crs = CRS.from_epsg((32600 if lat > 0 else 32700) + zone)
    east, north = Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)
    corner = round(east / 100) * 100, round(north / 100) * 100
    transform = Affine(config.gsd_m, 0, corner[0], 0, -config.gsd_m, corner[1])
    mapping = AffineMapping(transform)
    return PixelGrid(height=config.size, width=config.size, crs=crs, mapping=mapping)


def truth_path(scene: Path) -> Path:
    """Where a scene's truth goes: `<stem>.truth.gpkg` beside it."""
    return scene.with_name(f"{scene.stem}.truth.gpkg")


def simulate_scene(
    path: str | os.PathLike[str],
    config: SeaConfig,
    *,
    whitecap_mask: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Truth:
    """Write the scene and its truth; the same configuration gives the same pixels.

    path: a GeoTIFF (.tif or .tiff); `whitecap_mask` another, uint8, the percentage of each
    pixel under whitecaps. `progress` is told the share done, 0 to 1. Memory does not grow
    with the scene. All files appear when all are complete, or none does: OutputError.
    """
    scene = Path(path)
    mask = None if whitecap_mask is None else Path(whitecap_mask)
    for file in (scene, mask):
        if file is not None and file.suffix.lower() not in (".tif", ".tiff"):
            raise OptionError(f"{file}: a simulated scene is a GeoTIFF, name it .tif")
    if mask is not None and mask.absolute() == scene.absolute():
        raise OptionError(f"{mask}: the whitecap mask cannot be the scene itself")
    sea = Sea(config)
    grid = scene_grid(config)
    truth = truth_of(sea, grid)
    finals = [scene, truth_path(scene), *([mask] if mask else [])]
    with _all_or_none(finals) as parts:
        truth.write(parts[1])
        _write_rasters(sea, grid, parts[0], parts[2] if mask else None, threads, progress)
    return truth


@contextmanager
def _all_or_none(finals: list[Path]) -> Iterator[list[Path]]:
    """Paths to write to, renamed to `finals` at the end, removed on failure."""
    import rasterio.errors
    from pyogrio.errors import DataLayerError, DataSourceError

    for final in finals:
        if not final.parent.is_dir():
            raise OutputError(f"{final}: no such folder")
    parts = [final.with_name(f".{final.stem}.part{final.suffix}") for final in finals]
    try:
        yield parts
        for part, final in zip(parts, finals, strict=True):
            os.replace(part, final)  # noqa: PTH105 - the rename that also replaces on Windows
    except (OSError, rasterio.errors.RasterioError, DataSourceError, DataLayerError) as error:
        raise OutputError(f"{finals[0]}: cannot write: {error}") from error
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _write_rasters(
    sea: Sea,
    grid: PixelGrid,
    scene: Path,
    mask: Path | None,
    threads: int | None,
    progress: Callable[[float], None] | None,
) -> None:
    import rasterio
    from rasterio.windows import Window as RasterWindow

    config = sea.config
    with ExitStack() as stack:
        stack.enter_context(rasterio.Env(GDAL_CACHEMAX=64))
        image = stack.enter_context(_create(scene, grid, config.bands, config.dtype))
        image.descriptions = BAND_NAMES[: config.bands]
        foam = stack.enter_context(_create(mask, grid, 1, "uint8")) if mask else None
        windows = list(_tiles(config.size))
        for count, (window, tile) in enumerate(_rendered(sea, windows, threads), start=1):
            where = RasterWindow(window.col_off, window.row_off, window.width, window.height)
            image.write(tile.values, window=where)
            if foam is not None:
                foam.write(np.rint(tile.foam * 100).astype(np.uint8), 1, window=where)
            if progress is not None:
                progress(count / len(windows))


def _create(path: Path, grid: PixelGrid, bands: int, dtype: str) -> Any:
    import rasterio

    assert grid.crs is not None
    return rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=grid.height,
        width=grid.width,
        count=bands,
        dtype=dtype,
        crs=grid.crs.to_wkt(),
        transform=grid.transform,
        tiled=True,
        blockxsize=_FILE_BLOCK,
        blockysize=_FILE_BLOCK,
        compress="deflate",
        zlevel=4,
        predictor=2,
        photometric="RGB" if bands >= 3 else "MINISBLACK",
        BIGTIFF="IF_SAFER",
    )


def _tiles(size: int) -> Iterator[Window]:
    for row in range(0, size, TILE):
        for col in range(0, size, TILE):
            yield Window(
                col_off=col,
                row_off=row,
                width=min(TILE, size - col),
                height=min(TILE, size - row),
            )


def _rendered(
    sea: Sea, windows: list[Window], threads: int | None
) -> Iterator[tuple[Window, Rendered]]:
    """Windows in order with their pixels, a few drawn ahead."""
    workers = threads or min(os.cpu_count() or 1, 8)
    pending: deque[tuple[Window, Future[Rendered]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for window in windows:
                pending.append((window, pool.submit(sea.render, window)))
                if len(pending) > workers + 1:
                    first, future = pending.popleft()
                    yield first, future.result()
            while pending:
                first, future = pending.popleft()
                yield first, future.result()
        finally:
            for _, future in pending:
                future.cancel()
