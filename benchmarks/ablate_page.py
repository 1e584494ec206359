"""docs/ablations-anchor.md, from what `ablate_anchor.py` has counted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from selection import markdown
from selection_sites import FAMILIES, WINDS_MPS

PATCHES = (8, 16, 32)
MOSAICS = tuple(f"{family} mosaics" for family in FAMILIES)
SEAS = tuple(f"wind {wind} m per s" for wind in WINDS_MPS)
PRIORS = "priors alone"

HEADER = """# What the anchor must hold

Written by `python benchmarks/ablate_anchor.py`, never by hand. Share of labelled boats whose
centre lies in a look with {patches} patches of 512 x 512 px spent on 10240 x 10240 px.
Folds done: {folds}.
Boats: {boats}.
Cells of 8 px. Not measured: {missing}.

Every network is the same and was trained in the same steps on the same crops (300 on
simulated seas, 200 on seas, labelled scenes and mosaics of the other folds), but sees only
the planes that its row names, and in every row the water mask, which cells are valid, and
the cell's size. The water mask is made from all statistics. *Learned stem*: three strided
convolutions over all pixels (red, green, blue, less the sea around them, in its spreads) in place
of the statistics; cells of 8 px; trained on half the seas. *All statistics and priors* is
what ships. *Priors alone*: no network. Mosaics are of sites that the network has not seen.

Each row was trained once. A share of n boats has a standard error of up to 0.5 / sqrt(n): 0.08 for
the 40 of a sea; and boats of a mosaic lie in groups, which makes it more. Two trainings from other
random numbers were not compared.
"""
ALONE_HEAD = """
## The networks' maps alone

*Train*: seconds of one thread for both stages. *Scene*: seconds of one thread that the network
takes for 10240 x 10240 px (mean over the data sets), without reading, statistics and priors; for
the stem with measuring the pixels by the sea around them. –: not timed, because a stage was taken
over from `train_saliency.py`.
"""
MIXED_HEAD = """
## Mixed by halves with the priors' map

As `SaliencyBuilder` does: scaled to the same sum, half each.
"""


@dataclass(frozen=True, slots=True)
class Result:
    """One row on one data set; parts: by fold, as `ablate_anchor.Study` keeps them."""

    row: str
    title: str
    parts: list[dict[str, Any]]

    @property
    def boats(self) -> int:
        return sum(part["boats"] for part in self.parts)

    @property
    def seconds(self) -> float:
        """Of the network a scene."""
        return float(np.mean([part["seconds"] for part in self.parts]))

    def recall(self, how: str) -> NDArray[np.float64]:
        """By budget."""
        return np.sum([part[how] for part in self.parts], axis=0) / self.boats


def page(
    found: Sequence[Result], train_s: Mapping[str, float], folds: Sequence[int]
) -> Iterator[str]:
    """Lines of the page. train_s: by row of a network in order, NaN where it was not timed."""
    results = {(result.row, result.title): result for result in found}
    known = {title: result for (_, title), result in results.items()}
    titles = [title for title in (*MOSAICS, *SEAS) if title in known]
    rows = [row for row in (*train_s, PRIORS) if any((row, title) in results for title in titles)]
    yield HEADER.format(
        patches=" / ".join(map(str, PATCHES)),
        folds=", ".join(map(str, folds)),
        boats=", ".join(f"{title} {known[title].boats}" for title in titles),
        missing=", ".join(row for row in train_s if row not in rows) or "nothing",
    )

    def told(row: str, how: str) -> list[str]:
        mosaics = [results[row, title] for title in MOSAICS if (row, title) in results]
        whole = len(mosaics) == len(MOSAICS)
        mean = np.mean([r.recall(how) for r in mosaics], axis=0) if whole else None
        each = [results.get((row, title)) for title in titles]
        return [shares(mean), *(shares(r and r.recall(how)) for r in each)]

    def times(row: str) -> list[str]:
        train = train_s.get(row, float("nan"))
        scene = [r.seconds for (name, _), r in results.items() if name == row != PRIORS]
        return [
            f"{train:.0f}" if np.isfinite(train) else "–",
            f"{np.mean(scene):.1f}" if scene else "–",
        ]

    heads = ["mean of mosaics", *titles]
    yield ALONE_HEAD
    alone = {row: told(row, "alone") + times(row) for row in rows}
    yield from markdown([*heads, "train, s", "scene, s"], alone, corner="Sees")
    yield MIXED_HEAD
    mixed = {row: told(row, "alone" if row == PRIORS else "mixed") for row in rows}
    yield from markdown(heads, mixed, corner="Sees")


def shares(recall: NDArray[np.float64] | None) -> str:
    return "–" if recall is None else " / ".join(f"{v:.2f}".removeprefix("0") for v in recall)
