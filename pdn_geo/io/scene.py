"""Open any raster as a `Scene`: the one door from files into the package."""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import numpy as np
from rasterio.io import DatasetReader

from pdn_geo.errors import BlockReadError, OptionError, PdnGeoError, SceneError
from pdn_geo.geometry import Window
from pdn_geo.io.bands import BandChoice, choose_bands
from pdn_geo.io.byte_cells import BytePixels
from pdn_geo.io.dataarray import ArraySource, is_dataarray
from pdn_geo.io.dataset import DatasetSource, Raw, Source
from pdn_geo.io.kept import KeptPixels
from pdn_geo.io.radiometry import Radiometry
from pdn_geo.io.reasons import open_reason, root_reason
from pdn_geo.scene import Pixels

P = TypeVar("P", Pixels, BytePixels)


def open_scene(
    source: str | Path | DatasetReader | Any,
    *,
    bands: Sequence[int | str] | None = None,
    gsd_m: float | None = None,
) -> "RasterScene":
    """Open a raster for reading window by window; nothing is ever written to it or beside it.

    source: a path or URL or anything else that GDAL opens, an open rasterio dataset, or an
    xarray DataArray. bands: 1-based numbers, roles ("red", "nir"), or the file's own names
    ("B04"), also as assignments ("nir=4"); default: red, green, blue, nir and swir as far
    as they are known, else the first three. gsd_m: metres on the ground per pixel, for a
    scene that has no georeferencing.

    Raises SceneError when it cannot be opened, OptionError for a band that is not there or
    a `gsd_m` that contradicts the scene.
    """
    if gsd_m is not None and not (math.isfinite(gsd_m) and gsd_m > 0):
        raise OptionError(f"the ground sampling distance must be positive, got {gsd_m}")
    name = _name_of(source)
    opened: Source
    try:
        if is_dataarray(source):
            opened = ArraySource(source, name)
        elif isinstance(source, str | os.PathLike):
            opened = DatasetSource(name)
        elif hasattr(source, "read_masks"):
            opened = DatasetSource(name, dataset=source)
        else:
            raise OptionError(
                f"a scene is a path, a rasterio dataset or a DataArray, not {type(source)}"
            )
        return RasterScene(opened, name=name, bands=bands, gsd_m=gsd_m)
    except PdnGeoError:
        raise
    except Exception as error:  # GDAL fails in more ways than rasterio has exceptions for
        raise SceneError(name, open_reason(error, name)) from error


class RasterScene:
    """A `Scene` over a file, dataset or DataArray; see `open_scene`.

    name: the path as given, or what the dataset calls itself. path: None for a DataArray.
    notes: plain remarks for users on what the reader made of the file. dtype: as stored.
    Safe to read from many threads; close it, or use it as a context manager.
    """

    def __init__(
        self,
        source: Source,
        *,
        name: str,
        bands: Sequence[int | str] | None = None,
        gsd_m: float | None = None,
    ) -> None:
        self._source = source
        self._kept: KeptPixels | None = None
        self.name = name
        self.path = source.path
        self.header = source.header
        try:
            self.choice = choose_bands(self.header, bands)
            self._radiometry = Radiometry.of(self.header, self.choice)
            self.grid, notes = source.locate(gsd_m)
        except BaseException:
            source.close()
            raise
        self.notes = [_band_note(self.choice), *self._radiometry.notes(self.header), *notes]

    @property
    def band_names(self) -> tuple[str, ...]:
        return self.choice.names

    @property
    def dtype(self) -> str:
        """Of the chosen bands as stored; the first one's if they differ."""
        return self.header.dtypes[self.choice.indexes[0] - 1]

    @property
    def block_shape(self) -> tuple[int, int]:
        return self.header.block_shape

    @property
    def overview_factors(self) -> list[int]:
        """Stored overviews that all bands have, ascending; those `read_decimated` takes."""
        return [factor for factor, _ in self.header.overview_levels]

    @property
    def crs_text(self) -> str | None:
        """Its code (EPSG:32618) where the CRS has one, else its name; None without a CRS."""
        crs = self.grid.crs
        if crs is None:
            return None
        authority = crs.to_authority(min_confidence=100)
        return ":".join(authority) if authority else crs.name

    def read(self, window: Window) -> Pixels:
        """Full-resolution pixels; see `Scene.read`. ValueError if not inside the scene."""
        self._check_inside(window)
        return self._read(window, window, level=None)

    @property
    def is_bytes(self) -> bool:
        """Whether `read_bytes` can be asked; see `ByteScene`."""
        dtypes = {self.header.dtypes[i - 1] for i in self.choice.indexes}
        return dtypes == {"uint8"} and self.choice.expand == "none"

    def read_bytes(self, window: Window) -> BytePixels:
        """What `read` gives, as bytes."""
        assert self.is_bytes
        self._check_inside(window)
        return self._decoded(window, window, None, self._radiometry.byte_pixels)

    def read_decimated(self, window: Window, factor: int) -> Pixels:
        """A window from the stored overview of exactly that factor.

        window: in full-resolution pixels, its offsets multiples of `factor`. Returns
        arrays of ceil(size / factor); pixels that the overview lacks are not valid.
        Raises ValueError for a factor that is not in `overview_factors`.
        """
        self._check_inside(window)
        levels = dict(self.header.overview_levels)
        if factor not in levels:
            raise ValueError(f"no stored overview of 1/{factor}; there are {list(levels)}")
        if window.col_off % factor or window.row_off % factor:
            raise ValueError(f"{window} does not start on multiples of {factor}")
        coarse = Window(
            col_off=window.col_off // factor,
            row_off=window.row_off // factor,
            width=-(-window.width // factor),
            height=-(-window.height // factor),
        )
        rows, cols = self._overview_size(levels[factor])
        values = np.zeros((len(self.band_names), coarse.height, coarse.width), dtype=np.float32)
        valid = np.zeros((coarse.height, coarse.width), dtype=bool)
        stored = coarse.intersection(Window(col_off=0, row_off=0, width=cols, height=rows))
        if stored is not None:
            part = self._read(stored, window, level=levels[factor])
            values[:, : stored.height, : stored.width] = part.values
            valid[: stored.height, : stored.width] = part.valid
        return Pixels(values, valid)

    @contextmanager
    def pixels_kept(self) -> Iterator[None]:
        """Decode nothing twice meanwhile, if there is room to keep what was read."""
        self._kept = KeptPixels(self.grid.height, self.grid.width)
        try:
            yield
        finally:
            self._kept = None

    def close(self) -> None:
        self._source.close()

    def __enter__(self) -> "RasterScene":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        size = f"{self.grid.width} x {self.grid.height}"
        return f"<RasterScene {self.name}: {size} px, {', '.join(self.band_names)}>"

    def _check_inside(self, window: Window) -> None:
        inside = window.col_off >= 0 and window.row_off >= 0
        if not inside or window.col_end > self.grid.width or window.row_end > self.grid.height:
            raise ValueError(f"{window} is not inside {self.grid.width} x {self.grid.height} px")

    def _overview_size(self, level: int) -> tuple[int, int]:
        try:
            return self._source.size(level)
        except Exception as error:
            raise SceneError(self.name, root_reason(error, self.name)) from error

    def _read(self, window: Window, asked: Window, level: int | None) -> Pixels:
        return self._decoded(window, asked, level, self._radiometry.pixels)

    def _decoded(
        self, window: Window, asked: Window, level: int | None, made_of: Callable[..., P]
    ) -> P:
        try:
            raw = self._stored(window, level)
            return made_of(raw.bands, raw.opacity, raw.mask)
        except Exception as error:  # whatever a decoder does with broken data
            raise BlockReadError(self.name, asked, root_reason(error, self.name)) from error

    def _stored(self, window: Window, level: int | None) -> Raw:
        kept = self._kept if level is None else None
        if kept is not None and (known := kept.get(window)) is not None:
            return known
        raw = self._source.read(self.choice, window, level)
        if kept is not None:
            kept.put(window, raw)
        return raw


def _name_of(source: Any) -> str:
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    name = getattr(source, "name", None)
    return str(name) if name else type(source).__name__


def _band_note(choice: BandChoice) -> str:
    pairs = zip(choice.names, choice.indexes, strict=False)
    if choice.expand != "none":
        return f"bands: {', '.join(choice.names)} ({choice.reason})"
    words = [name if name == f"band {i}" else f"{name} (band {i})" for name, i in pairs]
    return f"bands: {', '.join(words)}: {choice.reason}"
