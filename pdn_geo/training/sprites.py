"""Real boats cut out of fine imagery."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from pdn_geo.training.scenes import TrainingScene

Image = NDArray[np.float32]

FINEST_PX = 12.0
"""Hulls shorter than this hold too little to be worth cutting out."""
_ROUND = 2.6  # exponent of the superellipse that a hull is taken for
_AROUND = 1.15
_DARK, _WHITE = 10.0, 99.8  # percentiles that stand for water and white
_PAINT, _LEAST_PAINT = 90.0, 0.2  # percentile of a hull that is its paint, and how dark it may be
_LENGTHS = (0.7, 2.5)
_STRETCH = 1.25


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
