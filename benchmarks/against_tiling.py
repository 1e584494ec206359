"""What the drive is worth: the default command against tiling everything with the same network.

    python benchmarks/against_tiling.py                  # docs/against-tiling.md; half an hour
    python benchmarks/against_tiling.py --only "13 m/s"  # rows whose name holds a word, printed

The scenes are those of `tiling_scenes.py`. What is measured is kept in --runs, in a folder named
after networks and folds: a run that was stopped goes on.
"""

import argparse
import json
import pickle
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
import patch_folds
from numpy.typing import NDArray
from tiling_scenes import SIDE, Large, large_scenes

import pdn_geo
from pdn_geo.detections import Detections
from pdn_geo.engines.base import Patch, PatchDetector
from pdn_geo.evaluation import evaluate
from pdn_geo.sea import SeaStatistics

PAGE = Path(__file__).parents[1] / "docs" / "against-tiling.md"
LEAST_SCORE = 0.05

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """hits: best score of each boat, NaN if missed. alarms: scores of the false alarms."""

    hits: Floats
    alarms: Floats
    threshold: float
    pixels: float

    @property
    def recall(self) -> float:
        """NaN without boats."""
        return float(np.mean(self.hits >= self.threshold)) if len(self.hits) else float("nan")

    @property
    def false_alarms(self) -> int:
        return int((self.alarms >= self.threshold).sum())

    def alarms_at(self, recall: float) -> float:
        """False alarms at the highest threshold that reaches a recall; NaN if none does."""
        if np.isnan(recall):
            return recall
        wanted = int(np.ceil(recall * len(self.hits) - 1e-9))
        scores = np.sort(self.hits[np.isfinite(self.hits)])[::-1]
        if wanted == 0:
            return 0.0
        if wanted > len(scores):
            return float("nan")
        return float((self.alarms >= scores[wanted - 1]).sum())


@dataclass(frozen=True)
class WithoutGlobalStream:
    """A detector that is not told how many boats the saliency map expects where."""

    detector: PatchDetector

    @property
    def name(self) -> str:
        return self.detector.name

    @property
    def wants_batches(self) -> bool:
        return self.detector.wants_batches

    def threshold(self, gsd_m: float) -> float:
        return self.detector.threshold(gsd_m)

    def suits(self, band_names: Sequence[str]) -> str:
        return self.detector.suits(band_names)

    def detect(self, patches: Sequence[Patch], sea: SeaStatistics) -> list[Detections]:
        alike = [replace(patch, density=np.ones_like(patch.density)) for patch in patches]
        return self.detector.detect(alike, sea)


def run(large: Large, *, exhaustive: bool) -> Outcome:
    """exhaustive: tile all of it, without the global stream."""

    def detector_for(gsd_m: float) -> PatchDetector:
        detector = large.detector_for(gsd_m)
        return WithoutGlobalStream(detector) if exhaustive else detector

    result = pdn_geo.detect(
        large.scene, model=detector_for, threshold=LEAST_SCORE, exhaustive=exhaustive
    )
    found = result.findings
    boats = found.detections
    rows, cols = (np.clip(v.astype(int), 0, SIDE - 1) for v in (boats.y, boats.x))
    points = [{"type": "Feature", "properties": {},
               "geometry": {"type": "Point", "coordinates": list(at)}}
              for at in large.boats.tolist()]  # fmt: skip
    with tempfile.NamedTemporaryFile("w", suffix=".geojson") as truth:
        json.dump({"type": "FeatureCollection", "features": points}, truth)
        truth.flush()
        compared = evaluate(
            boats[~large.unsure[rows, cols]],
            truth.name,
            scene=found.grid,
            looks=[look.window for look in found.looks],
            gsd_m=found.grid.gsd_m,
            truth_coordinates="pixels",
        )
    return Outcome(
        hits=compared.boats.hit_score,
        alarms=compared.alarms.score,
        threshold=detector_for(found.grid.gsd_m).threshold(found.grid.gsd_m),
        pixels=sum(look.window.area for look in found.looks),
    )


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One scene both ways."""

    large: str
    group: str
    drive: Outcome
    tiling: Outcome

    def cells(self) -> list[str]:
        """For a table."""
        recall = self.drive.recall
        drive, tiling = self.drive.alarms_at(recall), self.tiling.alarms_at(recall)
        fewer = 1 - drive / tiling if tiling else float("nan")
        return [
            f"{self.group}, {self.large}",
            str(len(self.drive.hits)),
            f"{self.drive.pixels / self.tiling.pixels:.1%}",
            f"{recall:.2f}",
            f"{self.tiling.recall:.2f}",
            str(self.drive.false_alarms),
            str(self.tiling.false_alarms),
            f"{drive:.0f}",
            f"{tiling:.0f}" if np.isfinite(tiling) else "never",
            f"{fewer:.0%}" if np.isfinite(fewer) else "",
        ]


def pooled(pairs: Sequence[Pair]) -> Pair:
    """Scenes of one group as if they were one, their scores counted from the threshold of each."""

    def joined(outcomes: Sequence[Outcome]) -> Outcome:
        return Outcome(
            hits=np.concatenate([one.hits - one.threshold for one in outcomes]),
            alarms=np.concatenate([one.alarms - one.threshold for one in outcomes]),
            threshold=0.0,
            pixels=sum(one.pixels for one in outcomes),
        )

    return Pair(
        large="**together**",
        group=pairs[0].group,
        drive=joined([pair.drive for pair in pairs]),
        tiling=joined([pair.tiling for pair in pairs]),
    )


def kept(path: Path, large: Large) -> Pair:
    """What the file holds, measured and written there if there is none."""
    if not path.exists():
        drive, tiling = (run(large, exhaustive=whole) for whole in (False, True))
        pair = Pair(large=large.name, group=large.group, drive=drive, tiling=tiling)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(pair))
    return pickle.loads(path.read_bytes())


HEADS = (
    "Scene", "Boats", "Pixels looked at", "Recall, drive", "Recall, tiling", "False alarms, drive",
    "False alarms, tiling", "At the drive's recall: drive", "tiling", "Fewer by",
)  # fmt: skip


def page(pairs: Sequence[Pair]) -> str:
    """docs/against-tiling.md."""
    lines = [
        "# The drive against tiling everything",
        "",
        "Written by `python benchmarks/against_tiling.py`, never by hand.",
        "",
        "The default command, and the same network tiled over everything without the global",
        "stream: it is not told what the saliency map expects. Scenes of 10240 x 10240 px: what is",
        "saved, what is lost, and what false alarms are spared, at the same threshold.",
        "*Pixels looked at* are of those that tiling looks at. *At the drive's recall*: false",
        "alarms of both, each at the highest threshold that finds as many boats as the drive.",
        "*Together*: all scenes of a group as one. On mosaics and surf the patch network has not",
        "seen the sites; the saliency is the one that ships, and has learned from them.",
        "",
        "| " + " | ".join(HEADS) + " |",
        "|---" + "|---:" * (len(HEADS) - 1) + "|",
    ]
    rows = []
    for _, group in groupby(pairs, lambda pair: pair.group):
        alike = list(group)
        rows += [*alike, pooled(alike)] if len(alike) > 1 else alike
    return "\n".join([*lines, *(f"| {' | '.join(pair.cells())} |" for pair in rows)]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="scenes whose name holds this; printed, not written")
    parser.add_argument("--runs", type=Path, default=Path("runs") / "against_tiling")
    options = parser.parse_args()
    folder = options.runs / patch_folds.fingerprint()
    pairs = []
    for large in large_scenes():
        if options.only and options.only not in f"{large.group}, {large.name}":
            continue
        pairs.append(
            kept(folder / f"{large.group} {large.name}.pickle".replace("/", " per "), large)
        )
        print(" | ".join(pairs[-1].cells()), flush=True)
    if not options.only:
        PAGE.write_text(page(pairs), encoding="utf-8")


if __name__ == "__main__":
    main()
