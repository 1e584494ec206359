"""What a raster says of itself before a pixel is read."""

from dataclasses import dataclass

import numpy as np
from rasterio.enums import MaskFlags
from rasterio.io import DatasetReader

from pdn_geo.io.limits import check_block, check_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Size, bands and storage of a raster; tuples have one entry per band of the file.

    colour: GDAL's colour interpretation in lower case ("red", "undefined", ...).
    nodata: None where a band has no such value. has_mask: a mask band beside the bands
    (internal, .msk or a tuple of transparent values), alpha not counted. has_scales: some
    band has a scale or offset tag. block_shape: (rows, cols). block_bytes: of one block,
    decoded, with the bands that are stored in it. overview_levels: (factor, GDAL's level)
    of the stored overviews that all bands have, ascending. palette: RGBA of each index of
    the first band, (N, 4) uint8. storage: driver, compression and layout in words.
    """

    height: int
    width: int
    dtypes: tuple[str, ...]
    descriptions: tuple[str, ...]
    colour: tuple[str, ...]
    nodata: tuple[float | None, ...]
    block_shape: tuple[int, int]
    has_mask: bool = False
    has_scales: bool = False
    overview_levels: tuple[tuple[int, int], ...] = ()
    palette: np.ndarray | None = None
    storage: tuple[str, ...] = ()
    block_bytes: int = 0

    @property
    def count(self) -> int:
        """Bands in the file, alpha included."""
        return len(self.dtypes)

    @property
    def has_gray_palette(self) -> bool:
        """Whether the palette is a mere grey scale, as bilevel files have."""
        table = self.palette
        return table is not None and bool((table[:, :1] == table[:, 1:3]).all())


def read_header(dataset: DatasetReader, name: str) -> Header:
    """The header of an open dataset; raises SceneError when it is absurd."""
    check_size(name, width=dataset.width, height=dataset.height, bands=dataset.count)
    dtypes = tuple(dataset.dtypes)
    block_shape = dataset.block_shapes[0]
    structure = dataset.tags(ns="IMAGE_STRUCTURE")
    pixel = structure.get("INTERLEAVE", "BAND") == "PIXEL"
    stored_together = dtypes if pixel else dtypes[:1]
    bytes_per_pixel = sum(_itemsize(dtype) for dtype in stored_together)
    check_block(name, block_shape=block_shape, bytes_per_pixel=bytes_per_pixel)
    colour = tuple(c.name.lower() for c in dataset.colorinterp)
    return Header(
        height=dataset.height,
        width=dataset.width,
        dtypes=dtypes,
        descriptions=tuple(text or "" for text in dataset.descriptions),
        colour=colour,
        nodata=tuple(dataset.nodatavals),
        block_shape=block_shape,
        has_mask=_has_mask(dataset),
        has_scales=any(s != 1 for s in dataset.scales) or any(o != 0 for o in dataset.offsets),
        overview_levels=_overview_levels(dataset),
        palette=_palette(dataset) if colour[0] == "palette" else None,
        storage=_storage(dataset, structure),
        block_bytes=block_shape[0] * block_shape[1] * bytes_per_pixel,
    )


def _itemsize(dtype: str) -> int:
    return 4 if dtype == "complex_int16" else np.dtype(dtype).itemsize


def _has_mask(dataset: DatasetReader) -> bool:
    """GDAL's flags tell a mask band by what it is not (RFC 15)."""
    derived = {MaskFlags.all_valid, MaskFlags.alpha}
    for flags in dataset.mask_flag_enums:
        is_nodata_value = MaskFlags.nodata in flags and MaskFlags.per_dataset not in flags
        if not is_nodata_value and not derived & set(flags):
            return True
    return False


def _overview_levels(dataset: DatasetReader) -> tuple[tuple[int, int], ...]:
    """(factor, level) of overviews that all bands have; a factor of 1 is none."""
    common = set.intersection(*(set(dataset.overviews(i)) for i in dataset.indexes))
    stored = dataset.overviews(1)
    return tuple(sorted((f, stored.index(f)) for f in common if f > 1))


def _palette(dataset: DatasetReader) -> np.ndarray | None:
    try:
        entries = dataset.colormap(1)
    except ValueError:
        return None
    table = np.zeros((max(entries) + 1, 4), dtype=np.uint8)
    for index, rgba in entries.items():
        table[index] = rgba
    return table


def _storage(dataset: DatasetReader, structure: dict[str, str]) -> tuple[str, ...]:
    rows, cols = dataset.block_shapes[0]
    is_tiled = cols < dataset.width
    compression = structure.get("COMPRESSION", "uncompressed").lower()
    layout = f"tiles of {cols} x {rows}" if is_tiled else f"strips of {rows} rows"
    words = [dataset.driver, compression, layout]
    if structure.get("LAYOUT") == "COG":
        words.append("cloud optimised")
    return tuple(words)
