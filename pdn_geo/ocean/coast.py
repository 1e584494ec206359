"""The land, the harbours and the shallows of one scene, as the sea sees them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.ocean import materials as m
from pdn_geo.ocean.boats import Boat
from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.land import Land
from pdn_geo.ocean.light import FOAM_REFLECTANCE, Sun
from pdn_geo.ocean.marina import marina
from pdn_geo.ocean.moorings import buoys, mooring_field, rocks
from pdn_geo.ocean.quay import pier, quay
from pdn_geo.ocean.rocks import Rock, paint_rocks
from pdn_geo.ocean.shallows import Shallows
from pdn_geo.ocean.shore import Shore
from pdn_geo.ocean.site import Waters, apart, outlines
from pdn_geo.ocean.spectrum import GRAVITY
from pdn_geo.ocean.texture import Textures
from pdn_geo.ocean.works import Work, Works

Image = NDArray[np.float32]

_RAGGED_M = 1.2  # how far the fine shoreline strays from the smooth one
_HARBOUR_CALM = 0.12  # waves left inside a harbour
_HARBOUR_EDGE_M = 40.0
_FAR_M = 1e5


@dataclass(frozen=True, slots=True)
class Strand:
    """One window of coast, (rows, cols) each: metres offshore, sandiness of the shore 0 to 1,
    the share of each pixel that is land, and how exposed the water is, 0 in harbours to 1.
    """

    offshore: Image
    beach: Image
    land: Image
    exposed: Image


class Coast:
    """Everything of a scene that is not open water or a boat under way.

    boats: those berthed or moored. works, rocks: what is no boat.
    """

    def __init__(
        self, config: SeaConfig, sun: Sun, *, wind_angle: float, swell_wavelength_m: float
    ) -> None:
        rng = np.random.default_rng([config.seed, 24])
        self._config, self._gsd_m = config, config.gsd_m
        self._textures = Textures(config.seed, size=config.size, gsd_m=config.gsd_m)
        self._shore = Shore(config) if config.land > 0 else None
        self._land = Land(config, sun, self._textures, self._shore)
        self._shallows = Shallows(
            config,
            self._textures,
            period_s=float(np.sqrt(2 * np.pi * swell_wavelength_m / GRAVITY)),
            wind_wave_m=0.1 * config.wind_mps,
        )
        self.waters = Waters(self._shore, config.extent_m)
        works, self.boats, self._harbours = self._settle(rng, wind_angle)
        self.rocks: list[Rock] = rocks(rng, self.waters, config.rocks, config.swell_m)
        self.works = Works(works, sun, self._textures, gsd_m=config.gsd_m, seed=config.seed)

    def _settle(
        self, rng: np.random.Generator, wind_angle: float
    ) -> tuple[list[Work], list[Boat], list[tuple[float, float, float]]]:
        config, waters = self._config, self.waters
        works: list[Work] = []
        boats: list[Boat] = []
        layouts: list[tuple[int, Callable[..., tuple[list[Work], list[Boat]]]]] = [
            (config.marinas, marina), (config.quays, quay), (config.piers, pier),
        ]  # fmt: skip
        for count, lay_out in layouts:
            for _ in range(count):
                more, berthed = lay_out(rng, waters, config.size)
                works += more
                boats += berthed
        harbours = []
        for plot in waters.taken:
            radius = float(np.sqrt(plot.area / np.pi)) + 10
            harbours.append((plot.centroid.x, plot.centroid.y, radius))
        if config.moorings:
            more, moored = mooring_field(rng, waters, config.moorings, wind_angle)
            works += more
            boats += moored
        works += buoys(rng, waters, config.buoys, 0.7 * config.gsd_m)
        boats = apart(boats, works)
        waters.taken += shapely.buffer(outlines(works), 2.0).tolist()
        return works, boats, harbours

    def strand(self, window: Window) -> Strand:
        """What the shore is like in a window."""
        exposed = self._exposed(window)
        if self._shore is None:
            far = np.full_like(exposed, _FAR_M)
            return Strand(far, np.zeros_like(far), np.zeros_like(far), exposed)
        inland = self._shore.distance(window)
        inland += np.float32(_RAGGED_M) * self._textures.draw("rough", window, 9)
        land = np.clip(inland * np.float32(1 / self._gsd_m) + np.float32(0.5), 0, 1)
        return Strand(-inland, self._land.beach(window), land, exposed)

    def _exposed(self, window: Window) -> Image:
        """0 inside harbours, 1 outside, (rows, cols)."""
        out = np.ones((window.height, window.width), np.float32)
        x = ((np.arange(window.col_off, window.col_end) + 0.5) * self._gsd_m).astype(np.float32)
        y = ((np.arange(window.row_off, window.row_end) + 0.5) * self._gsd_m).astype(np.float32)
        for at_x, at_y, radius in self._harbours:
            dx, dy = x[None, :] - np.float32(at_x), y[:, None] - np.float32(at_y)
            if np.abs(dx).min() < radius + _HARBOUR_EDGE_M > np.abs(dy).min():
                off = np.hypot(dx, dy) - np.float32(radius)
                np.minimum(out, np.clip(off / np.float32(_HARBOUR_EDGE_M), 0, 1), out=out)
        return out

    def shelter(self, window: Window, strand: Strand) -> Image:
        """Share of the waves' slope that is left, (rows, cols)."""
        lee = self._shallows.shelter(strand.offshore, strand.beach)
        return np.minimum(lee, np.float32(_HARBOUR_CALM) + (1 - _HARBOUR_CALM) * strand.exposed)

    def show_bed(self, water: Image, window: Window, strand: Strand) -> None:
        """Mix the bed of shallow water into (bands, rows, cols) in place."""
        if strand.offshore.min() < _FAR_M:
            self._shallows.show_bed(water, window, strand.offshore, strand.beach, strand.exposed)

    def break_waves(
        self, image: Image, band: int, window: Window, strand: Strand, lace: Image,
        seconds: float,
    ) -> None:  # fmt: skip
        """Draw surf, swash and rocks at one moment onto one band (rows, cols) in place."""
        foam = float(FOAM_REFLECTANCE[band])
        if strand.offshore.min() < _FAR_M:
            white = self._shallows.surf(window, strand.offshore, strand.beach, lace, seconds)
            white *= strand.exposed
            image += white * (np.float32(foam) - image)
        if self.rocks:
            paint_rocks(image, band, window, self.rocks, self._textures, gsd_m=self._gsd_m,
                        seconds=seconds, colours=(m.WET_ROCK[band], foam))  # fmt: skip

    def paint(self, image: Image, window: Window, strand: Strand) -> None:
        """Draw land and works onto (bands, rows, cols) in place."""
        if strand.land.any():
            ground = self._land.ground(window, -strand.offshore, strand.beach)
            ground -= image
            ground *= strand.land
            image += ground
        self.works.paint(image, window)
