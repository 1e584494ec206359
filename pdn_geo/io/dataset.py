"""A raster that GDAL opens, as a source of raw pixels."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import MaskFlags
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterioWindow

from pdn_geo.errors import PdnGeoError, SceneError
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.io.bands import BandChoice
from pdn_geo.io.georef import locate_dataset
from pdn_geo.io.handles import BLOCK_CACHE_BYTES, Handles, gdal_env, open_quietly
from pdn_geo.io.header import Header, read_header
from pdn_geo.io.reasons import open_reason


@dataclass(frozen=True, slots=True)
class Raw:
    """Pixels as stored. bands: (bands, rows, cols), any dtype. opacity: (rows, cols), the
    alpha band. mask: (rows, cols), True where a mask band says valid.
    """

    bands: NDArray
    opacity: NDArray | None = None
    mask: NDArray[np.bool_] | None = None


class Source(Protocol):
    """Where a scene's numbers come from: a GDAL dataset or an xarray DataArray."""

    @property
    def path(self) -> str | None: ...

    @property
    def header(self) -> Header: ...

    def locate(self, gsd_m: float | None) -> tuple[PixelGrid, list[str]]:
        """The grid on the ground, and notes for the user."""

    def read(self, choice: BandChoice, window: Window, level: int | None = None) -> Raw:
        """Raw pixels of a window of the full resolution or of a stored overview."""

    def size(self, level: int) -> tuple[int, int]:
        """(rows, cols) of a stored overview."""

    def close(self) -> None: ...


class DatasetSource:
    """A source over GDAL handles. Raises SceneError if the raster cannot be opened."""

    def __init__(self, path: str, *, dataset: DatasetReader | None = None) -> None:
        self.path = path
        try:
            with gdal_env():
                handle = dataset if dataset is not None else open_quietly(path)
                try:
                    self._examine(handle)
                except BaseException:
                    if handle is not dataset:
                        handle.close()
                    raise
                shared = None if dataset is None or _opens_again(dataset) else dataset
        except PdnGeoError:
            raise
        except Exception as error:  # rasterio raises AttributeError, UnicodeDecodeError, ...
            raise SceneError(path, open_reason(error, path)) from error
        # A cache smaller than one block would decode it again for every window in it.
        cache = max(BLOCK_CACHE_BYTES, 2 * self.header.block_bytes)
        self._handles = Handles(path, shared=shared, cache_bytes=cache)
        if handle is not dataset:
            self._handles.adopt(handle)

    def _examine(self, dataset: DatasetReader) -> None:
        if dataset.count == 0 and dataset.subdatasets:
            some = ", ".join(dataset.subdatasets[:3])
            raise SceneError(self.path, f"holds several rasters; name one, as {some}")
        self.header = read_header(dataset, self.path)
        self._mask_per_dataset = MaskFlags.per_dataset in dataset.mask_flag_enums[0]

    def locate(self, gsd_m: float | None) -> tuple[PixelGrid, list[str]]:
        with self._handles.lend() as dataset:
            return locate_dataset(dataset, gsd_m)

    def read(self, choice: BandChoice, window: Window, level: int | None = None) -> Raw:
        where = RasterioWindow(window.col_off, window.row_off, window.width, window.height)
        with self._handles.lend(level) as dataset:
            if len({self.header.dtypes[i - 1] for i in choice.indexes}) == 1:
                bands = dataset.read(list(choice.indexes), window=where)
            else:  # rasterio reads bands of several dtypes only one by one
                bands = np.stack([dataset.read(i, window=where) for i in choice.indexes])
            opacity = mask = None
            if choice.alpha is not None:
                opacity = dataset.read(choice.alpha, window=where)
            if self.header.has_mask:
                first = choice.indexes[:1] if self._mask_per_dataset else choice.indexes
                mask = (dataset.read_masks(list(first), window=where) > 0).all(axis=0)
        return Raw(bands, opacity, mask)

    def size(self, level: int) -> tuple[int, int]:
        with self._handles.lend(level) as dataset:
            return dataset.height, dataset.width

    def close(self) -> None:
        self._handles.close()


def _opens_again(dataset: DatasetReader) -> bool:
    """Whether the name of a user's dataset leads to the same raster once more."""
    if dataset.mode != "r" or type(dataset) is not DatasetReader:
        return False
    try:
        with open_quietly(dataset.name) as again:
            return (again.shape, again.dtypes) == (dataset.shape, dataset.dtypes)
    except Exception:
        return False
