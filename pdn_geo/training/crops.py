"""One training crop: a turned, scaled, mirrored piece of a scene, its light changed."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import shapely
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pdn_geo.engines.network.inputs import network_input
from pdn_geo.sea import SeaStatistics
from pdn_geo.training.boats import Boats
from pdn_geo.training.scenes import TrainingScene

Image = NDArray[np.float32]
Matrix = NDArray[np.float64]

_TURN_FREELY = 0.5
"""Share of crops that are turned and scaled at will, which smooths their noise; the others
are only turned by right angles and mirrored."""
_SCALES = (0.75, 1.3)
_GAIN = 0.4  # spread of the logarithm of contrast
_BAND_GAIN = 0.05
_BAND_LEVEL = 0.15  # in spreads of the sea
_SLOPE, _SLOPE_M = (0.5, 0.7), 400.0
"""Share of crops where the water is brighter to one side than the scene's level knows, as over
silt and shallows, and the spread of how much, in spreads of the sea. Smaller crops have none."""
_STATE = 0.15
_NOISE = (0.5, 0.4)  # share of crops, most spreads of the sea
_GLITTER = (0.3, 2.5)  # likewise; of all bands alike, so that boats stand out less
_GLITTER_PX = 1.2  # most blur
_GLITTER_TOLD = 0.5  # share in which the scene's spread knows of it; glints lie in patches
_FORGET_WATER = 0.25
_FORGET_NIR = 0.4


@dataclass(frozen=True, eq=False)
class Crop:
    """A square piece of a scene in its own pixels.

    values and level, that of the water around: (bands, side, side) float32. valid, water:
    (side, side).
    """

    values: Image
    valid: NDArray[np.bool_]
    water: Image
    level: Image
    boats: Boats
    ignore: tuple[shapely.Geometry, ...]
    band_names: tuple[str, ...]
    gsd_m: float
    sea: SeaStatistics

    def network_input(self) -> Image:
        """See `engines.network.inputs`."""
        return network_input(
            self.values, self.valid, self.water, self.level, self.band_names, self.gsd_m, self.sea
        )


def cut(scene: TrainingScene, centre: tuple[float, float], to_crop: Matrix, side: int) -> Crop:
    """The crop of side x side pixels about a centre (x, y) of the scene.

    to_crop: (2, 2), from scene to crop pixels: a turn, mirror and scale.
    """
    back: Matrix = np.asarray(np.linalg.inv(to_crop), np.float64)
    middle = np.full(2, side / 2)
    # Whole pixels, so that turns by right angles copy them.
    at_pixel = np.round(np.asarray(centre, np.float64))
    corner = at_pixel - back @ middle  # scene place of the crop's corner
    scale = float(np.sqrt(abs(np.linalg.det(to_crop))))
    at = _Sampling(back, corner, side)
    values = at.sample(scene.values, "bilinear")
    valid = at.sample(scene.valid[None], "nearest")[0] > 0
    water = _Sampling(back / scene.stride, corner / scene.stride, side).sample(
        scene.water[None], "nearest"
    )[0]
    values *= valid
    boats = scene.boats.mapped(to_crop, middle - to_crop @ at_pixel)
    reach = np.nan_to_num(boats.length) / 2
    near = (np.abs(boats.x - side / 2) < side / 2 + reach) & (
        np.abs(boats.y - side / 2) < side / 2 + reach
    )
    return Crop(
        values=values,
        valid=valid,
        water=water * valid,
        level=_level(scene.sea, back, corner, side),
        boats=boats[near],
        ignore=_moved(scene.ignore, to_crop, middle - to_crop @ at_pixel, side),
        band_names=scene.band_names,
        gsd_m=scene.gsd_m / scale,
        sea=scene.sea,
    )


def random_turn(rng: np.random.Generator) -> Matrix:
    """From scene to crop pixels."""
    quarter = int(rng.integers(4))
    mirror = np.diag([rng.choice([-1.0, 1.0]), 1.0])
    if rng.random() >= _TURN_FREELY:
        return np.linalg.matrix_power(np.array([[0.0, -1.0], [1.0, 0.0]]), quarter) @ mirror
    scale = np.exp(rng.uniform(*np.log(_SCALES)))
    return scale * _turn(rng.uniform(0, 2 * np.pi)) @ mirror


def in_other_light(crop: Crop, rng: np.random.Generator) -> Crop:
    """The same crop with other contrast, noise and water map, sometimes without infrared.

    Bands keep their colours but for a little: what tells a whitecap is its colour fringe.
    """
    values, std = crop.values, crop.sea.std[:, None, None]
    bands = len(values)
    gain = np.exp(rng.normal(0, _GAIN) + rng.normal(0, _BAND_GAIN, bands))
    shift = rng.normal(0, _BAND_LEVEL, bands)[:, None, None] * std
    if rng.random() < _SLOPE[0] and crop.gsd_m * len(crop.valid) >= _SLOPE_M:
        shift = shift + _slope(crop.valid.shape, rng) * std
    values = crop.level + shift + (values - crop.level) * gain[:, None, None]
    if rng.random() < _NOISE[0]:
        noise = rng.standard_normal(values.shape, dtype=np.float32)
        values = values + noise * (std * rng.uniform(0, _NOISE[1]))
    rougher = 1.0
    if rng.random() < _GLITTER[0]:
        strength = rng.uniform(0, _GLITTER[1])
        values = values + _glitter(crop.valid.shape, rng) * (std * strength)
        if rng.random() < _GLITTER_TOLD:
            rougher = np.hypot(1, strength)
    told = crop.sea.std * rougher * np.exp(rng.normal(0, _STATE))
    seen = SeaStatistics(crop.sea.mean, told.astype(np.float32))
    values = np.where(crop.valid, values, 0).astype(np.float32)
    water = crop.water
    if rng.random() < _FORGET_WATER:
        water = np.where(crop.valid, np.float32(0.5), np.float32(0))
    dimmed = replace(crop, values=values, water=water, sea=seen)
    return _without_nir(dimmed) if rng.random() < _FORGET_NIR else dimmed


def _glitter(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Glints of many facets, as grey as the sun; (rows, cols), of spread 1."""
    noise = gaussian_filter(
        rng.standard_normal(shape, dtype=np.float32), rng.uniform(0, _GLITTER_PX), mode="wrap"
    )
    return noise / noise.std()


def _slope(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """A plane over (rows, cols) of any direction, height and steepness."""
    rows, cols = (np.linspace(-1, 1, size, dtype=np.float32) for size in shape)
    height, down, across = rng.normal(0, _SLOPE[1], 3).astype(np.float32)
    return np.asarray(height + down * rows[:, None] + across * cols)


def _without_nir(crop: Crop) -> Crop:
    keep = [i for i, name in enumerate(crop.band_names) if name != "nir"]
    return replace(
        crop,
        values=crop.values[keep],
        level=crop.level[keep],
        band_names=tuple(crop.band_names[i] for i in keep),
        sea=SeaStatistics(crop.sea.mean[keep], crop.sea.std[keep]),
    )


def _level(sea: SeaStatistics, back: Matrix, corner: NDArray[np.float64], side: int) -> Image:
    """That of the water around each pixel of a crop, (bands, side, side)."""
    if sea.level is None:
        return np.broadcast_to(sea.mean[:, None, None], (len(sea.mean), side, side))
    blocks, px = sea.level.blocks, sea.level.block_px
    # Constant beyond the outer blocks, for as far as a crop's valid pixels lie from their centres.
    wider = np.pad(blocks, ((0, 0), (1, 1), (1, 1)), mode="edge")
    return _Sampling(back / px, corner / px + 1, side).sample(wider, "bilinear")


@dataclass(frozen=True, slots=True)
class _Sampling:
    """Crop pixels to places of an array: (x, y) = back @ (u, v) + corner."""

    back: Matrix
    corner: NDArray[np.float64]
    side: int

    def sample(self, layers: NDArray, mode: Literal["bilinear", "nearest"]) -> Image:
        """(layers, side, side) float32 from (layers, rows, cols); 0 outside."""
        corners = self.back @ (np.array([[0, 0, 1, 1], [0, 1, 0, 1]]) * float(self.side))
        low = np.floor((corners + self.corner[:, None]).min(1)).astype(int) - 1
        high = np.ceil((corners + self.corner[:, None]).max(1)).astype(int) + 1
        part, origin = _part(layers, low, high)
        if np.isin(np.abs(self.back), (0.0, 1.0)).all():
            return self._right_angles(part, origin)
        along = np.arange(self.side) + 0.5
        offset = (self.corner - origin)[:, None, None]
        places = self.back[:, :1, None] * along + self.back[:, 1:, None] * along[:, None] + offset
        # grid_sample counts from -1 to 1 over the whole array.
        size = np.array(part.shape[:0:-1])[:, None, None]  # (cols, rows)
        grid = torch.from_numpy((2 * places / size - 1).astype(np.float32)).permute(1, 2, 0)[None]
        image = torch.from_numpy(part[None].astype(np.float32))
        return F.grid_sample(image, grid, mode=mode, align_corners=False)[0].numpy()

    def _right_angles(self, part: NDArray, origin: NDArray[np.intp]) -> Image:
        """The same by copying pixels: the crop's corner is moved to the nearest pixel's."""
        back = np.round(self.back).astype(int)
        first = np.round(self.back @ np.full(2, 0.5) + self.corner - 0.5).astype(int) - origin
        steps = np.arange(self.side)
        if back[0, 0]:
            cols, rows = first[0] + back[0, 0] * steps, first[1] + back[1, 1] * steps
            return part[:, rows[:, None], cols].astype(np.float32)
        cols, rows = first[0] + back[0, 1] * steps, first[1] + back[1, 0] * steps
        return part[:, rows, cols[:, None]].astype(np.float32)


def _part(
    layers: NDArray, low: NDArray[np.intp], high: NDArray[np.intp]
) -> tuple[NDArray, NDArray[np.intp]]:
    """Columns low[0] to high[0] and rows low[1] to high[1], 0 outside, and where they begin."""
    (left, top), (right, bottom) = low, high
    inside = layers[:, max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    before = (min(max(-top, 0), bottom - top), min(max(-left, 0), right - left))
    after = (
        (bottom - top) - before[0] - inside.shape[1],
        (right - left) - before[1] - inside.shape[2],
    )
    return np.pad(inside, ((0, 0), *zip(before, after, strict=True))), low


def _turn(angle: float) -> Matrix:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _moved(
    areas: tuple[shapely.Geometry, ...], matrix: Matrix, shift: NDArray[np.float64], side: int
) -> tuple[shapely.Geometry, ...]:
    frame = shapely.box(0, 0, side, side)
    moved = (shapely.transform(area, lambda points: points @ matrix.T + shift) for area in areas)
    return tuple(area for area in moved if area.intersects(frame))
