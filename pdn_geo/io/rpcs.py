"""Georeferencing by rational polynomial coefficients (RPCs) of a satellite's camera.

rasterio's transformer over GDAL serves one thread at a time and warns of every point that
it cannot place; the formula is short (NGA STDI-0002 volume 1 appendix E, RPC00B).
"""

from dataclasses import dataclass

import numpy as np
from rasterio.rpc import RPC

from pdn_geo.grid import Floats
from pdn_geo.io.newton import invert

_NUDGE = 1e-6
_TOLERANCE = 1e-12

# Height is normalised about the RPCs' own offset, so at that height these of the twenty
# terms remain: 1 L P LP LL PP LLL LPP LLP PPP (L longitude, P latitude).
_WITHOUT_HEIGHT = [0, 1, 2, 4, 7, 8, 11, 12, 14, 15]

# RPC00B counts pixels from the centre of the first, we from its corner.
_HALF_PIXEL = 0.5


@dataclass(frozen=True)
class RpcMapping:
    """Pixels to WGS 84 degrees at one height above the ellipsoid, and back.

    offset and scale, (2,) each: of (longitude, latitude) and of pixel (x, y).
    coefficients: (4, 10), numerator and denominator of x, then of y, of the terms without
    height.
    """

    ground_offset: Floats
    ground_scale: Floats
    pixel_offset: Floats
    pixel_scale: Floats
    coefficients: Floats
    height_m: float

    @classmethod
    def at_mean_height(cls, rpc: RPC) -> "RpcMapping":
        """At the RPCs' own height offset. Raises ValueError if they cannot be used."""
        rows = [rpc.samp_num_coeff, rpc.samp_den_coeff, rpc.line_num_coeff, rpc.line_den_coeff]
        coefficients = np.array(rows, dtype=np.float64)
        if coefficients.shape != (4, 20) or not np.isfinite(coefficients).all():
            raise ValueError("they are not four times twenty finite numbers")
        offsets = np.array([rpc.long_off, rpc.lat_off, rpc.samp_off, rpc.line_off])
        scales = np.array([rpc.long_scale, rpc.lat_scale, rpc.samp_scale, rpc.line_scale])
        if not (np.isfinite(offsets).all() and np.isfinite(scales).all() and scales.all()):
            raise ValueError("an offset or a scale is zero or not finite")
        return cls(
            ground_offset=offsets[:2],
            ground_scale=scales[:2],
            pixel_offset=offsets[2:] + _HALF_PIXEL,
            pixel_scale=scales[2:],
            coefficients=coefficients[:, _WITHOUT_HEIGHT],
            height_m=float(rpc.height_off),
        )

    def to_crs(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """NaN where the iteration does not settle, far outside the scene."""
        pixel = np.stack(np.broadcast_arrays(x, y), axis=-1)
        goals = ((pixel - self.pixel_offset) / self.pixel_scale).reshape(-1, 2)
        ground = invert(
            self._project, self._slopes, goals, start=np.zeros_like(goals), tolerance=_TOLERANCE
        )
        lonlat = ground.reshape(pixel.shape) * self.ground_scale + self.ground_offset
        return (lonlat[..., 0] + 180) % 360 - 180, lonlat[..., 1]

    def to_pixel(self, crs_x: Floats, crs_y: Floats) -> tuple[Floats, Floats]:
        ground = np.stack(np.broadcast_arrays(crs_x, crs_y), axis=-1) - self.ground_offset
        ground[..., 0] = (ground[..., 0] + 180) % 360 - 180
        with np.errstate(all="ignore"):
            pixel = self._project(ground / self.ground_scale)
        pixel = np.where(np.isfinite(pixel), pixel, np.nan) * self.pixel_scale + self.pixel_offset
        return pixel[..., 0], pixel[..., 1]

    def _project(self, ground: Floats) -> Floats:
        """Normalised (longitude, latitude) to normalised pixel x and y, (..., 2)."""
        x_up, x_down, y_up, y_down = np.moveaxis(_terms(ground) @ self.coefficients.T, -1, 0)
        return np.stack([x_up / x_down, y_up / y_down], axis=-1)

    def _slopes(self, ground: Floats) -> Floats:
        columns = []
        for nudge in (np.array([_NUDGE, 0.0]), np.array([0.0, _NUDGE])):
            difference = self._project(ground + nudge) - self._project(ground - nudge)
            columns.append(difference / (2 * _NUDGE))
        return np.stack(columns, axis=-1)


def _terms(ground: Floats) -> Floats:
    """The monomials of `_WITHOUT_HEIGHT`, (..., 10)."""
    lon, lat = ground[..., 0], ground[..., 1]
    low = [np.ones_like(lon), lon, lat, lon * lat, lon**2, lat**2]
    return np.stack([*low, lon**3, lon * lat**2, lon**2 * lat, lat**3], axis=-1)
