"""The maps that the patch network draws, and the boats in them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from pdn_geo.detections import Detections
from pdn_geo.engines.network.afloat import SURELY_LAND, evidence, water_near
from pdn_geo.engines.network.expectation import promise
from pdn_geo.geometry import nearest

Floats = NDArray[np.float64]

MAPS = (
    "boat",
    "dx",
    "dy",
    "log_length",
    "log_width",
    "sin_2a",
    "cos_2a",
    "bow_x",
    "bow_y",
    "wake",
)
"""boat and wake: logits. dx, dy: from the middle of the cell to the hull's centre, in cells.
log_length, log_width: of pixels over UNIT_PX. sin_2a, cos_2a: of twice the axis's angle.
bow_x, bow_y: unit vector to the bow, near zero where the bow cannot be told."""

UNIT_PX = 8.0
MAX_DETECTIONS = 600
"""Per patch, the best: a patch of 150 m in a full marina holds some 150 boats."""

_WATER_STEP_PX = 8
_BOW_KNOWN = 0.6
_SAME_BOAT = 0.5
"""A peak nearer to a better one's centre than this share of its half hull is the same boat."""


@dataclass(frozen=True, slots=True)
class ScoreLaw:
    """Probability from the network's logit and what the coarse view says of the place:
    sigmoid(a * logit + b + c * log2(gsd_m) + d * evidence(water) + e * promise(density)), d and e
    not negative.
    """

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    e: float = 0.0

    def probability(self, logit: Floats, gsd_m: float, water: Floats, density: Floats) -> Floats:
        """All (N,). gsd_m: NaN where unknown; its term is left out then. water: the likeliest
        about each, 0-1. density: boats expected there per million pixels.
        """
        return np.asarray(1 / (1 + np.exp(-self.a * logit - self._rest(gsd_m, water, density))))

    def least_logit(
        self, probability: float, gsd_m: float, water: Floats, density: Floats
    ) -> Floats:
        """The network's logits below which a probability is not reached in such places."""
        odds = np.log(probability / (1 - probability))
        return np.asarray((odds - self._rest(gsd_m, water, density)) / self.a)

    def _rest(self, gsd_m: float, water: Floats, density: Floats) -> Floats:
        octaves = float(np.log2(gsd_m)) if np.isfinite(gsd_m) else 0.0
        place = self.d * evidence(water) + self.e * promise(density)
        return np.asarray(self.b + self.c * octaves + place)


def decode(
    maps: NDArray[np.float32],
    *,
    stride: int,
    law: ScoreLaw,
    gsd_m: float,
    water: NDArray[np.float32],
    density: NDArray[np.float32],
    min_score: float,
) -> Detections:
    """Boats in patch pixels, best first, from the raw maps (10, rows, cols) of one patch.

    stride: pixels per cell. water, density: (rows, cols) of the patch's pixels, as in `Patch`; what
    is surely on land is no boat. `cut` and `look` are left False and 0. Empty maps give no boats.
    """
    heat = maps[0]
    # Clipped: a law may ask for more than a float holds.
    most = water.max(initial=0), density.max(initial=0)
    least = np.clip(law.least_logit(min_score, gsd_m, *most), -30, 30)
    peaks = (heat >= least) & (heat >= maximum_filter(heat, 3, mode="constant", cval=-np.inf))
    rows, cols = np.nonzero(peaks)
    best = np.argsort(-heat[rows, cols], kind="stable")[: 2 * MAX_DETECTIONS]
    rows, cols = rows[best], cols[best]
    at = {name: maps[i, rows, cols].astype(np.float64) for i, name in enumerate(MAPS)}
    length, width = (UNIT_PX * np.exp(np.clip(at[f"log_{n}"], -4, 6)) for n in ("length", "width"))
    angle = np.arctan2(at["sin_2a"], at["cos_2a"]) / 2
    ahead = np.cos(angle) * at["bow_x"] + np.sin(angle) * at["bow_y"]
    angle = np.where(ahead < 0, angle + np.pi, angle)
    x, y = (cols + 0.5 + at["dx"]) * stride, (rows + 0.5 + at["dy"]) * stride
    wet = water_near(water[::_WATER_STEP_PX, ::_WATER_STEP_PX], _WATER_STEP_PX, x, y)
    found = Detections(
        x=x,
        y=y,
        length=np.maximum(length, width),
        width=np.minimum(length, width),
        angle=np.arctan2(np.sin(angle), np.cos(angle)),
        score=law.probability(at["boat"], gsd_m, wet, nearest(density, 1, x, y)),
        wake=1 / (1 + np.exp(-at["wake"])),
        bow_known=np.abs(ahead) > _BOW_KNOWN,
        cut=np.zeros(len(rows), bool),
        look=np.zeros(len(rows), np.int32),
    )
    found = found[(wet >= SURELY_LAND) & (found.score >= min_score)]
    found = found[np.argsort(-found.score, kind="stable")]
    return found[_distinct(found)[:MAX_DETECTIONS]]


def _distinct(found: Detections) -> NDArray[np.int64]:
    """Indices of the boats, best first, that do not repeat a better one."""
    dx, dy = found.x[:, None] - found.x, found.y[:, None] - found.y
    along = dx * np.cos(found.angle) + dy * np.sin(found.angle)
    across = dy * np.cos(found.angle) - dx * np.sin(found.angle)
    inside = (np.abs(along) < _SAME_BOAT * np.maximum(found.length, 3) / 2) & (
        np.abs(across) < _SAME_BOAT * np.maximum(found.width, 3) / 2
    )
    kept: list[int] = []
    gone = np.zeros(len(found), bool)
    for index in range(len(found)):
        if not gone[index]:
            kept.append(index)
            gone |= inside[:, index]
    return np.array(kept, np.int64)
