"""What a user's own labels buy: shipped-like weights taught one more place, tried on it.

    python benchmarks/adapt.py

Every second frame of a place is trained on, as `pdn-geo train` does it, starting from the
network of the fold that never saw the place; the other frames are judged before and after.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import patch_folds
from judge import judge
from labelled import Case, real_cases
from real_scenes import DATA

import pdn_geo
from pdn_geo.evaluation import Evaluation, pool
from pdn_geo.training.config_file import read_config
from pdn_geo.training.train import train

RECIPE = """
[network]
weights = "{weights}"

[run]
out = "run"
steps = {steps}
batch = 20
crop_px = 128
learning_rate = 3e-4
ema = 0.99

[[source]]
kind = "scenes"
scenes = [{scenes}]
labels = ".hulls.geojson"
gsd_m = {gsd_m}
weight = 0.7

[[source]]
kind = "simulated"
seas = 12
weight = 0.3
"""


def places() -> Iterator[tuple[str, list[Case]]]:
    """Places with several labelled frames whose pixel size is given by hand."""
    groups: dict[str, list[Case]] = {}
    for case in real_cases(DATA):
        if case.labels is not None and case.collection in ("naip_coast", "planet_california"):
            groups.setdefault(case.site, []).append(case)
    return ((site, cases) for site, cases in groups.items() if len(cases) > 1)


def taught(cases: Sequence[Case], before: Path, folder: Path, steps: int) -> Path:
    """The weights after training on these frames."""
    recipe = folder / "train.toml"
    scenes = ", ".join(f'"{case.path.resolve()}"' for case in cases)
    recipe.write_text(
        RECIPE.format(weights=before, steps=steps, scenes=scenes, gsd_m=cases[0].gsd_m),
        encoding="utf-8",
    )
    weights = train(read_config(recipe)).weights
    assert weights is not None
    return weights


def judged(cases: Sequence[Case], weights: Path) -> Evaluation:
    """At the default threshold of the weights."""
    found = [pdn_geo.detect(case.path, gsd_m=case.gsd_m, weights=weights) for case in cases]
    return pool([judge(one.findings, case) for one, case in zip(found, cases, strict=True)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--only", action="append", help="part of a place's name; several times")
    options = parser.parse_args()
    print(
        "| Place | Trained on | Judged on | Boats | F1 before | F1 after | AP before | AP after |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for site, cases in places():
        if options.only and not any(part in site for part in options.only):
            continue
        home, away = cases[::2], cases[1::2]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            before = patch_folds.export_fold(site, home[0].gsd_m, folder / "before")
            after = taught(home, before, folder, options.steps)
            old, new = judged(away, before), judged(away, after)
        cells = [site, len(home), len(away), old.labelled]
        cells += [f"{e.rates.f1:.2f}" for e in (old, new)]
        cells += [f"{e.rates.average_precision:.2f}" for e in (old, new)]
        print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
