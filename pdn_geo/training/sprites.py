"""Real boats cut out of fine imagery, to be set on other water at any coarser GSD."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, gaussian_filter

from pdn_geo.training.berths import Place, berth
from pdn_geo.training.boats import Boats
from pdn_geo.training.crops import Crop
from pdn_geo.training.drawing import blur_px
from pdn_geo.training.light import Light
from pdn_geo.training.scenes import TrainingScene
from pdn_geo.training.streaks import streak

Image = NDArray[np.float32]

FINEST_PX = 12.0
"""Hulls shorter than this hold too little to be worth cutting out."""
_ROUND = 2.6  # exponent of the superellipse that a hull is taken for
_AROUND = 1.15
_DARK, _WHITE = 10.0, 99.8  # percentiles that stand for water and white
_PAINT, _LEAST_PAINT = 90.0, 0.2  # percentile of a hull that is its paint, and how dark it may be
_LENGTHS = (0.7, 2.5)
_STRETCH = 1.25
_LEAST_PX = 1.5
_AT_BERTH = 0.4
_UNDER_WAY, _FRINGE_PX, _FRINGE_GSD_M = 0.5, 1.0, 2.0
_BRIGHT_WAKE = 0.8
_WATER = 0.65  # without infrared no map is surer than 0.73


@dataclass(frozen=True, eq=False)
class Sprite:
    """A boat lying along x. colour: (3, rows, cols) red, green, blue, 0 as water and 1 as the
    boat's own paint, times the cover; cover: (rows, cols), 0-1. length, width: metres.
    """

    colour: Image
    cover: Image
    gsd_m: float
    length: float
    width: float

    def gives(self, length_px: float, gsd_m: float) -> bool:
        """Whether a boat of that length can be made of it: not much shorter or longer than it
        is, nor of fewer pixels than asked for.
        """
        least, most = _LENGTHS
        return (
            least <= length_px * gsd_m / self.length <= most
            and length_px * self.gsd_m <= _STRETCH * self.length
        )


def cut_sprites(scenes: Iterable[TrainingScene]) -> list[Sprite]:
    """All hulls that are long enough, whole and sure."""
    return [sprite for scene in scenes for sprite in _sprites(scene)]


def _sprites(scene: TrainingScene) -> Iterator[Sprite]:
    names = ("red", "green", "blue")
    if not set(names) <= set(scene.band_names):
        return
    bands = scene.values[[scene.band_names.index(name) for name in names]].astype(np.float32)
    dark = np.percentile(bands[:, scene.valid], _DARK, axis=1)[:, None, None]
    white = np.percentile(bands[:, scene.valid], _WHITE, axis=1)[:, None, None]
    relative = ((bands - dark) / np.maximum(white - dark, 1)).astype(np.float32)
    rows, cols = scene.shape
    boats = scene.boats
    reach = boats.length / 2
    whole = (boats.x > reach) & (boats.x < cols - reach) & (boats.y > reach)
    whole &= (boats.y < rows - reach) & boats.counts & (boats.length >= FINEST_PX)
    for i in np.flatnonzero(whole):
        high, wide = (int(np.ceil(s[i] * _AROUND)) + 4 for s in (boats.width, boats.length))
        cos, sin = np.cos(boats.angle[i]), np.sin(boats.angle[i])
        matrix = np.array([[cos, sin], [-sin, cos]])  # (row, col) of the sprite to the scene's
        first = np.array([boats.y[i], boats.x[i]]) - 0.5
        first -= matrix @ (np.array([high, wide]) / 2 - 0.5)
        turned = [affine_transform(band, matrix, first, (high, wide), order=1) for band in relative]
        across = (np.arange(high) + 0.5 - high / 2)[:, None] / (boats.width[i] / 2)
        along = (np.arange(wide) + 0.5 - wide / 2) / (boats.length[i] / 2)
        edge = np.abs(across) ** _ROUND + np.abs(along) ** _ROUND
        cover = np.clip((1.15 - edge) / 0.3, 0, 1).astype(np.float32)
        colour = np.stack(turned) * cover
        paint = np.percentile(colour.max(0)[cover > 0.5], _PAINT)
        colour /= np.float32(max(paint, _LEAST_PAINT))
        scale = scene.gsd_m
        yield Sprite(colour, cover, scale, boats.length[i] * scale, boats.width[i] * scale)


def paste(crop: Crop, sprites: Sequence[Sprite], light: Light, rng: np.random.Generator) -> Crop:
    """The crop with one more boat, on open water or at a berth, if there is room where chance
    falls and a sprite near enough to the length that chance asks for.

    light: of the scene. Of boats under way most have a bright wake, and colour fringes at the
    ground sampling distances of satellites, whose bands are exposed in turn.
    """
    side = crop.valid.shape[0]
    length = float(np.exp(rng.uniform(np.log(_LEAST_PX), np.log(side / 3))))
    able = [sprite for sprite in sprites if sprite.gives(length, crop.gsd_m)]
    if not able:
        return crop
    sprite = able[rng.integers(len(able))]
    width = length * sprite.width / sprite.length
    moored = rng.random() < _AT_BERTH
    place = berth(crop, length, width, rng) if moored else _afloat(crop, length, rng)
    if place is None or not _reach(length) <= min(*place[:2]) <= max(*place[:2]) <= side - _reach(
        length
    ):
        return crop
    under_way = not moored and rng.random() < _UNDER_WAY
    return _set(crop, sprite, place, length, light, rng, under_way=under_way)


def _reach(length: float) -> int:
    """Pixels to each side of a boat's centre that it may change, its wake apart."""
    return int(np.ceil(length / 2)) + 4


def _afloat(crop: Crop, length: float, rng: np.random.Generator) -> Place | None:
    """A place in open water, unless chance falls on what is none."""
    reach = _reach(length)
    x, y = rng.uniform(reach, crop.valid.shape[0] - reach, 2)
    around = _around(x, y, reach)
    apart = np.hypot(crop.boats.x - x, crop.boats.y - y)
    taken = apart < (np.nan_to_num(crop.boats.length, nan=3.0) + length) / 2 + 1
    if taken.any() or not crop.valid[around].all() or crop.water[around].mean() < _WATER:
        return None
    return float(x), float(y), float(rng.uniform(-np.pi, np.pi))


def _around(x: float, y: float, reach: int) -> tuple[slice, slice]:
    return slice(int(y) - reach, int(y) + reach), slice(int(x) - reach, int(x) + reach)


def _set(
    crop: Crop,
    sprite: Sprite,
    place: Place,
    length: float,
    light: Light,
    rng: np.random.Generator,
    *,
    under_way: bool,
) -> Crop:
    x, y, angle = place
    scale = length * sprite.gsd_m / sprite.length
    width = length * sprite.width / sprite.length
    drift = rng.uniform(-_FRINGE_PX, _FRINGE_PX)
    drift *= crop.gsd_m >= _FRINGE_GSD_M and under_way
    blur = blur_px(crop.gsd_m, rng)
    level = crop.level[:, int(y), int(x)]
    paint, black = light.of_paint(level, rng), light.black(rng)
    values = crop.values.copy()
    boat = Boats.one(x, y, length, width, angle)
    if under_way and rng.random() < _BRIGHT_WAKE:
        stern = x - np.cos(angle) * length / 2, y - np.sin(angle) * length / 2
        foam = gaussian_filter(streak(crop.valid.shape, stern, angle, (length, width), rng), blur)
        foam *= crop.water >= _WATER
        values += foam * np.maximum(light.white[:, None, None] - values, 0)
        boat = replace(boat, wake=np.ones(1), bow_known=np.ones(1, bool))
    around = _around(x, y, _reach(length))
    for i, name in enumerate(crop.band_names):
        shift = drift * {"red": 1.0, "green": 0.5, "blue": 0.0}.get(name, 1.5)
        colour = sprite.colour[{"red": 0, "green": 1, "blue": 2}.get(name, 0)]
        # The middle of the exposures is where the label lies.
        placing = _Placing(
            x - around[1].start, y - around[0].start, angle, scale, shift - drift, blur
        )
        cover, seen = (placing.draw(part, 2 * _reach(length)) for part in (sprite.cover, colour))
        bright = np.maximum(seen - black * cover, 0) / (1 - black)
        drawn = values[i][around] * (1 - cover) + cover * level[i] + bright * paint[i]
        values[i][around] = np.minimum(drawn, light.clipped_at)
    return replace(crop, values=values, boats=Boats.concatenate([crop.boats, boat]))


@dataclass(frozen=True, slots=True)
class _Placing:
    """Where a sprite goes: its centre in a small box, turn and scale; pixels ahead and of blur."""

    x: float
    y: float
    angle: float
    scale: float
    ahead: float
    blur: float

    def draw(self, layer: Image, side: int) -> Image:
        """The layer as a sensor of these pixels averages it, (side, side)."""
        blur = self.blur / self.scale
        layer = np.pad(layer, int(3 * blur) + 1)
        smooth = gaussian_filter(layer, blur, mode="constant", truncate=3)
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        matrix = np.array([[cos, -sin], [sin, cos]]) / self.scale  # (row, col) to the sprite's
        x, y = self.x + cos * self.ahead, self.y + sin * self.ahead
        middle = np.array(layer.shape) / 2 - 0.5
        first = middle - matrix @ np.array([y - 0.5, x - 0.5])
        return np.asarray(affine_transform(smooth, matrix, first, (side, side), order=1))
