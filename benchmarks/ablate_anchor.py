"""What must the global anchor hold for the learned saliency? Trains, judges, writes a page.

    python benchmarks/ablate_anchor.py                    # fold 1; some 25 minutes on one core
    python benchmarks/ablate_anchor.py --folds 0 1 2
    python benchmarks/ablate_anchor.py --only "mean only" # rows whose name holds a word

Every row is the same network, trained in the same steps on the same crops as what ships
(`train_saliency.py`), but blind to some planes: they are 0. The learned stem reads the pixels in
place of statistics and priors (`ablate_stem.py`). Networks and counts are kept in --runs,
so that a run goes on where the last one ended, and docs/ablations-anchor.md is written from
what is there. Scenes and examples are those of `train_saliency.py`, in --inputs.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ablate_stem import Places, StemMaterial, StemStream
from numpy.typing import NDArray
from real_scenes import FOLDS
from selection import by_priors, looked_at
from selection_sites import FAMILIES, WINDS_MPS, Site, data_sets
from torch import Tensor
from train_saliency import STAGES, Log, kept, mosaic_examples, real_examples, sea_examples, without

from pdn_geo.models.global_stream import GlobalStream
from pdn_geo.saliency.filters import Field
from pdn_geo.saliency.map import SaliencyMap
from pdn_geo.saliency.planes import CHANNELS
from pdn_geo.training.anchors import AnchorExample, example_of_anchor
from pdn_geo.training.saliency import train_saliency

PAGE = Path(__file__).parents[1] / "docs" / "ablations-anchor.md"
PATCHES = (8, 16, 32)
MOSAICS = tuple(f"{family} mosaics" for family in FAMILIES)
SEAS = tuple(f"wind {wind} m per s" for wind in WINDS_MPS)
STATISTICS = ("mean", "max", "min", "std")
CONTEXT = ("water", "valid", "log cell size")
"""Planes that every row sees; water is judged from all statistics."""
STEM, SHIPS, PRIORS = "learned stem", "all statistics and priors", "priors alone"
SHOWN = {
    "mean only": ("mean",),
    "max only": ("max",),
    "all statistics": STATISTICS,
    STEM: (),
    SHIPS: (*STATISTICS, "prior", "rank"),
}
"""Kinds of planes by row."""
STEM_SETS = (*MOSAICS, "wind 8 m per s")
"""The stem reads every pixel: one sea is enough."""
# Squares are judged one by one with as many cells around them: the network's output sees 24
# each way and the stem's one more; the coarsest grid is of 4.
_SQUARE, _HALO = 256, 28

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
ALONE_SAID = """\
All statistics and priors stay what the network sees: with 16 patches it finds .65 of the boats
on fold 1's mosaics, with means alone .46, and it leads in all three families at every budget; on
NAIP by some four standard errors, on the others by two, which boats in groups may halve. How
much of that is max, min and std and how much the priors is not told here. Alone no network is of
use on windy seas, and on Sentinel-2 the priors alone find more with 32 patches.
"""
MIXED_HEAD = """
## Mixed by halves with the priors' map

As `SaliencyBuilder` does: scaled to the same sum, half each.
"""
MIXED_SAID = """\
The mix of what ships with the priors' map stays the default: .68 on the mosaics with 16 patches,
with means alone .53, and on seas as many as the priors, give or take a boat. With 32 patches the
lead is .05, which is noise, and on Sentinel-2 the priors alone find more (.66 of 121; mixed .56).
"""


class Masked(GlobalStream):
    """Blind to all planes but some kinds and the context."""

    shown: Tensor

    def __init__(self, kinds: Sequence[str]) -> None:
        super().__init__(len(CHANNELS))
        shown = [float(channel in CONTEXT or kind_of(channel) in kinds) for channel in CHANNELS]
        self.register_buffer("shown", torch.tensor(shown)[:, None, None], persistent=False)

    def judge(self, planes: Tensor, pixels: Tensor | None = None) -> dict[str, Tensor]:
        return super().judge(planes * self.shown, pixels)


def kind_of(channel: str) -> str:
    """Of "red max" it is max, of "rank mean" rank."""
    first, *_, last = channel.split()
    return first if first in ("prior", "rank") else last


class Study:
    """Networks and counts, each made once and kept.

    inputs: as train_saliency's --runs.
    """

    def __init__(self, runs: Path, inputs: Path) -> None:
        self.runs, self.inputs = runs, inputs

    @cached_property
    def _seas(self) -> list[AnchorExample]:
        return list(sea_examples(self.inputs / "seas"))

    @cached_property
    def _real(self) -> list[AnchorExample]:
        return kept(self.inputs / "real.pickle", real_examples)

    @cached_property
    def _mosaics(self) -> list[AnchorExample]:
        return kept(self.inputs / "mosaics.pickle", lambda: mosaic_examples(self.inputs))

    @cached_property
    def _stem(self) -> StemMaterial:
        return StemMaterial(self.runs / "pixels", self.inputs / "sites")

    def folder(self, row: str) -> Path:
        return self.runs / row.replace(" ", "_")

    def trained(self, row: str, fold: int) -> GlobalStream:
        """The network of a row that has not seen a fold."""
        network = self._fresh(row)
        seas, real = self.folder(row) / "seas.pt", self.folder(row) / f"fold_{fold}" / "network.pt"
        if not real.exists():
            self._stage(network, "seas", seas, lambda: self._examples(row, "seas", fold))
            self._stage(network, "real", real, lambda: self._examples(row, "real", fold))
        network.load_state_dict(torch.load(real)["weights"])
        return network.eval()

    def _fresh(self, row: str) -> GlobalStream:
        torch.manual_seed(0)
        return StemStream(CONTEXT) if row == STEM else Masked(SHOWN[row])

    def _stage(
        self, network: GlobalStream, stage: str, path: Path, make: Callable[[], list[AnchorExample]]
    ) -> None:
        if not path.exists():
            examples = make()
            if isinstance(network, StemStream):
                network.pictures = self._stem.pictures
            start = time.process_time()
            train_saliency(network, examples, STAGES[stage], progress=Log())
            seconds = time.process_time() - start
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save({"weights": network.state_dict(), "seconds": seconds}, path)
            print(f"trained {path}: {seconds:.0f} s", flush=True)
        network.load_state_dict(torch.load(path)["weights"])

    def _examples(self, row: str, stage: str, fold: int) -> list[AnchorExample]:
        seas, stem = self._seas, row == STEM
        examples = self._stem.of_seas(seas) if stem else seas
        if stage == "seas":
            return examples
        real, mosaics = self._real, self._mosaics
        if stem:
            real, mosaics = self._stem.of_scenes(real), self._stem.of_mosaics(mosaics)
        return examples + without(fold, real) + without(fold, mosaics)

    def count(self, rows: Sequence[str], fold: int) -> None:
        """Judge what was not judged yet, site by site."""
        for title in (*MOSAICS, *SEAS):
            missing = [
                row
                for row in rows
                if not self._told(row, fold, title).exists() and (row != STEM or title in STEM_SETS)
            ]
            if not missing:
                continue
            ((_, sites),) = data_sets(lambda other, t=title: other == t, self.inputs / "sites")
            for site in sites:
                if site.fold in (None, fold):
                    self._judge(site, title, missing, fold)

    def _told(self, row: str, fold: int, title: str) -> Path:
        return self.folder(row) / f"fold_{fold}" / f"{title}.json"

    def _judge(self, site: Site, title: str, rows: Iterable[str], fold: int) -> None:
        example = example_of_anchor(
            site.anchor, site.bands, site.gsd_m, site.boats, site.known, site="", group=""
        )
        priors = by_priors(site)
        for row in rows:
            told: dict[str, object] = {"boats": len(site.boats)}
            if row == PRIORS:
                told["alone"] = looked_at(site, priors, PATCHES)
            else:
                boats, told["seconds"] = self._map(row, fold, site, title, example)
                alone = scaled(boats, priors)
                half = np.float32(0.5) * (alone + priors.expected_boats)
                for how, field in (("alone", alone), ("mixed", half)):
                    told[how] = looked_at(site, replace(priors, expected_boats=field), PATCHES)
            path = self._told(row, fold, title)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(told) + "\n", encoding="utf-8")
            print(row, "| fold", fold, "|", title, "|", told, flush=True)

    def _map(
        self, row: str, fold: int, site: Site, title: str, example: AnchorExample
    ) -> tuple[Field, float]:
        """Expected boats per cell, and the network's seconds."""
        network = self.trained(row, fold)
        if isinstance(network, StemStream):
            network.pictures = [self._stem.of_site(site, title, example.water)]
            planes = Places(0, example.planes[-len(CONTEXT) :])
        else:
            planes = example.planes
        start = time.process_time()
        boats = expected_boats(network, planes)
        return boats, time.process_time() - start

    def results(self, folds: Sequence[int]) -> Iterator["Result"]:
        """What is there."""
        for row in (*SHOWN, PRIORS):
            for title in (*MOSAICS, *SEAS):
                paths = [self._told(row, fold, title) for fold in folds]
                parts = [json.loads(path.read_text("utf-8")) for path in paths if path.exists()]
                if parts:
                    yield Result(row, title, parts)

    def train_seconds(self, row: str, folds: Sequence[int]) -> float:
        """Both stages, mean over the folds that were trained; NaN if it was not timed."""
        stages = [self.folder(row) / f"fold_{fold}" / "network.pt" for fold in folds]
        seconds = [torch.load(path)["seconds"] for path in stages if path.exists()]
        if not seconds:
            return float("nan")
        return torch.load(self.folder(row) / "seas.pt")["seconds"] + float(np.mean(seconds))


@dataclass(frozen=True, slots=True)
class Result:
    """One row on one data set; parts: by fold, as written by `Study`."""

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


def scaled(boats: Field, priors: SaliencyMap) -> Field:
    """To the sum that the priors expect, 0 where nothing can be searched."""
    boats = np.where(priors.searchable, boats, np.float32(0))
    boats *= priors.expected_boats.sum() / max(float(boats.sum()), 1e-9)
    return boats


@torch.inference_mode()
def expected_boats(network: GlobalStream, planes: NDArray[np.float16] | Places) -> Field:
    """(rows, cols) from (CHANNELS, rows, cols), square by square."""
    _, rows, cols = planes.shape
    boats = np.empty((rows, cols), np.float32)
    for row, col in product(range(0, rows, _SQUARE), range(0, cols, _SQUARE)):
        top, left = max(row - _HALO, 0), max(col - _HALO, 0)
        reach = _SQUARE + _HALO
        part = planes[:, top : row + reach, left : col + reach].astype(np.float32)
        shown = torch.from_numpy(part)[None].contiguous(memory_format=torch.channels_last)
        said = torch.exp(network.judge(shown)["expected"])[0].numpy()
        square = boats[row : row + _SQUARE, col : col + _SQUARE]
        square[:] = said[row - top :, col - left :][: square.shape[0], : square.shape[1]]
    return boats


def page(study: Study, folds: Sequence[int]) -> Iterator[str]:
    results = {(result.row, result.title): result for result in study.results(folds)}
    known = {title: result for (_, title), result in results.items()}
    titles = [title for title in (*MOSAICS, *SEAS) if title in known]
    rows = [row for row in (*SHOWN, PRIORS) if any((row, title) in results for title in titles)]
    yield HEADER.format(
        patches=" / ".join(map(str, PATCHES)),
        folds=", ".join(map(str, folds)),
        boats=", ".join(f"{title} {known[title].boats}" for title in titles),
        missing=", ".join(row for row in SHOWN if row not in rows) or "nothing",
    )

    def told(row: str, how: str) -> list[str]:
        mosaics = [results[row, title] for title in MOSAICS if (row, title) in results]
        whole = len(mosaics) == len(MOSAICS)
        mean = np.mean([r.recall(how) for r in mosaics], axis=0) if whole else None
        each = [results.get((row, title)) for title in titles]
        return [shares(mean), *(shares(r and r.recall(how)) for r in each)]

    def times(row: str) -> list[str]:
        train = study.train_seconds(row, folds)
        scene = [r.seconds for (name, _), r in results.items() if name == row != PRIORS]
        return [
            f"{train:.0f}" if np.isfinite(train) else "–",
            f"{np.mean(scene):.1f}" if scene else "–",
        ]

    heads = ["mean of mosaics", *titles]
    yield ALONE_HEAD
    yield from table(
        [*heads, "train, s", "scene, s"], {r: told(r, "alone") + times(r) for r in rows}
    )
    yield ALONE_SAID
    yield MIXED_HEAD
    mixed = {row: told(row, "alone" if row == PRIORS else "mixed") for row in rows}
    yield from table(heads, mixed)
    yield MIXED_SAID


def shares(recall: NDArray[np.float64] | None) -> str:
    return "–" if recall is None else " / ".join(f"{v:.2f}".removeprefix("0") for v in recall)


def table(heads: Sequence[str], rows: dict[str, list[str]]) -> Iterator[str]:
    yield "| Sees | " + " | ".join(heads) + " |"
    yield "|---|" + "--:|" * len(heads)
    for name, cells in rows.items():
        yield f"| {name} | " + " | ".join(cells) + " |"
    yield ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[""], metavar="WORD", help="in the row")
    parser.add_argument("--folds", nargs="*", type=int, default=[1], choices=range(FOLDS))
    parser.add_argument("--runs", type=Path, default=Path("runs") / "ablations")
    parser.add_argument("--inputs", type=Path, default=Path("runs") / "saliency")
    options = parser.parse_args()
    torch.set_num_threads(1)
    study = Study(options.runs, options.inputs)
    rows = [row for row in (PRIORS, *SHOWN) if any(word in row for word in options.only)]
    for fold in options.folds:
        for row in rows:
            if row != PRIORS:
                study.trained(row, fold)
        study.count(rows, fold)
    text = "\n".join(page(study, options.folds)).rstrip() + "\n"
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
