"""From a file's numbers to float32 pixels with their validity.

Scale and offset tags are left alone: detection works on contrast relative to the
scene's own sea, which no linear scale changes, and `Pixels` holds the file's numbers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.io.bands import BandChoice
from pdn_geo.io.byte_cells import BytePixels
from pdn_geo.io.header import Header
from pdn_geo.scene import Pixels

_LARGEST = float(np.finfo(np.float32).max)

# A nodata value in this range may be a true reading of one band (black in blue, 255 in
# red), so a pixel is nodata only where all bands have it, as in rasterio's dataset_mask;
# any other (-9999, 1e38) is no reading in any band, and one band with it spoils the pixel.
_PLAUSIBLE = (0.0, 65535.0)


@dataclass(frozen=True, slots=True)
class Radiometry:
    """How raw values of the chosen bands become `Pixels`.

    nodata: one per chosen band, already in the band's dtype; None where it has none or one
    that the dtype cannot hold. lut: (N, bands + 1) float32 of a palette, the last column
    its opacity. white: the CMYK value of full ink.
    """

    nodata: tuple[float | None, ...]
    lut: NDArray[np.float32] | None = None
    white: float | None = None

    @classmethod
    def of(cls, header: Header, choice: BandChoice) -> "Radiometry":
        nodata = tuple(
            nodata_in(header.nodata[i - 1], header.dtypes[i - 1]) for i in choice.indexes
        )
        lut = white = None
        if choice.expand == "palette" and header.palette is not None:
            columns = [0, 3] if len(choice.names) == 1 else [0, 1, 2, 3]
            lut = header.palette[:, columns].astype(np.float32)
        elif choice.expand == "cmyk":
            white = float(np.iinfo(header.dtypes[choice.indexes[0] - 1]).max)
        return cls(nodata=nodata, lut=lut, white=white)

    def notes(self, header: Header) -> list[str]:
        """What a user should know of how values are read."""
        notes = []
        told = sorted({v for v in self.nodata if v is not None}, key=str)
        if told:
            notes.append(f"nodata: {', '.join(f'{v:g}' for v in told)}")
        elif stray := next((v for v in header.nodata if v is not None), None):
            notes.append(f"nodata {stray:g} is ignored: {header.dtypes[0]} cannot hold it")
        if header.dtypes[0].startswith("complex"):
            notes.append("complex values are read as amplitude")
        if header.has_scales:
            notes.append("scale and offset tags are not applied")
        return notes

    def pixels(self, raw: NDArray, opacity: NDArray | None, mask: NDArray | None) -> Pixels:
        """`Pixels` of raw bands (bands, rows, cols) of any dtype.

        opacity: (rows, cols), anything above 0 is seen. mask: (rows, cols) bool.
        """
        valid = self._valid(raw, opacity, mask)
        if self.lut is not None:
            values = self._from_palette(raw[0], valid)
        else:
            values = to_float32(raw)
            if self.white is not None:
                ink, black = values[:3], values[3:]
                values = to_float32((self.white - ink) * (1 - black / self.white))
        if raw.dtype.kind in "fc":
            valid &= np.isfinite(values).all(axis=0)
        if not valid.all():
            np.copyto(values, np.float32(0), where=~valid)
        return Pixels(values, valid)

    def byte_pixels(
        self, raw: NDArray[np.uint8], opacity: NDArray | None, mask: NDArray | None
    ) -> BytePixels:
        """As `pixels`, of bands that are bytes and neither a palette's nor CMYK."""
        valid = self._valid(raw, opacity, mask)
        return BytePixels(raw if valid.all() else np.where(valid, raw, np.uint8(0)), valid)

    def _valid(
        self, raw: NDArray, opacity: NDArray | None, mask: NDArray | None
    ) -> NDArray[np.bool_]:
        """(rows, cols), by nodata values, opacity and mask."""
        valid = self._not_nodata(raw)
        if opacity is not None:
            valid &= opacity > 0
        if mask is not None:
            valid &= mask
        return valid

    def _not_nodata(self, raw: NDArray) -> NDArray[np.bool_]:
        """(rows, cols), False where the nodata values say so."""
        all_of: list[NDArray[np.bool_]] = []
        any_of: list[NDArray[np.bool_]] = []
        for band, value in zip(raw, self.nodata, strict=True):
            if value is not None and not np.isnan(value):
                plausible = _PLAUSIBLE[0] <= value <= _PLAUSIBLE[1]
                (all_of if plausible else any_of).append(band == value)
        empty = np.zeros(raw.shape[1:], dtype=bool)
        if all_of:
            empty |= np.logical_and.reduce(all_of)
        for is_nodata in any_of:
            empty |= is_nodata
        return ~empty

    def _from_palette(self, index: NDArray, valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(bands, rows, cols); an index beyond the palette or a clear colour is not valid."""
        assert self.lut is not None
        known = index < len(self.lut)
        rgba = self.lut[np.where(known, index, 0)]
        valid &= known & (rgba[..., -1] > 0)
        return np.ascontiguousarray(np.moveaxis(rgba[..., :-1], -1, 0))


def to_float32(raw: NDArray) -> NDArray[np.float32]:
    """A float32 copy; amplitude of complex; infinite where float32 cannot hold the value."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array(np.abs(raw) if raw.dtype.kind == "c" else raw, dtype=np.float32)


def nodata_in(value: float | None, dtype: str) -> float | None:
    """A nodata tag as the dtype stores it, None where it cannot occur (-9999 in uint8).

    Values just above the largest float32 are meant to be it: that is what their decimal
    digits are rounded from.
    """
    if value is None:
        return None
    kind = np.dtype("complex64" if dtype == "complex_int16" else dtype)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        fits = np.isfinite(value) and float(value).is_integer()
        return int(value) if fits and limits.min <= value <= limits.max else None
    if kind in (np.float32, np.complex64) and np.isfinite(value):
        if abs(value) > _LARGEST:
            near = abs(value) < _LARGEST * (1 + 1e-6)
            return float(np.copysign(_LARGEST, value)) if near else None
        return float(np.float32(value))
    return float(value)
