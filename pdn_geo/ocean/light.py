"""How the sea returns light: sun glint, sky, and the colour of the water itself.

All values are reflectances (π L / E cos θ of the sun), per band.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.lattice import Lattice

Image = NDArray[np.float32]

REFRACTIVE_INDEX = 1.34
_SLOW_CELL = 64  # pixels between nodes of slowly varying fields
# clear ocean, green shelf, turbid estuary: water-leaving reflectance in red, green, blue, NIR
_WATERS = np.array(
    [[0.008, 0.018, 0.032, 0.001], [0.018, 0.038, 0.034, 0.002], [0.060, 0.072, 0.050, 0.012]]
)
_CHLOROPHYLL = np.array([0.001, 0.005, -0.004, 0.0005])  # added per unit of plankton
_SEDIMENT = np.array([0.010, 0.009, 0.004, 0.004])  # added per unit of silt
_SKY = np.array([0.20, 0.28, 0.40, 0.12])  # sky radiance near the zenith
_SKY_GRADIENT = 1.1  # relative brightening of the sky per radian towards the sun
FOAM_REFLECTANCE = np.array([0.52, 0.53, 0.54, 0.42])  # Whitlock et al. (1982), dense foam


def fresnel(incidence: float) -> float:
    """Reflectance of flat water for unpolarised light; angle in radians from the normal."""
    refracted = np.arcsin(np.sin(incidence) / REFRACTIVE_INDEX)
    if incidence < 1e-4:
        return float(((REFRACTIVE_INDEX - 1) / (REFRACTIVE_INDEX + 1)) ** 2)
    difference, total = incidence - refracted, incidence + refracted
    s = (np.sin(difference) / np.sin(total)) ** 2
    p = (np.tan(difference) / np.tan(total)) ** 2
    return float((s + p) / 2)


def facet_slope(sun: NDArray[np.floating], view: NDArray[np.floating]) -> NDArray[np.floating]:
    """Slope (x, y) of the facet that mirrors the sun at the viewer.

    `sun` and `view` are unit vectors (x, y, up) away from the sea; Cox & Munk (1954).
    """
    half = sun + view
    return -half[:2] / half[2]


def glint_reflectance(
    facet: tuple[float, float], variance: tuple[float, float], incidence: float, sun_zenith: float
) -> float:
    """Mean sun glint of a rough sea seen from near the zenith.

    π ρ p / (4 cos θs cos θv cos⁴ β), Cox & Munk (1954), with β the tilt of the mirroring
    facet (along and across the wind), whose slopes are Gaussian with that variance.
    """
    exponent = facet[0] ** 2 / variance[0] + facet[1] ** 2 / variance[1]
    density = np.exp(-exponent / 2) / (2 * np.pi * np.sqrt(variance[0] * variance[1]))
    tilt = (1 + facet[0] ** 2 + facet[1] ** 2) ** 2
    return float(np.pi * fresnel(incidence) * density * tilt / (4 * np.cos(sun_zenith)))


@dataclass(frozen=True, slots=True)
class Sun:
    """Where the sun stands: zenith angle, and the direction towards it in pixel axes."""

    zenith: float
    angle: float

    @property
    def vector(self) -> NDArray[np.float64]:
        """Unit vector (x, y, up) towards the sun."""
        sine = np.sin(self.zenith)
        return np.array([np.cos(self.angle) * sine, np.sin(self.angle) * sine, np.cos(self.zenith)])

    def shadow_offset(self, height_m: float) -> tuple[float, float]:
        """Metres (x, y) from the foot of a thing to the shadow of its top."""
        reach = height_m * np.tan(self.zenith)
        return -reach * float(np.cos(self.angle)), -reach * float(np.sin(self.angle))


class Light:
    """The light of one scene: its sun, its view, and the slow change of its water."""

    def __init__(
        self, config: SeaConfig, wind_angle: float, unresolved: tuple[float, float]
    ) -> None:
        """`unresolved`: variance of slope, along and across the wind, below the pixel."""
        rng = np.random.default_rng([config.seed, 3])
        self.sun = Sun(np.radians(rng.uniform(28, 56)), rng.uniform(0, 2 * np.pi))
        self._variance = unresolved
        # small craft of the air see wide, satellites narrow; a strip of either is a few degrees
        field = np.radians(rng.uniform(5, 14))
        tilt, tilt_angle = np.radians(rng.uniform(0, 6)), rng.uniform(0, 2 * np.pi)
        centre = tilt * np.array([np.cos(tilt_angle), np.sin(tilt_angle)])
        rotation = np.array(
            [
                [np.cos(wind_angle), np.sin(wind_angle)],
                [-np.sin(wind_angle), np.cos(wind_angle)],
            ]
        )
        facets = [
            rotation @ facet_slope(self.sun.vector, _view(centre + offset))
            for offset in ((0, 0), (field, 0), (0, field))
        ]
        self._facet = facets[0]
        gradient = np.stack([facets[1] - facets[0], facets[2] - facets[0]], axis=1)
        self._facet_per_px = gradient / config.size
        self._middle_px = config.size / 2
        cosine = float(self.sun.vector @ _view(centre))
        gain = np.pi * fresnel(np.arccos(cosine) / 2) / (4 * np.cos(self.sun.zenith))
        self._glint_gain = gain / (2 * np.pi * np.sqrt(unresolved[0] * unresolved[1]))
        towards_sun = rotation @ self.sun.vector[:2] / np.sin(self.sun.zenith)
        sky = fresnel(0.1) * _SKY[: config.bands]
        self._sky_shade = -2 * _SKY_GRADIENT * sky[:, None] * towards_sun[None, :]
        kind = rng.dirichlet((0.8, 1.2, 0.25))
        self._base = (kind @ _WATERS)[: config.bands] + sky
        self._plankton, self._silt = (
            Lattice.noise(rng, pixels=config.size, cell=_SLOW_CELL, slope=3.0, longest_px=longest)
            for longest in (0.5 * config.size + 500, 0.25 * config.size + 500)
        )
        self._bands = config.bands

    def water(self, window: Window) -> Image:
        """Water and mean sky in every band, (bands, rows, cols)."""
        plankton, silt = self._plankton.draw(window), self._silt.draw(window)
        silt = np.exp(silt * np.float32(0.6)) * np.float32(0.2)
        out = np.empty((self._bands, window.height, window.width), np.float32)
        for band in range(self._bands):
            out[band] = plankton * np.float32(0.5 * _CHLOROPHYLL[band])
            out[band] += silt * np.float32(_SEDIMENT[band])
            out[band] += np.float32(self._base[band])
        return np.maximum(out, np.float32(5e-4), out=out)

    def mirror(self, window: Window) -> tuple[Image, Image]:
        """Slope along and across the wind that mirrors the sun, (rows, cols) each."""
        x = np.arange(window.col_off, window.col_end, dtype=np.float64) + 0.5 - self._middle_px
        y = np.arange(window.row_off, window.row_end, dtype=np.float64) + 0.5 - self._middle_px
        down, cross = (
            (self._facet[i] + g[0] * x[None, :] + g[1] * y[:, None]).astype(np.float32)
            for i, g in enumerate(self._facet_per_px)
        )
        return down, cross

    def add_waves(
        self,
        out: Image,
        band: int,
        slopes: tuple[Image, Image],
        mirror: tuple[Image, Image],
        roughness: Image,
    ) -> None:
        """Add to `out` (rows, cols) what facets of these slopes mirror: sun and sky.

        Unresolved waves spread the sun over a Gaussian of slopes (Cox & Munk 1954), whose
        width follows `roughness`.
        """
        down, cross = slopes
        shade_down, shade_cross = self._sky_shade[band].astype(np.float32)
        out += down * shade_down
        out += cross * shade_cross
        smooth = 1 / np.square(roughness)
        exponent = np.square(down - mirror[0])
        exponent *= np.float32(-0.5 / self._variance[0])
        sideways = np.square(cross - mirror[1])
        sideways *= np.float32(-0.5 / self._variance[1])
        exponent += sideways
        exponent *= smooth
        glint = np.exp(exponent, out=exponent)
        glint *= smooth
        glint *= np.float32(self._glint_gain)
        out += glint


def _view(tilt: NDArray[np.floating]) -> NDArray[np.floating]:
    """Unit vector (x, y, up) to a viewer off the zenith by a small angle (x, y)."""
    vector = np.array([tilt[0], tilt[1], 1.0])
    return vector / np.linalg.norm(vector)
