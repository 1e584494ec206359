"""Do the patch networks fit the scenes that they learned from? What is missing there is not data.

    python benchmarks/fits.py          # some three minutes

Average precision on sites held out beside that on the sites each fold's network was trained on.
Where both are low, more steps or a larger network would help; where the second alone is high,
more places would.
"""

import argparse
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from calibrate_patch import LEAST, SENSORS_M
from judge import judge
from labelled import Case, real_cases
from patch_folds import count_folds, folds_of_sites, held_out_detector, name_for
from real_scenes import DATA
from saliency_folds import held_out_saliency

import pdn_geo
from pdn_geo.evaluation import Evaluation, pool

PAGE = Path(__file__).parents[1] / "docs" / "fits.md"
HEADER = """# Do the networks fit what they learned from?

Written by `python benchmarks/fits.py`, never by hand. {cores} cores, no GPU.

Average precision (hit by place, scores from 0.02 up) of the networks of all folds: on sites held
out, and on the sites that each was trained on. Both low: the network, or its training, is too small
for what the scenes show. The second alone high: more places are needed. What came of it:
[trainings](decisions/0009-trainings.md).

| | Boats | Held out | Trained on |
|---|---:|---:|---:|
"""


def rows(cases: Iterable[Case]) -> Iterator[str]:
    """One for each collection with boats."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        if case.labels is not None:
            groups.setdefault(case.collection, []).append(case)
    for collection, group in groups.items():
        name = name_for(SENSORS_M[collection])
        held_out: list[Evaluation] = []
        trained_on: list[Evaluation] = []
        for case in group:
            for fold in range(count_folds(name)):
                is_held_out = folds_of_sites(name)[case.site] == fold
                (held_out if is_held_out else trained_on).append(_judged(case, name, fold))
        apart, seen = (pool(part).rates.average_precision for part in (held_out, trained_on))
        boats = pool(held_out).labelled
        yield f"| {collection}, `{name}` | {boats} | {apart:.2f} | {seen:.2f} |"


def _judged(case: Case, name: str, fold: int) -> Evaluation:
    """A case by the network of a fold; the saliency has not seen the case's site either way."""
    with held_out_saliency(case.site):
        result = pdn_geo.detect(
            case.path, bands=case.bands, gsd_m=case.gsd_m, model=held_out_detector(name, fold),
            threshold=LEAST,
        )  # fmt: skip
    return judge(result.findings, case)


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    table = "\n".join(rows(real_cases(DATA)))
    PAGE.write_text(HEADER.format(cores=os.cpu_count()) + table + "\n", encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
