"""One simulated sea, any window of which can be drawn alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.ocean.clouds import Clouds
from pdn_geo.ocean.coast import Coast, Strand
from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.fleet import launch
from pdn_geo.ocean.lattice import Lattice
from pdn_geo.ocean.light import FOAM_REFLECTANCE, Light
from pdn_geo.ocean.sensor import HALO, Sensor
from pdn_geo.ocean.spectrum import cox_munk
from pdn_geo.ocean.surface import COMPACT_PX, SeaState, Surface
from pdn_geo.ocean.traffic import Traffic, Vessel, WakeField
from pdn_geo.ocean.whitecaps import Foam, Whitecaps

Image = NDArray[np.float32]

BLOCK = 256  # pixels; windows are drawn in whole blocks, so that a pixel never depends on the ask
_GUST_CELL = 64
_GUSTINESS = 0.12  # relative change of short waves from gust to lull


@dataclass(frozen=True, slots=True)
class Rendered:
    """values: (bands, rows, cols) in the file's dtype. foam: (rows, cols) float32, share of
    each pixel under whitecaps in the first band.
    """

    values: NDArray[np.unsignedinteger]
    foam: Image


class Sea:
    """A sea that follows from its configuration alone; safe to draw from many threads.

    Building it takes seconds; drawing takes well under a microsecond per pixel.
    """

    def __init__(self, config: SeaConfig) -> None:
        self.config = config
        rng = np.random.default_rng([config.seed, 0])
        wind_angle = rng.uniform(-np.pi, np.pi)
        state = SeaState(
            wind_mps=config.wind_mps,
            wind_angle=wind_angle,
            swell_m=config.swell_m,
            swell_wavelength_m=float(rng.uniform(70, 220)),
            swell_angle=wind_angle + rng.normal(0, 0.9),
        )
        self.wind_angle = float(wind_angle)
        compact = config.size <= COMPACT_PX
        self.surface = Surface(
            state,
            gsd_m=config.gsd_m,
            times_s=config.times_s,
            seed=config.seed,
            compact=compact,
        )
        self.unresolved_variance = _unresolved(self.surface, config.wind_mps)
        self.light = Light(config, self.wind_angle, self.unresolved_variance)
        self.whitecaps = Whitecaps(
            self.surface,
            wind_mps=config.wind_mps,
            wind_angle=self.wind_angle,
            gsd_m=config.gsd_m,
            seed=config.seed,
            compact=compact,
        )
        self._clouds = Clouds(config, self.light.sun) if config.clouds > 0 else None
        self._sensor = Sensor(config)
        self._gusts = Lattice.noise(
            np.random.default_rng([config.seed, 9]),
            pixels=config.size,
            cell=_GUST_CELL,
            slope=2.6,
            longest_px=800 / config.gsd_m + 100,
        )
        self.coast = (
            Coast(
                config,
                self.light.sun,
                wind_angle=self.wind_angle,
                swell_wavelength_m=state.swell_wavelength_m,
            )
            if config.coastal
            else None
        )
        boats = (
            launch(config)
            if self.coast is None
            else [*self.coast.boats, *launch(config, self.coast.waters, self.coast.boats)]
        )
        self.vessels = [Vessel.of(boat, config.wind_mps, self.light.sun) for boat in boats]
        self._traffic = Traffic(self.vessels, self.light.sun, config)

    def render(self, window: Window) -> Rendered:
        """Pixels of any window, which may reach outside the scene: the sea goes on."""
        values = np.empty(
            (self.config.bands, window.height, window.width), np.dtype(self.config.dtype)
        )
        foam = np.empty((window.height, window.width), np.float32)
        for row in range(window.row_off // BLOCK, -(-window.row_end // BLOCK)):
            for col in range(window.col_off // BLOCK, -(-window.col_end // BLOCK)):
                block = Window(col_off=col * BLOCK, row_off=row * BLOCK, width=BLOCK, height=BLOCK)
                part = block.intersection(window)
                assert part is not None
                drawn = self._block(block)
                source, target = _within(part, block), _within(part, window)
                values[(slice(None), *target)] = drawn.values[(slice(None), *source)]
                foam[target] = drawn.foam[source]
        return Rendered(values, foam)

    def cloud_opacity(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray:
        """Share of the light from pixel coordinates that clouds hide, (N,), 0 to 1."""
        hidden = np.zeros(len(x))
        if self._clouds is not None:
            for index, (col, row) in enumerate(zip(x, y, strict=True)):
                at = Window(col_off=int(col), row_off=int(row), width=1, height=1)
                hidden[index] = self._clouds.opacity(at)[0, 0]
        return hidden

    def _block(self, block: Window) -> Rendered:
        around = block.expanded(HALO)
        strand = self.coast.strand(around) if self.coast else None
        if strand is not None and strand.land.min() == 1:
            image = np.zeros((self.config.bands, around.height, around.width), np.float32)
            share = np.zeros(image.shape[1:], np.float32)
        else:
            image, share = self._water(around, strand)
        if self.coast is not None and strand is not None:
            self.coast.paint(image, around, strand)
            share *= 1 - strand.land
        self._traffic.paint(image, around)
        if self._clouds is not None:
            self._clouds.cover(image, around)
        inner = slice(HALO, -HALO)
        return Rendered(self._sensor.expose(image, block), share[inner, inner])

    def _water(self, around: Window, strand: Strand | None) -> tuple[Image, Image]:
        """Reflectance of the sea (bands, rows, cols), and the foam in its first band."""
        gust = self._gusts.draw(around)
        roughness = np.maximum(1 + np.float32(_GUSTINESS) * gust, np.float32(0.5))
        lace = self.whitecaps.lace(around)
        wake = WakeField.over(
            around, self.vessels, lace=lace, gsd_m=self.config.gsd_m, wind_angle=self.wind_angle
        )
        if wake is not None:
            roughness *= 1 - np.float32(0.75) * wake.trail
        shelter = None
        if self.coast is not None and strand is not None:
            shelter = self.coast.shelter(around, strand)
            roughness *= np.float32(0.4) + np.float32(0.6) * shelter
        mirror = self.light.mirror(around)
        foam = self.whitecaps.floating(around)
        image = self.light.water(around)
        if self.coast is not None and strand is not None:
            self.coast.show_bed(image, around, strand)
        share = np.zeros((around.height, around.width), np.float32)
        for band in np.argsort(self.config.times_s, kind="stable"):
            slopes = self.surface.slopes(around, band, roughness)
            if shelter is not None:
                for slope in slopes:
                    slope *= shelter
            if wake is not None:
                np.add(slopes[0], wake.slope_down, out=slopes[0])
                np.add(slopes[1], wake.slope_cross, out=slopes[1])
            self.light.add_waves(image[band], band, slopes, mirror, roughness)
            foam = self.whitecaps.at(around, band, foam and foam.aged())
            _whiten(image[band], band, foam, wake, shelter)
            if foam is not None and band == 0:
                share = foam.cover if shelter is None else foam.cover * shelter
            if self.coast is not None and strand is not None:
                seconds = self.config.times_s[band]
                self.coast.break_waves(image[band], band, around, strand, lace, seconds)
        return image, share


def render_window(sea: Sea, window: Window) -> NDArray[np.unsignedinteger]:
    """Pixels (bands, rows, cols) of a window of a sea, in its dtype."""
    return sea.render(window).values


def _unresolved(surface: Surface, wind_mps: float) -> tuple[float, float]:
    """Slope variance along and across the wind that the pixels do not resolve."""
    down, cross = (
        max(total - resolved, 0.15 * total)
        for total, resolved in zip(cox_munk(wind_mps), surface.resolved_variance, strict=True)
    )
    return down, cross


def _within(part: Window, whole: Window) -> tuple[slice, slice]:
    return Window(
        col_off=part.col_off - whole.col_off,
        row_off=part.row_off - whole.row_off,
        width=part.width,
        height=part.height,
    ).slices


def _whiten(
    image: Image, band: int, foam: Foam | None, wake: WakeField | None, shelter: Image | None
) -> None:
    white = foam.whiteness if foam is not None else None
    if white is not None and shelter is not None:
        white = white * shelter
    if wake is not None:
        white = wake.foam if white is None else np.maximum(white, wake.foam)
    if white is not None:
        image += white * (np.float32(FOAM_REFLECTANCE[band]) - image)
