"""How many boats does the drive look at? Selection recall by saliency and budget.

    python benchmarks/selection.py                         # everything; half an hour on one core
    python benchmarks/selection.py --only naip "wind 13"   # rows whose title holds a word
    python benchmarks/selection.py --write                 # everything, into docs/selection.md

Prints one markdown table a data set: the share of boats whose centre lies in a look, for
each label-free prior alone, all of them together, the learned saliency, and two marks: a
random order over the same water, and an oracle that knows where the boats are.

- Labelled scenes, at 5, 10 and 20 % of their pixels.
- 10240 x 10240 px at 4, 8, 16 and 32 patches of 512 px: mosaics of the labelled scenes of
  one fold (`mosaics.py`), and simulated seas of 3, 8 and 13 m/s at 1 m with 40 boats.

The learned saliency of a labelled scene is that of its fold, which has not seen the site:
`train_saliency.py` writes those networks, and without them the row is left out. Boats of
confidence 1 and those inside ignore areas do not count. "expected" is the sum of expected
boats. The scenes are kept in --runs.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from saliency_folds import fold_file, network
from selection_sites import SETS, Site, data_sets

from pdn_geo.drive.budget import PATCH_PX, SMALLEST, Budget
from pdn_geo.drive.greedy import GreedyDrive
from pdn_geo.drive.look import Look
from pdn_geo.saliency.builder import DEFAULT_PRIORS, SaliencyBuilder
from pdn_geo.saliency.ca_cfar import CaCfar
from pdn_geo.saliency.learned import LearnedSaliency
from pdn_geo.saliency.map import SaliencyMap
from pdn_geo.saliency.prior import Prior
from pdn_geo.saliency.rx import Rx
from pdn_geo.saliency.wake_heads import WakeHeads

PAGE = Path(__file__).parents[1] / "docs" / "selection.md"
SHARES = (0.05, 0.10, 0.20)
PATCHES = (4, 8, 16, 32)
LEARNED = "learned"
MARKS = ("random over water", "oracle")
"""Rows that are no saliency: their sums of expected boats mean nothing."""
HEADER = """# Selection: how many boats the drive looks at

Written by `python benchmarks/selection.py --write`. Share of labelled boats whose centre lies in
a look, by what ranks the looks and by budget. The drive is the same in every row; patches are of
512 x 512 px and may be spent in smaller windows.

- **mosaics**: 10240 x 10240 px made of the labelled scenes of one fold, every frame with boats
  once, the rest filled with frames without; their edges show.
- **wind**: simulated open sea of 10240 x 10240 px at 1 m, of a seed that nothing was trained on.
- the other tables: the labelled scenes themselves, by share of their pixels.
- *learned*: the network of the fold that has not seen the scene's sites. *expected*: the sum of the
  map, to be compared with the number of boats. *random* and *oracle* are the two ends.

Water mask, priors and drive were developed with these scenes in sight; the networks were not
trained on the sites on which they are judged, but on others of the same collections, and on
mosaics made the same way.
"""

Judge = Callable[[Site], SaliencyMap]


def saliency(
    site: Site, priors: Sequence[Prior] = DEFAULT_PRIORS, learned: LearnedSaliency | None = None
) -> SaliencyMap:
    builder = SaliencyBuilder(
        site.shape, site.anchor.stride, site.bands, site.gsd_m, priors=priors, learned=learned
    )
    builder.add(site.anchor)
    return builder.finish()[0]


@lru_cache(maxsize=1)
def by_priors(site: Site) -> SaliencyMap:
    return saliency(site)


@lru_cache(maxsize=1)
def mixed(site: Site) -> SaliencyMap:
    """Half what the priors expect, half what the network does."""
    return saliency(site, learned=network(site.fold))


def learnt(site: Site) -> SaliencyMap:
    """The network's half alone."""
    both, priors = mixed(site), by_priors(site)
    rest = np.maximum(2 * both.expected_boats - priors.expected_boats, np.float32(0))
    return replace(both, expected_boats=rest)


def oracle(site: Site) -> SaliencyMap:
    known = by_priors(site)
    boats = np.zeros_like(known.expected_boats)
    cells = (site.boats // known.stride).astype(int)
    inside = (cells >= 0).all(axis=1) & (cells < boats.shape[::-1]).all(axis=1)
    np.add.at(boats, (cells[inside, 1], cells[inside, 0]), 1)
    return replace(known, expected_boats=boats)


def anyhow(site: Site) -> SaliencyMap:
    known = by_priors(site)
    rng = np.random.default_rng(0)
    noise = rng.random(known.water.shape, dtype=np.float32) ** 20
    return replace(known, expected_boats=np.where(known.water >= 0.5, noise, np.float32(0)))


def looked_at(site: Site, known: SaliencyMap, budgets: Sequence[float]) -> list[int]:
    """Boats in looks at each budget, in patches."""
    counts = []
    for patches in budgets:
        drive = GreedyDrive(known, site.shape, Budget(patches=max(SMALLEST, patches)))
        looks: list[Look] = []
        while more := drive.next_looks(16):
            drive.update(more, [np.zeros(0)] * len(more))
            looks += more
        x, y = site.boats.T
        counts.append(int(np.any([look.window.contains(x, y) for look in looks], axis=0).sum()))
    return counts


def variants() -> dict[str, Judge]:
    bright, rx, wake = CaCfar("bright"), Rx(), WakeHeads()
    sets: dict[str, Sequence[Prior]] = {prior.name: (prior,) for prior in DEFAULT_PRIORS}
    sets["cfar-bright and rx"] = (bright, rx)
    sets["cfar-bright, rx and wake"] = (bright, rx, wake)
    return {
        "random over water": anyhow,
        **{name: (lambda site, p=priors: saliency(site, p)) for name, priors in sets.items()},
        "all priors": by_priors,
        LEARNED: learnt,
        f"all priors and {LEARNED}": mixed,
        "oracle": oracle,
    }


@dataclass(frozen=True, slots=True)
class Table:
    """Recall by row and budget of one data set, and what each row expected."""

    title: str
    scenes: int
    boats: int
    recall: dict[str, list[float]]
    expected: dict[str, float]

    @property
    def large(self) -> bool:
        return self.title not in SETS

    @property
    def budgets(self) -> list[str]:
        if self.large:
            return [f"{patches} patches" for patches in PATCHES]
        return [f"{share:.0%} of pixels" for share in SHARES]

    def lines(self) -> Iterator[str]:
        yield f"## {self.title}: {self.scenes} scenes, {self.boats} boats\n"
        rows = {
            name: [*(f"{value:.3f}" for value in recall), self._told(name)]
            for name, recall in self.recall.items()
        }
        yield from markdown([*self.budgets, "expected"], rows)

    def _told(self, name: str) -> str:
        return "–" if name in MARKS else f"{self.expected[name]:.0f}"


def measured(title: str, *, folder: Path, rows: Sequence[str]) -> Table:
    """Each site once, each row on it."""
    judges = variants()
    ((_, sites),) = data_sets(lambda other: other == title, folder)
    boats = sum(len(site.boats) for site in sites)
    table = Table(title, len(sites), boats, {}, dict.fromkeys(rows, 0.0))
    found = {row: np.zeros(len(table.budgets), int) for row in rows}
    for site in sites:
        whole = site.shape[0] * site.shape[1] / PATCH_PX**2
        for row in rows:
            known = judges[row](site)
            spent = PATCHES if table.large else [share * whole for share in SHARES]
            found[row] += looked_at(site, known, spent)
            table.expected[row] += float(known.expected_boats.sum(dtype=np.float64))
    table.recall.update({row: list(count / boats) for row, count in found.items()})
    return table


def markdown(
    heads: Sequence[str], rows: dict[str, list[str]], *, corner: str = "Saliency"
) -> Iterator[str]:
    yield f"| {corner} | " + " | ".join(heads) + " |"
    yield "|---|" + "--:|" * len(heads)
    for name, cells in rows.items():
        yield f"| {name} | " + " | ".join(cells) + " |"
    yield ""


def summary(tables: Sequence[Table]) -> Iterator[str]:
    """Means over the large data sets, each counting alike."""
    large = [table for table in tables if table.large]
    real = [table for table in large if "mosaics" in table.title]
    seas = [table for table in large if table not in real]
    groups = [(name, group) for name, group in (("mosaics", real), ("seas", seas)) if group]
    heads = [f"{name}, {p} patches" for name, _ in groups for p in PATCHES[2:]]
    rows = {
        row: [
            f"{np.mean([table.recall[row][k] for table in group]):.3f}"
            for _, group in groups
            for k in range(2, len(PATCHES))
        ]
        for row in large[0].recall
    }
    yield "## Overall\n"
    yield "Means over the data sets of 10240 x 10240 px, each counting alike.\n"
    yield from markdown(heads, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[""], metavar="WORD", help="in the title")
    parser.add_argument("--variants", nargs="*", default=[""], metavar="WORD", help="in the row")
    parser.add_argument("--runs", type=Path, default=Path("runs") / "saliency")
    parser.add_argument("--write", action="store_true", help=f"everything, into {PAGE.name}")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    rows = [name for name in variants() if any(word in name for word in options.variants)]
    if not fold_file(0).exists():
        rows = [row for row in rows if LEARNED not in row]
    folder = options.runs / "sites"
    titles = [
        title
        for title, _ in data_sets(lambda title: any(word in title for word in options.only), folder)
    ]
    tables = []
    with ProcessPoolExecutor(options.processes) as pool:
        for table in pool.map(partial(measured, folder=folder, rows=rows), titles):
            print(*table.lines(), sep="\n", flush=True)
            tables.append(table)
    if any(table.large for table in tables):
        print(*summary(tables), sep="\n")
    if options.write:
        parts = [*summary(tables), *(line for table in tables for line in table.lines())]
        PAGE.write_text("\n".join([HEADER, *parts]).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
