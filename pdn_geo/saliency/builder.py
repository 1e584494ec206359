"""One saliency map for a scene, from its anchor tiles in any order."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.cores import cores
from pdn_geo.saliency.ca_cfar import CaCfar
from pdn_geo.saliency.calibration import SeaLaw, boats_from_anomalies
from pdn_geo.saliency.filters import Each, Field, box_max, box_mean, box_share
from pdn_geo.saliency.fisher import Judgement, combine, judge
from pdn_geo.saliency.learned import LearnedSaliency
from pdn_geo.saliency.long_objects import LongObject, long_objects
from pdn_geo.saliency.map import SaliencyMap
from pdn_geo.saliency.mean_contrast import MeanContrast
from pdn_geo.saliency.planes import PRIORS, NetworkPlanes, suits
from pdn_geo.saliency.prior import Prior, SeaView, view_sea
from pdn_geo.saliency.rx import Rx
from pdn_geo.saliency.sea_level import SeaLevels
from pdn_geo.saliency.sea_statistics import sea_statistics
from pdn_geo.saliency.wake_heads import WakeHeads
from pdn_geo.saliency.water import water_probability
from pdn_geo.sea import SeaStatistics

SWEEP = "sweep"
NEAR_SHORE = "near shore"
LIKE_BOATS = "like boats in other scenes"
DEFAULT_PRIORS: tuple[Prior, ...] = (
    CaCfar("bright"),
    CaCfar("dark"),
    MeanContrast(),
    Rx(),
    WakeHeads(),
)

# Boats that do not stand out in the coarse view, per million pixels: on open water, on
# water near a shore, and on the edge of land, where ships lie at berth and look like it.
HIDDEN_PER_MPX = 0.005
HIDDEN_NEAR_SHORE_PER_MPX = 2.0
HIDDEN_AT_BERTH_PER_MPX = 20.0
# Among whitecaps boats hide, the more the thicker these stand: at
# _CLUTTER_PER_KM2 bright things half of the boats that a coastal sea may have do.
HIDDEN_IN_CLUTTER_PER_KM2 = 0.3
_CLUTTER_PER_KM2 = 10.0
_BRIGHT = 6.0
_SHORE_CELLS = 17
_BERTH_CELLS = 5
_UNKNOWN_GSD_M = 3.0
# A prior is named as the reason where it scores more spreads of the sea than this.
_SPEAKS = 3.0
# Parts of a tile worked on at once: each holds some fields of it.
_MOST_THREADS = 2


class SaliencyBuilder:
    """Give it every anchor tile of a scene, then `finish`.

    Each tile is measured against its own sea; only its core enters the map, so tiles may
    come in any order. `long_objects` are those of the tiles so far. Needs 8 bytes per cell
    of the scene and some 150 per cell of a tile.

    scene_shape: (rows, cols) of the scene in pixels. stride: pixels per cell.
    band_names: see `Scene.band_names`. gsd_m: metres per pixel, NaN if unknown.
    learned: judges scenes that have red, green and blue together with the default priors,
    which are among what it sees; without it, and for other bands, they judge alone.
    threads: as many as there are cores, but two at most; results do not depend on them.
    """

    def __init__(
        self,
        scene_shape: tuple[int, int],
        stride: int,
        band_names: Sequence[str],
        gsd_m: float,
        *,
        priors: Sequence[Prior] = DEFAULT_PRIORS,
        learned: LearnedSaliency | None = None,
        threads: int | None = None,
    ) -> None:
        self._stride = stride
        self._band_names = tuple(band_names)
        self._gsd_m = gsd_m
        self._priors = tuple(priors)
        self._threads = min(threads or cores(), _MOST_THREADS)
        self._learned = learned if suits(band_names) else None
        if self._learned is not None and tuple(prior.name for prior in priors) != PRIORS:
            raise ValueError(f"a learned saliency goes with the priors {', '.join(PRIORS)}")
        shape = (-(-scene_shape[0] // stride), -(-scene_shape[1] // stride))
        self._expected = np.zeros(shape, np.float32)
        self._water = np.zeros(shape, np.float16)
        self._searchable = np.zeros(shape, np.bool_)
        self._reason = np.zeros(shape, np.uint8)
        self._seas: list[tuple[SeaStatistics, float]] = []
        self._levels = SeaLevels(len(band_names), shape, stride)
        self.long_objects: list[LongObject] = []

    @property
    def reasons(self) -> tuple[str, ...]:
        return (SWEEP, NEAR_SHORE, *(prior.reason for prior in self._priors), LIKE_BOATS)

    def add(
        self,
        anchor: GlobalAnchor,
        allowed: NDArray[np.bool_] | None = None,
        water: NDArray[np.bool_] | None = None,
    ) -> None:
        """Enter the cells of `anchor.core`.

        allowed: (rows, cols) of `anchor.window`, what the user wants searched (default
        everything). water: likewise, the user's own water mask, which replaces ours.
        """
        if anchor.stride != self._stride:
            raise ValueError(f"stride must be {self._stride} as announced, got {anchor.stride}")
        with ThreadPoolExecutor(self._threads) as pool:
            if water is None:
                likely = water_probability(anchor, self._band_names, self._gsd_m, pool.map)
            else:
                likely = np.where(anchor.valid > 0, water, False).astype(np.float32)
            view = view_sea(anchor, likely, pool.map)
            if self._learned is None:
                judged = pool.map(lambda prior: judge(prior.score(view), view.sea), self._priors)
                expected, reason = self._unusual(judged, view, likely, pool.map)
            else:
                expected, reason = self._mixed(self._learned, anchor, view, likely, pool.map)
        searchable = anchor.valid > 0
        if allowed is not None:
            searchable &= allowed
        expected[~searchable] = 0

        core, window = anchor.core, anchor.window
        rows = slice(core.row_off - window.row_off, core.row_end - window.row_off)
        cols = slice(core.col_off - window.col_off, core.col_end - window.col_off)
        for whole, part in (
            (self._expected, expected),
            (self._water, likely),
            (self._searchable, searchable),
            (self._reason, reason),
        ):
            whole[core.slices] = part[rows, cols]
        weight = float(np.count_nonzero(view.sea[rows, cols]))
        self._seas.append((sea_statistics(anchor, view), weight))
        self._levels.add(anchor, view.sea)
        self.long_objects += long_objects(anchor, view, likely, self._gsd_m)

    def finish(self) -> tuple[SaliencyMap, SeaStatistics]:
        """The map of everything added, and the pixel statistics of its sea.

        Raises ValueError when nothing was added.
        """
        if not self._seas:
            raise ValueError("no anchor tile was added")
        seas, weights = zip(*self._seas, strict=True)
        saliency = SaliencyMap(
            stride=self._stride,
            expected_boats=self._expected,
            water=self._water,
            searchable=self._searchable,
            reason=self._reason,
            reasons=self.reasons,
        )
        sea = SeaStatistics.pooled(seas, weights).in_proportion()
        return saliency, replace(sea, level=self._levels.finish(sea.mean))

    @property
    def _cell_m(self) -> float:
        return self._stride * (self._gsd_m if np.isfinite(self._gsd_m) else _UNKNOWN_GSD_M)

    def _mixed(
        self,
        learned: LearnedSaliency,
        anchor: GlobalAnchor,
        view: SeaView,
        water: Field,
        each: Each,
    ) -> tuple[Field, NDArray[np.uint8]]:
        """Expected boats and reason per cell of a tile, both (rows, cols): the priors' map and
        the network's, scaled to the same sum, by halves.
        """
        planes = NetworkPlanes(anchor, self._band_names, view, water, self._cell_m)

        def judged(number: int) -> Judgement:
            score = self._priors[number].score(view)
            said = judge(score, view.sea)
            planes.enter(number, score, said.surprise)
            return said

        expected, reason = self._unusual(each(judged, range(len(PRIORS))), view, water, each)
        learnt = learned.expected_boats(planes)
        learnt[anchor.valid <= 0] = 0
        learnt *= expected.sum() / max(float(learnt.sum()), 1e-9)
        np.copyto(reason, self._spoken(planes.scores), where=learnt > expected)
        expected += learnt
        expected *= np.float32(0.5)
        return expected, reason

    def _spoken(self, scores: NDArray[np.float16]) -> NDArray[np.uint8]:
        """The prior that says most in each cell, or that none says much; scores: through asinh,
        (priors, rows, cols).
        """
        reason = np.argmax(scores, axis=0).astype(np.uint8) + np.uint8(2)
        reason[scores.max(axis=0) < np.arcsinh(_SPEAKS)] = len(self.reasons) - 1
        return reason

    def _unusual(
        self, judged: Iterable[Judgement], view: SeaView, water: Field, each: Each
    ) -> tuple[Field, NDArray[np.uint8]]:
        """Expected boats and reason per cell of a tile, both (rows, cols), by the priors."""
        cell_m = self._cell_m
        hidden = each(self._hidden_boats, [water])  # begun with the priors, if in a pool
        views = combine(judged, view.sea.shape)
        ((expected, shore),) = hidden
        reason = shore.astype(np.uint8)
        law = SeaLaw.fit(views.strength[view.sea])
        sea_km2 = np.count_nonzero(view.sea) * cell_m**2 * 1e-6
        visible = boats_from_anomalies(
            law.probability(views.strength),
            views.surprise,
            view.sea,
            cell_m=cell_m,
            water_km2=sea_km2,
            hidden=_hidden_in_clutter(view, sea_km2),
        )
        visible *= water
        speaks = visible > expected
        reason[speaks] = views.strongest[speaks] + 2
        expected += visible
        return expected, reason

    def _hidden_boats(self, water: Field) -> tuple[Field, NDArray[np.bool_]]:
        """Expected boats that do not show, and which water cells are near a shore."""
        wet = (water > 0.5).astype(np.float32)
        around = box_mean(wet, _SHORE_CELLS)
        around /= box_share(wet.shape, _SHORE_CELLS)
        shore = (around < 0.9) & (water > 0.5)
        berth = (box_mean(wet, _BERTH_CELLS) > 0.01) & (water <= 0.5)
        per_mpx = np.float32(HIDDEN_PER_MPX) * water
        per_mpx[shore] = HIDDEN_NEAR_SHORE_PER_MPX
        per_mpx[berth] = HIDDEN_AT_BERTH_PER_MPX
        return per_mpx * np.float32(1e-6 * self._stride**2), shore | berth


def _hidden_in_clutter(view: SeaView, sea_km2: float) -> float:
    """Boats of a tile that pass for whitecaps."""
    if not view.sea.any():
        return 0.0
    brightest = view.maxima.max(axis=0)
    peaks = view.sea & (brightest > _BRIGHT) & (brightest >= box_max(brightest, 3))
    clutter = np.count_nonzero(peaks) / sea_km2
    return HIDDEN_IN_CLUTTER_PER_KM2 * sea_km2 * clutter / (clutter + _CLUTTER_PER_KM2)
