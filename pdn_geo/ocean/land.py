"""What covers the land: sand, scrub, woods, soil, and districts of streets and roofs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.ocean import materials as m
from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.lattice import Lattice
from pdn_geo.ocean.light import Sun
from pdn_geo.ocean.materials import Colour
from pdn_geo.ocean.shore import Shore
from pdn_geo.ocean.texture import Textures
from pdn_geo.ocean.town import HOUSES, OLD_TOWN, SHEDS, town

Image = NDArray[np.float32]
Bools = NDArray[np.bool_]

# open ground, shrubs, woods, bare soil: temperate, dry, marsh, tropical
_CLIMATES: tuple[tuple[Colour, Colour, Colour, Colour], ...] = (
    (m.GRASS, m.SCRUB, m.FOREST, m.DRY_GRASS),
    (m.DRY_GRASS, m.SCRUB, m.FOREST, m.SOIL),
    (m.MARSH, m.GRASS, m.SCRUB, m.WET_ROCK),
    (m.GRASS, m.FOREST, m.FOREST, m.SAND),
)
_SANDS = (m.SAND, m.PALE_SAND, m.GREY_SAND)
_ROCKS = (m.WET_ROCK, m.RUBBLE, m.BROWN)
_DISTRICT_CELL = 16  # pixels between nodes of the fields that divide the land
_WET_M = 7.0  # width of the sand that waves keep wet


class Land:
    """The ground of one scene; every value follows from where it lies."""

    def __init__(
        self, config: SeaConfig, sun: Sun, textures: Textures, shore: Shore | None
    ) -> None:
        self._shore = shore
        rng = np.random.default_rng([config.seed, 22])
        self._gsd_m, self._bands, self._textures = config.gsd_m, config.bands, textures
        self._climate = _CLIMATES[int(rng.choice(4, p=(0.4, 0.3, 0.15, 0.15)))]
        self._sand = np.array(_SANDS[int(rng.integers(3))]) * rng.uniform(0.85, 1.1)
        self._rock = np.array(_ROCKS[int(rng.integers(3))])
        self._beach_m = float(rng.uniform(12, 70))
        self._bluff_m = float(rng.uniform(3, 12))
        self._woods = float(rng.normal(0.6, 0.6))  # level over which clumps are woods
        plans = ((HOUSES, SHEDS), (OLD_TOWN, SHEDS), (HOUSES, OLD_TOWN), (SHEDS, HOUSES))
        self._plans = plans[int(rng.integers(4))]
        self._setback_m = float(rng.uniform(4, 45))
        self._turn = float(rng.uniform(-np.pi, np.pi))
        self._seed = int(rng.integers(2**31))
        reach = sun.shadow_offset(1.0)
        self._shadow = _turned(reach[0], reach[1], self._turn)
        inside = config.size // _DISTRICT_CELL + 1
        self._district, self._sandy, self._industry = (
            Lattice.noise(rng, pixels=config.size, cell=_DISTRICT_CELL, slope=3.2,
                          longest_px=metres / config.gsd_m + 0.3 * config.size)
            for metres in (600, 900, 900)
        )  # fmt: skip
        self._town_level, self._beach_level = (
            np.float32(_level(field.weights[:inside, :inside], share))
            for field, share in ((self._district, config.town), (self._sandy, config.beach))
        )

    def beach(self, window: Window) -> Image:
        """How sandy the nearest shore is, 0 (rock) to 1, (rows, cols)."""
        return np.clip((self._sandy.draw(window) - self._beach_level) * np.float32(4) + 0.5, 0, 1)

    def ground(self, window: Window, distance: Image, beach: Image) -> Image:
        """Reflectance (bands, rows, cols); distance: metres inland."""
        draw = self._textures.draw
        rough, crowns = draw("rough", window), draw("crowns", window)
        image = self._natural(window, rough, crowns)
        edge = distance + np.float32(0.15 * self._beach_m) * draw("clumps", window, 2)
        self._lay_shore(image, edge, beach, rough)
        near = self._district.draw(window) > self._town_level - np.float32(0.6)
        near &= distance > 0
        if near.any():
            self._build(image, window, near)
        image *= 1 + np.float32(0.05) * rough
        return image

    def _natural(self, window: Window, rough: Image, crowns: Image) -> Image:
        clumps = self._textures.draw("clumps", window)
        soil = self._textures.draw("clumps", window, 1) + np.float32(0.5) * rough
        woods = clumps + np.float32(0.35) * crowns
        shares = (
            _step(woods, self._woods - 0.9, 0.6),
            _step(woods, self._woods, 0.3),
            _step(soil, 1.1, 0.5),
        )
        relief = 1 + np.float32(0.3) * crowns * shares[0]
        np.clip(relief, 0.25, 1.8, out=relief)
        image = np.empty((self._bands, *rough.shape), np.float32)
        for band in range(self._bands):
            open_ground, *covers = (np.float32(c[band]) for c in self._climate)
            image[band] = open_ground
            for share, colour in zip(shares, covers, strict=True):
                image[band] += share * (colour - image[band])
        image *= relief
        return image

    def _lay_shore(self, image: Image, edge: Image, beach: Image, rough: Image) -> None:
        """Sand or bare rock between the water and what grows."""
        width = np.float32(self._bluff_m) + (self._beach_m - self._bluff_m) * beach
        share = _step(width - edge, -0.08 * self._beach_m, 0.16 * self._beach_m + self._gsd_m)
        wet = 1 - np.float32(0.42) * _step(_WET_M - edge, -1, 4)
        stones = 1 + np.float32(0.35) * rough * (1 - beach)
        wet *= np.maximum(stones, np.float32(0.3))
        for band in range(self._bands):
            sand, rock = np.float32(self._sand[band]), np.float32(self._rock[band])
            image[band] += share * ((rock + beach * (sand - rock)) * wet - image[band])

    def _build(self, image: Image, window: Window, near: Bools) -> None:
        """Districts, point-sampled twice a pixel."""
        rows, cols = np.nonzero(near)
        other = self._industry.draw(window)[rows, cols] > 0.6
        total = np.zeros((self._bands, len(rows)), np.float32)
        ground = image[:, rows, cols]
        for dx, dy in ((0.25, 0.35), (0.75, 0.65)):
            x = ((window.col_off + cols + dx) * self._gsd_m).astype(np.float32)
            y = ((window.row_off + rows + dy) * self._gsd_m).astype(np.float32)
            u, v = _turned(x, y, self._turn)
            for plan, here in zip(self._plans, (~other, other), strict=True):
                if here.any():
                    colours, covered = town(plan, u[here], v[here], self._seed, self._shadow,
                                            self._settled)  # fmt: skip
                    total[:, here] += np.where(covered, colours[: self._bands], ground[:, here])
        image[:, rows, cols] = total / 2

    def _settled(self, u: Image, v: Image) -> Bools:
        """Whether a district stands at points (N,), in metres along its streets."""
        x, y = _turned(u, v, -self._turn)
        inland = self._shore.nearest(x, y) if self._shore else np.zeros_like(x)
        col, row = (np.rint(c / np.float32(self._gsd_m * _DISTRICT_CELL)).astype(int)
                    for c in (x, y))  # fmt: skip
        weights = self._district.weights
        built = weights[row % len(weights), col % len(weights)] > self._town_level
        sandy = self._sandy.weights[row % len(weights), col % len(weights)] > self._beach_level
        return built & (inland > self._setback_m + sandy * np.float32(1.2 * self._beach_m))


def _turned(x: Any, y: Any, angle: float) -> tuple[Any, Any]:
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return x * cos + y * sin, y * cos - x * sin


def _step(values: Image, start: float, width: float | Image) -> Image:
    """0 below `start`, 1 `width` above it, straight in between."""
    return np.clip((values - np.float32(start)) / np.float32(width), 0, 1)


def _level(values: NDArray[np.floating], share: float) -> float:
    """The value that this share of `values` exceeds."""
    if share <= 0:
        return float(values.max()) + 9
    if share >= 1:
        return float(values.min()) - 9
    return float(np.quantile(values, 1 - share))
