"""How each set of weights of the patch network is trained: stages, and what their crops are of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from pdn_geo.training.config import LoopConfig


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One run of training, from the weights of the one before.

    batch, side: crops of a step; where `mixed`, wider ones as well. seas, windy: shares of the
    crops that are of random seas and of open sea with whitecaps; the rest are of real scenes.
    crops_m: metres per pixel of all of them; default all there is. shares: how often a real crop
    is of each collection; default the recipe's.
    """

    name: str
    loop: LoopConfig
    batch: int
    side: int
    mixed: bool = True
    seas: float = 1.0
    windy: float = 0.0
    crops_m: tuple[float, float] | None = None
    shares: Mapping[str, float] | None = field(default=None, hash=False)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """stride: pixels a cell of the network's maps. gsd_m: metres per pixel for which the weights
    are. shares: how often a real crop is of each collection. seas: how many random ones, and as
    many windy ones where a stage has those. alone, with_sites: stages without and with real
    scenes.
    """

    stride: int
    gsd_m: tuple[float, float]
    shares: Mapping[str, float] = field(hash=False)
    seas: int
    sea_seed: int
    alone: tuple[Stage, ...]
    with_sites: tuple[Stage, ...]


def _loop(steps: int, rate: float, seed: int = 0) -> LoopConfig:
    return LoopConfig(steps=steps, learning_rate=rate, ema=0.998, seed=seed)


_EMPTY = {
    "naip_coast": 0.27,
    "naip_no_boats": 0.2,
    "marina_030cm": 0.13,
    "surf_no_boats": 0.12,
    "aerial_no_boats": 0.16,
}
"""More of what holds no boat: surf, parked cars."""

_FROM_SPACE = {
    "sentinel2_ports": 0.42,
    "planet_california": 0.4,
    "sentinel2_wakes": 0.04,
    "naip_coast": 0.14,
}
"""What `patch` judges, far more often: `fits.py` said that it had not learned it."""

_METRE, _FINE = (0.55, 1.85), (0.25, 1.85)

_wide = partial(Stage, batch=14, side=192, seas=0.3)
_fine = partial(
    Stage, batch=16, side=192, mixed=False, seas=0.1, windy=0.3, crops_m=_FINE,
    shares=_EMPTY | {"naip_coast": 0.31},
)  # fmt: skip
"""What most stages with real sites have in common."""

RECIPES = {
    "patch": Recipe(
        stride=2,
        gsd_m=(0.2, 10.0),
        shares={
            "sentinel2_ports": 0.2,
            "sentinel2_wakes": 0.02,
            "planet_california": 0.18,
            "naip_coast": 0.23,
            "naip_no_boats": 0.1,
            "marina_030cm": 0.1,
            "surf_no_boats": 0.05,
            "aerial_no_boats": 0.12,
        },
        seas=480,
        sea_seed=1000,
        alone=(Stage(name="seas", loop=_loop(3500, 2e-3), batch=20, side=128),),
        with_sites=(
            # Small crops show more places; then wide ones.
            Stage(name="small", loop=_loop(2400, 1.2e-3, 1), batch=20, side=128, seas=0.45),
            _wide(name="wide", loop=_loop(1800, 8e-4, 2)),
            _wide(name="again", loop=_loop(1000, 6e-4, 3)),
            _wide(name="wakes", loop=_loop(800, 5e-4, 4)),
            # Since then a scene's spread is that about the water around.
            _wide(name="level", loop=_loop(800, 6e-4, 5)),
            # And kept in proportion to its range; boats set on water are softer, jetties stand.
            _wide(name="soft", loop=_loop(1000, 7e-4, 6)),
            # And as bright as real ones, on all water, also at berths.
            _wide(name="bright", loop=_loop(1000, 7e-4, 8)),
            # And as broad and as sharp.
            _wide(name="broad", loop=_loop(1200, 7e-4, 8)),
            # And mostly of what these weights judge, Earth observation from space.
            Stage(
                name="eo", loop=_loop(1500, 1e-3, 31), batch=14, side=160, mixed=False, seas=0.15,
                shares=_FROM_SPACE,
            ),
        ),
    ),
    "patch-fine": Recipe(
        stride=4,
        gsd_m=(0.2, 1.7),
        shares={
            "naip_coast": 0.31,
            "naip_no_boats": 0.18,
            "marina_030cm": 0.13,
            "surf_no_boats": 0.05,
            "aerial_no_boats": 0.13,
        },
        seas=400,
        sea_seed=3000,
        alone=(
            Stage(
                name="seas", loop=_loop(1800, 2e-3), batch=16, side=192, mixed=False,
                crops_m=_METRE,
            ),
            Stage(
                name="windy", loop=_loop(2300, 1.6e-3, 2), batch=16, side=192, mixed=False,
                seas=0.5, windy=0.5, crops_m=_METRE,
            ),
            Stage(
                name="fine", loop=_loop(2400, 1.4e-3, 6), batch=16, side=192, mixed=False,
                seas=0.5, windy=0.5, crops_m=_FINE,
            ),
        ),
        with_sites=(
            Stage(
                name="real", loop=_loop(1400, 1.2e-3, 5), batch=16, side=192, mixed=False,
                seas=0.1, windy=0.27, crops_m=_FINE,
            ),
            Stage(
                name="empty", loop=_loop(700, 6e-4, 7), batch=16, side=192, mixed=False,
                seas=0.1, windy=0.35, crops_m=_FINE, shares=_EMPTY,
            ),
            _fine(name="soft", loop=_loop(1300, 1e-3, 9)),
            _fine(name="bright", loop=_loop(1500, 1e-3, 11)),
            _fine(name="sharp", loop=_loop(800, 8e-4, 12)),
            _fine(name="broad", loop=_loop(1300, 9e-4, 12)),
        ),
    ),
}  # fmt: skip
"""Weights that ship, by name."""
