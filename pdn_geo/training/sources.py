"""Where training crops come from: labelled scenes, and simulated seas."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pdn_geo.training.cars import MOST_GSD_M, park
from pdn_geo.training.crops import Crop, cut, in_other_light, random_turn
from pdn_geo.training.jetties import build
from pdn_geo.training.light import light_of
from pdn_geo.training.pasting import paste
from pdn_geo.training.scenes import TrainingScene
from pdn_geo.training.simulated import SimulatedSeas
from pdn_geo.training.sprites import Sprite

_AT_BOAT, _AT_SALIENT = 0.5, 0.3
"""Shares of crops about a labelled boat and where the saliency map expects one, which it
mostly does in vain: hard negatives. The others lie anywhere."""
_CROWD_PX = 96
_INNER = 0.4
"""Crops hang over a scene's edge by no more than half a side less this."""
_PARKED = 0.5
_BUILT = 0.4
_PASTED = 2.0  # boats tried to set on each crop of real water, on average


class Source(Protocol):
    """Gives crops without end."""

    def crop(self, rng: np.random.Generator, side: int) -> Crop:
        """A crop of side x side pixels; equal states of `rng` give equal crops."""


@dataclass(frozen=True, eq=False)
class LabelledScenes:
    """Crops of real scenes. shares: how often each scene is drawn. sprites: boats to set on
    their water, may be empty. dry: nothing but land, on which cars are set in half of the crops
    that are fine enough.
    """

    scenes: Sequence[TrainingScene]
    shares: NDArray[np.float64]
    sprites: Sequence[Sprite] = ()
    dry: bool = False

    def crop(self, rng: np.random.Generator, side: int) -> Crop:
        scene = self.scenes[int(rng.choice(len(self.scenes), p=self.shares))]
        return _crop(scene, self.sprites, rng, side, dry=self.dry)


@dataclass(frozen=True, eq=False)
class Simulated:
    """Crops of simulated seas. sprites: real boats to set on their water, may be empty."""

    seas: SimulatedSeas
    sprites: Sequence[Sprite] = ()

    def crop(self, rng: np.random.Generator, side: int) -> Crop:
        return _crop(self.seas.scene(int(rng.integers(len(self.seas)))), self.sprites, rng, side)


def _crop(
    scene: TrainingScene,
    sprites: Sequence[Sprite],
    rng: np.random.Generator,
    side: int,
    *,
    dry: bool = False,
) -> Crop:
    crop = cut(scene, _somewhere(scene, rng, side), random_turn(rng), side)
    if dry and crop.gsd_m <= MOST_GSD_M and rng.random() < _PARKED:
        crop = park(crop, light_of(scene).white, rng)
    if rng.random() < _BUILT:
        crop = build(crop, rng)
    for _ in range(rng.poisson(_PASTED) if sprites else 0):
        crop = paste(crop, sprites, light_of(scene), rng)
    return in_other_light(crop, rng)


def _somewhere(scene: TrainingScene, rng: np.random.Generator, side: int) -> tuple[float, float]:
    """Where to cut: with a boat somewhere in it, with something salient in it, or anywhere."""
    chance = rng.random()
    rows, cols = scene.shape
    x, y = rng.uniform(0, cols), rng.uniform(0, rows)
    counted = np.flatnonzero(scene.boats.counts)
    worth = np.sqrt(scene.expected.ravel().astype(np.float64))
    if chance < _AT_BOAT and len(counted):
        boat = rng.choice(counted, p=_lone_first(scene.boats.x[counted], scene.boats.y[counted]))
        x, y = scene.boats.x[boat], scene.boats.y[boat]
        x, y = (x, y) + rng.uniform(-0.4, 0.4, 2) * side
    elif chance < _AT_BOAT + _AT_SALIENT and worth.any():
        cell = int(rng.choice(len(worth), p=worth / worth.sum()))
        row, col = divmod(cell, scene.expected.shape[1])
        x, y = (np.array([col, row]) + 0.5) * scene.stride + rng.uniform(-0.4, 0.4, 2) * side
    inner = _INNER * side
    x, y = (
        np.clip(at, inner, size - inner) if size > 2 * inner else size / 2
        for at, size in ((x, cols), (y, rows))
    )
    return float(x), float(y)


def _lone_first(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chances of boats, (N,), such that a full marina is drawn as often as a lone boat."""
    squares = np.stack([x, y]) // _CROWD_PX
    _, which, crowd = np.unique(squares, axis=1, return_inverse=True, return_counts=True)
    chances = 1 / crowd[which]
    return np.asarray(chances / chances.sum())
