"""Real boats set on the water of a training crop, or at its berths, at any coarser GSD."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, gaussian_filter

from pdn_geo.training.berths import Place, berth
from pdn_geo.training.boats import Boats
from pdn_geo.training.crops import Crop
from pdn_geo.training.drawing import SATELLITE_M, WATER, blur_px
from pdn_geo.training.light import Light
from pdn_geo.training.sprites import Sprite
from pdn_geo.training.streaks import streak

Image = NDArray[np.float32]

_LEAST_PX = 1.5
_AT_BERTH = 0.4
_UNDER_WAY, _FRINGE_PX = 0.5, 1.0
_BRIGHT_WAKE = 0.8
_BLOOM = (1.0, 2.0)


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
    broader = _bloom(crop, light, rng)
    width = broader * length * sprite.width / sprite.length
    moored = rng.random() < _AT_BERTH
    place = berth(crop, length, width, rng) if moored else _afloat(crop, length, width, rng)
    if place is None:
        return crop
    (x, y, heading), reach = place, _reach(length, width)
    if min(x, y) < reach or max(x, y) > side - reach:
        return crop
    boat = Boats.one(x, y, length, width, heading)
    under_way = not moored and rng.random() < _UNDER_WAY
    blur = blur_px(crop.gsd_m, rng)
    if under_way and rng.random() < _BRIGHT_WAKE:
        crop = _with_wake(crop, boat, blur, light, rng)
        boat = replace(boat, wake=np.ones(1), bow_known=np.ones(1, bool))
    fringe = under_way and crop.gsd_m >= SATELLITE_M
    drift = rng.uniform(-_FRINGE_PX, _FRINGE_PX) * fringe
    scale = length * sprite.gsd_m / sprite.length
    placing = _Placing(x, y, heading, (broader * scale, scale), blur)
    drawn = _drawn(crop, sprite, placing, reach, drift, light, rng)
    return replace(drawn, boats=Boats.concatenate([crop.boats, boat]))


def _bloom(crop: Crop, light: Light, rng: np.random.Generator) -> float:
    """Times as broad as it is that a boat looks this time: bright things bloom on satellites'
    stretched products.
    """
    blooms = crop.gsd_m >= SATELLITE_M and light.clipped
    return rng.uniform(*_BLOOM) if blooms else 1.0


def _reach(length: float, width: float) -> int:
    """Pixels to each side of a boat's centre that it may change, its wake apart."""
    return int(np.ceil(np.hypot(length, width) / 2)) + 4


def _around(x: float, y: float, reach: int) -> tuple[slice, slice]:
    return slice(int(y) - reach, int(y) + reach), slice(int(x) - reach, int(x) + reach)


def _afloat(crop: Crop, length: float, width: float, rng: np.random.Generator) -> Place | None:
    """A place in open water, unless chance falls on what is none."""
    reach = _reach(length, width)
    x, y = rng.uniform(reach, crop.valid.shape[0] - reach, 2)
    around = _around(x, y, reach)
    apart = np.hypot(crop.boats.x - x, crop.boats.y - y)
    taken = apart < (np.nan_to_num(crop.boats.length, nan=3.0) + length) / 2 + 1
    if taken.any() or not crop.valid[around].all() or crop.water[around].mean() < WATER:
        return None
    return float(x), float(y), float(rng.uniform(-np.pi, np.pi))


def _with_wake(
    crop: Crop, boat: Boats, blur: float, light: Light, rng: np.random.Generator
) -> Crop:
    heading, length, width = boat.angle[0], boat.length[0], boat.width[0]
    stern = boat.x[0] - np.cos(heading) * length / 2, boat.y[0] - np.sin(heading) * length / 2
    foam = gaussian_filter(streak(crop.valid.shape, stern, heading, (length, width), rng), blur)
    foam *= crop.water >= WATER
    missing = np.maximum(light.white[:, None, None] - crop.values, 0)
    return replace(crop, values=crop.values + foam * missing)


@dataclass(frozen=True, slots=True)
class _Placing:
    """Where a sprite goes: its centre, turn and scales (across, along); pixels of blur."""

    x: float
    y: float
    angle: float
    scale: tuple[float, float]
    blur: float

    def draw(self, layer: Image, reach: int, ahead: float) -> Image:
        """The layer as a sensor of these pixels averages it, (2 reach, 2 reach) about the centre,
        so many pixels ahead of its place.
        """
        rows, cols = _around(self.x, self.y, reach)
        blur = self.blur / np.array(self.scale)
        layer = np.pad(layer, int(3 * blur.max()) + 1)
        smooth = gaussian_filter(layer, blur, mode="constant", truncate=3)
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        matrix = np.array([[cos, -sin], [sin, cos]])  # (row, col) to the sprite's
        matrix /= np.array(self.scale)[:, None]
        x, y = self.x - cols.start + cos * ahead, self.y - rows.start + sin * ahead
        middle = np.array(layer.shape) / 2 - 0.5
        first = middle - matrix @ np.array([y - 0.5, x - 0.5])
        size = 2 * reach, 2 * reach
        return np.asarray(affine_transform(smooth, matrix, first, size, order=1))


def _drawn(
    crop: Crop,
    sprite: Sprite,
    placing: _Placing,
    reach: int,
    drift: float,
    light: Light,
    rng: np.random.Generator,
) -> Crop:
    """drift: pixels that the boat moves ahead from the first band's exposure to the last's."""
    around = _around(placing.x, placing.y, reach)
    level = crop.level[:, int(placing.y), int(placing.x)]
    paint, black = light.of_paint(level, rng), light.black(rng)
    values = crop.values.copy()
    for i, name in enumerate(crop.band_names):
        colour = sprite.colour[{"red": 0, "green": 1, "blue": 2}.get(name, 0)]
        # The middle of the exposures is where the label lies.
        ahead = drift * ({"red": 1.0, "green": 0.5, "blue": 0.0}.get(name, 1.5) - 1)
        cover, seen = (placing.draw(part, reach, ahead) for part in (sprite.cover, colour))
        bright = np.maximum(seen - black * cover, 0) / (1 - black)
        shown = values[i][around] * (1 - cover) + cover * level[i] + bright * paint[i]
        values[i][around] = np.minimum(shown, light.clipped_at)
    return replace(crop, values=values)
