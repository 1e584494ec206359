"""Where training crops come from: labelled scenes, and simulated seas."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pdn_geo.training.crops import Crop, cut, in_other_light, random_turn
from pdn_geo.training.scenes import TrainingScene
from pdn_geo.training.simulated import SimulatedSeas
from pdn_geo.training.sprites import Sprite, paste

_AT_BOAT, _AT_SALIENT = 0.5, 0.3
"""Shares of crops about a labelled boat and where the saliency map expects one, which it
mostly does in vain: hard negatives. The others lie anywhere."""
_CROWD_PX = 96
_INNER = 0.4
"""Crops hang over a scene's edge by no more than half a side less this."""
_PASTED = 2.0  # boats tried to set on each crop of real water, on average
_WHITE = 99.7


class Source(Protocol):
    """Gives crops without end."""

    def crop(self, rng: np.random.Generator, side: int) -> Crop:
        """A crop of side x side pixels; equal states of `rng` give equal crops."""


@dataclass(frozen=True, eq=False)
class LabelledScenes:
    """Crops of real scenes. shares: how often each scene is drawn. sprites: boats to set on
    their water, may be empty.
    """

    scenes: Sequence[TrainingScene]
    shares: NDArray[np.float64]
    sprites: list[Sprite]

    def crop(self, rng: np.random.Generator, side: int) -> Crop:
        index = int(rng.choice(len(self.scenes), p=self.shares))
        scene = self.scenes[index]
        crop = cut(scene, _somewhere(scene, rng, side), random_turn(rng), side)
        for _ in range(rng.poisson(_PASTED) if self.sprites else 0):
            crop = paste(crop, self.sprites, self._whites[index], rng)
        return in_other_light(crop, rng)

    @cached_property
    def _whites(self) -> list[NDArray[np.float32]]:
        """What stands for white in every scene, (bands,) each."""
        return [
            np.percentile(scene.values[:, scene.valid][:, ::7], _WHITE, axis=1).astype(np.float32)
            for scene in self.scenes
        ]


@dataclass(frozen=True, eq=False)
class Simulated:
    """Crops of simulated seas."""

    seas: SimulatedSeas

    def crop(self, rng: np.random.Generator, side: int) -> Crop:
        scene = self.seas.scene(int(rng.integers(len(self.seas))))
        return in_other_light(cut(scene, _somewhere(scene, rng, side), random_turn(rng), side), rng)


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
