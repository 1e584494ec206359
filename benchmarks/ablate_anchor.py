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
from dataclasses import replace
from functools import cached_property
from itertools import product
from pathlib import Path

import numpy as np
import torch
from ablate_page import MOSAICS, PATCHES, PRIORS, SEAS, Result, page
from ablate_stem import Places, StemMaterial, StemStream
from numpy.typing import NDArray
from real_scenes import FOLDS
from selection import by_priors, looked_at
from selection_sites import Site, data_sets
from torch import Tensor
from train_saliency import STAGES, Log, kept, mosaic_examples, real_examples, sea_examples, without

from pdn_geo.models.global_stream import GlobalStream
from pdn_geo.saliency.filters import Field
from pdn_geo.saliency.map import SaliencyMap
from pdn_geo.saliency.planes import CHANNELS
from pdn_geo.training.anchors import AnchorExample, example_of_anchor
from pdn_geo.training.saliency import train_saliency

PAGE = Path(__file__).parents[1] / "docs" / "ablations-anchor.md"
STATISTICS = ("mean", "max", "min", "std")
CONTEXT = ("water", "valid", "log cell size")
"""Planes that every row sees; water is judged from all statistics."""
STEM, SHIPS = "learned stem", "all statistics and priors"
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

    def results(self, folds: Sequence[int]) -> Iterator[Result]:
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
    results = list(study.results(options.folds))
    seconds = {row: study.train_seconds(row, options.folds) for row in SHOWN}
    text = "\n".join(page(results, seconds, options.folds)).rstrip() + "\n"
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
