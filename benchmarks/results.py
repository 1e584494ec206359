"""Write docs/results.md: what the detector finds on every labelled scene.

    python benchmarks/results.py                       # everything
    python benchmarks/results.py --only sentinel2_ports --out ports.md
    python benchmarks/results.py --model classical --out docs/results-classical.md

Real imagery is found through the environment variable PDN_GEO_DATA.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import patch_folds
from judge import judge
from labelled import Case, open_water_cases, real_cases, simulated_cases
from patch_recipes import RECIPES
from real_scenes import DATA
from saliency_folds import held_out_saliency

import pdn_geo
from pdn_geo.engines.classical import ClassicalDetector, ScoreModel
from pdn_geo.evaluation import Evaluation, pool

ROOT = Path(__file__).parents[1]
CLASSICAL_FOLDS = ROOT / "benchmarks" / "classical_folds.json"

LEAST_SCORE = 0.05
"""Average precision needs the detections below the default threshold too."""

HEADER = """\
# Results

Written by `{command}`, never by hand. {machine};
{versions}.

- Detector: `--model {model}` with the default budget and thresholds. How a hit is
  counted: [evaluation.md](evaluation.md). Brackets: 95 % intervals by two-stage bootstrap over
  sites and then within them.
- {held_out}
- *Open water*: ships at berth count neither as boats nor as false alarms.
- Simulated scenes are judged by the model that ships; *ships*: seas of 4096 x 4096 px with ten
  ships of 70 to 400 m each.
- *Looked at*: share of the boats whose centre lies in a look. *Expected outside*: boats that
  the saliency map says lie outside the looks, and *really* how many do. *AP*: over scores
  from {least} up, *AP50* with an oriented overlap (IoU) of 0.5 asked for.
  *Searched*: share of what could be searched. *Time*: seconds of wall time for all scenes of
  the row, reading included, start of Python excluded.
"""

FOLDS = " and ".join(f"{len(patch_folds.record(w)['laws'])} for `{w}`" for w in RECIPES)
HELD_OUT = {
    "network": f"""Real scenes are judged by networks that never saw them: sites are dealt into
  folds within each collection ({FOLDS}), a fold is judged by the network
  trained on the others (`benchmarks/train_patch.py`), its scores calibrated on the other folds'
  held-out sites (`benchmarks/calibrate_patch.py`). A site is a place: its dates, frames and chunks
  stay together. Thresholds, one for each GSD, likewise, and the learned half of the
  saliency map (`benchmarks/train_saliency.py`). Its other half and the drive were developed with
  these scenes in sight.""",
    "classical": """Real scenes are judged by held-out models: the scores for a site come from a
  fit without its whole fold (`benchmarks/fit_classical.py`). What is not fitted (filters,
  saliency, the drive) was developed with these scenes in sight.""",
}


@dataclass(frozen=True)
class Run:
    """One scene, detected and compared."""

    case: Case
    evaluation: Evaluation
    all_scores: Evaluation
    looks: int
    patches: float
    searched_share: float
    expected_missed: float
    seconds: float


def run_case(case: Case, model: str) -> Run:
    """model: "network", or "classical"; either as it was fitted without the case's fold."""
    if model == "network":
        detector_for = partial(patch_folds.detector_for, case.site)
    else:
        detector_for = partial(classical, case.site)
    with held_out_saliency(case.site):
        start = time.perf_counter()
        findings = pdn_geo.detect(
            case.path, bands=case.bands, gsd_m=case.gsd_m, model=detector_for,
            threshold=LEAST_SCORE,
        ).findings  # fmt: skip
        seconds = time.perf_counter() - start
    gsd_m = findings.grid.gsd_m
    return Run(
        case=case,
        evaluation=judge(findings, case, detector_for(gsd_m).threshold(gsd_m)),
        all_scores=judge(findings, case),
        looks=len(findings.looks),
        patches=findings.patches,
        searched_share=findings.searched_share,
        expected_missed=findings.expected_missed,
        seconds=seconds,
    )


def classical(site: str, gsd_m: float) -> ClassicalDetector:
    """Scores fitted without this site's fold; those that ship for places in no fold. They are
    the same for any pixel size.
    """
    fitted = json.loads(CLASSICAL_FOLDS.read_text(encoding="utf-8"))
    if site not in fitted["sites"]:
        return ClassicalDetector()
    return ClassicalDetector(ScoreModel.from_dict(fitted["folds"][fitted["sites"][site]]))


def report(runs: Sequence[Run], model: str) -> str:
    """The whole page, in Markdown."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.case.collection, []).append(run)
    with_boats = {name: group for name, group in groups.items() if group[0].case.labels}
    without = {name: group for name, group in groups.items() if name not in with_boats}
    lines = [_header(model)]
    if with_boats:
        lines += ["## Scenes with boats", "", *_boat_table(with_boats)]
    if without:
        lines += ["", "## Scenes without boats", "", *_alarm_table(without)]
    for name, group in with_boats.items():
        if len(group) > 1:
            scenes = {run.case.name: [run] for run in group}
            lines += ["", f"<details><summary>{name}, scene by scene</summary>", ""]
            lines += [*_boat_table(scenes, spans=False), "", "</details>"]
    return "\n".join(lines) + "\n"


def _header(model: str) -> str:
    names = ("pdn-geo", "numpy", "scipy", "rasterio", "onnxruntime")
    return HEADER.format(
        command=f"python benchmarks/results.py --model {model}",
        machine=f"Machine: {os.cpu_count()} cores ({platform.machine()}), no GPU",
        versions=", ".join(f"{name} {version(name)}" for name in names),
        model=model,
        least=LEAST_SCORE,
        held_out=HELD_OUT[model],
    )


def _boat_table(groups: dict[str, list[Run]], *, spans: bool = True) -> Iterator[str]:
    yield (
        "| | Scenes | Boats | Recall | Precision | F1 | AP | AP50 | Looked at | Looks | Patches "
        "| Searched | Expected outside | Really | Time, s |"
    )
    yield "|---" + "|---:" * 14 + "|"
    for name, group in groups.items():
        pooled = pool([run.evaluation for run in group])
        all_scores = pool([run.all_scores for run in group])
        span = pooled.intervals() if spans else {}
        cells = [
            name,
            f"{len(group)}",
            f"{pooled.labelled}",
            *(
                _figure(getattr(pooled.rates, rate), span.get(rate))
                for rate in ("recall", "precision", "f1")
            ),
            _figure(
                all_scores.rates.average_precision,
                all_scores.intervals()["average_precision"] if spans else None,
            ),
            _figure(all_scores.ap50),
            _figure(pooled.selection_recall),
            f"{sum(run.looks for run in group)}",
            f"{sum(run.patches for run in group):.1f}",
            f"{_searched(group):.0%}",
            f"{sum(run.expected_missed for run in group):.1f}",
            f"{int((pooled.boats.looked == 0).sum())}",
            f"{sum(run.seconds for run in group):.1f}",
        ]
        yield f"| {' | '.join(cells)} |"


def _alarm_table(groups: dict[str, list[Run]]) -> Iterator[str]:
    yield (
        "| | Scenes | Mpx | False alarms | Per 10 Mpx | Scenes with any | Looks "
        "| Searched | Time, s |"
    )
    yield "|---" + "|---:" * 8 + "|"
    for name, group in groups.items():
        pooled = pool([run.evaluation for run in group])
        cells = [
            name,
            f"{len(group)}",
            f"{pooled.ground.pixels / 1e6:.1f}",
            f"{pooled.false_alarms}",
            f"{pooled.alarms_per_100_mpx / 10:.2f}",
            f"{sum(run.evaluation.false_alarms > 0 for run in group)}",
            f"{sum(run.looks for run in group)}",
            f"{_searched(group):.0%}",
            f"{sum(run.seconds for run in group):.1f}",
        ]
        yield f"| {' | '.join(cells)} |"


def _searched(group: Sequence[Run]) -> float:
    """The share that was searched, every scene by its pixels."""
    pixels = [run.evaluation.ground.pixels for run in group]
    shares = [run.searched_share for run in group]
    return sum(p * s for p, s in zip(pixels, shares, strict=True)) / sum(pixels)


def _figure(value: float, span: tuple[float, float] | None = None) -> str:
    if value != value:  # NaN: nothing to divide by
        return "–"
    if span is None or span[0] != span[0]:
        return f"{value:.2f}"
    return f"{value:.2f} ({span[0]:.2f}–{span[1]:.2f})"


def run_all(cases: Iterable[Case], model: str) -> list[Run]:
    runs = []
    for case in cases:
        runs.append(run_case(case, model))
        e = runs[-1].evaluation
        print(f"{case.site:50s} {e.hits:4d} of {e.labelled:4d}, {e.false_alarms:4d} false alarms")
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", help="collection, or 'simulated'; several times")
    parser.add_argument("--model", choices=HELD_OUT, default="network")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "results.md")
    options = parser.parse_args()
    if not DATA.is_dir():
        parser.error(f"no imagery at {DATA}; set PDN_GEO_DATA to its folder")
    wanted = options.only
    with tempfile.TemporaryDirectory() as folder:
        every = chain(real_cases(DATA), open_water_cases(DATA, Path(folder)))
        real = (case for case in every if not wanted or case.collection in wanted)
        simulate = not wanted or "simulated" in wanted
        simulated = simulated_cases(Path(folder)) if simulate else ()
        runs = run_all(chain(real, simulated), options.model)
    options.out.write_text(report(runs, options.model), encoding="utf-8")


if __name__ == "__main__":
    main()
