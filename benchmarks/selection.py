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
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from classical_scenes import labelled_scenes
from real_scenes import folds_of_sites
from selection_sites import FAMILIES, Site, mosaic_sites, real_site, simulated_site

from pdn_geo.drive.budget import PATCH_PX, SMALLEST, Budget
from pdn_geo.drive.greedy import GreedyDrive
from pdn_geo.drive.look import Look
from pdn_geo.saliency.builder import DEFAULT_PRIORS, SaliencyBuilder
from pdn_geo.saliency.learned import LearnedSaliency, shipped_saliency
from pdn_geo.saliency.map import SaliencyMap
from pdn_geo.saliency.memory_bank import MemoryBank

FOLD_WEIGHTS = Path(__file__).parent / "weights"
SHARES = (0.05, 0.10, 0.20)
PATCHES = (4, 8, 16, 32)
SETS = ("planet_california", "sentinel2_ports", "naip_coast")
WINDS_MPS = (3, 8, 13)

Judge = Callable[[Site], SaliencyMap]


def saliency(site: Site, priors=DEFAULT_PRIORS, keep: str = "all", learned=None) -> SaliencyMap:
    """`keep`: the one statistic that the priors may see; the water mask sees all."""
    builder = SaliencyBuilder(
        site.shape, site.anchor.stride, site.bands, site.gsd_m, priors=priors, learned=learned
    )
    if keep == "all":
        builder.add(site.anchor)
    else:
        only = getattr(site.anchor, keep)
        poor = replace(site.anchor, mean=only, max=only, min=only, std=np.zeros_like(only))
        builder.add(poor, water=saliency(site).water >= 0.5)
    return builder.finish()[0]


def learnt(site: Site) -> SaliencyMap:
    return saliency(site, learned=network(site.fold))


@cache
def network(fold: int | None) -> LearnedSaliency:
    """The network that has not seen a fold."""
    if fold is None:
        return shipped_saliency()
    return LearnedSaliency(FOLD_WEIGHTS / f"saliency_fold_{fold}.onnx")


def oracle(site: Site) -> SaliencyMap:
    known = saliency(site)
    boats = np.zeros_like(known.expected_boats)
    cells = (site.boats // known.stride).astype(int)
    inside = (cells >= 0).all(axis=1) & (cells < boats.shape[::-1]).all(axis=1)
    np.add.at(boats, (cells[inside, 1], cells[inside, 0]), 1)
    return replace(known, expected_boats=boats)


def anyhow(site: Site) -> SaliencyMap:
    known = saliency(site)
    rng = np.random.default_rng(0)
    noise = rng.random(known.water.shape, dtype=np.float32) ** 20
    return replace(known, expected_boats=np.where(known.water >= 0.5, noise, np.float32(0)))


def looked_at(site: Site, known: SaliencyMap, budgets: Sequence[float]) -> list[int]:
    """Boats in looks at each budget, in patches. The drive of a smaller budget ends sooner."""
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
    tried = (*DEFAULT_PRIORS, MemoryBank())
    alone = {prior.name: (lambda s, p=prior: saliency(s, (p,))) for prior in tried}
    return {
        "random over water": anyhow,
        **alone,
        "all and memory bank": lambda s: saliency(s, tried),
        "all, mean only": lambda s: saliency(s, keep="mean"),
        "all, max only": lambda s: saliency(s, keep="max"),
        "all priors": saliency,
        "**learned (default)**": learnt,
        "oracle": oracle,
    }


def data_sets(stride: int, wanted: Callable[[str], bool]) -> Iterator[tuple[str, list[Site]]]:
    """Title and scenes of every table."""
    scenes = list(labelled_scenes()) if any(map(wanted, (*SETS, *FAMILIES))) else []
    folds = folds_of_sites()
    for collection in SETS:
        if wanted(collection):
            chosen = [scene for scene in scenes if scene.collection == collection]
            yield collection, [real_site(scene, stride, folds[scene.site]) for scene in chosen]
    for family in FAMILIES:
        if wanted(f"{family} mosaics"):
            yield f"{family} mosaics", list(mosaic_sites(family, scenes, folds, stride))
    del scenes
    for wind in WINDS_MPS:
        if wanted(f"wind {wind} m/s"):
            yield f"wind {wind} m/s", [simulated_site(wind, stride)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stride", type=int, default=8)
    parser.add_argument("--only", nargs="*", default=[""], metavar="WORD", help="in the title")
    parser.add_argument("--variants", nargs="*", default=[""], metavar="WORD", help="in the row")
    options = parser.parse_args()
    judges = {
        name: judge
        for name, judge in variants().items()
        if any(w in name for w in options.variants)
    }
    for title, sites in data_sets(
        options.stride, lambda title: any(word in title for word in options.only)
    ):
        report(title, sites, judges)


def report(title: str, sites: list[Site], judges: dict[str, Judge]) -> None:
    boats = sum(len(site.boats) for site in sites)
    large = title not in SETS
    heads = [f"{p} patches" for p in PATCHES] if large else [f"{s:.0%} of pixels" for s in SHARES]
    print(f"\n### {title}: {len(sites)} scenes, {boats} boats\n")
    print("| Saliency | " + " | ".join(heads) + " | expected |")
    print("|---|" + "--:|" * (len(heads) + 1))
    for name, judge in judges.items():
        found, expected = np.zeros(len(heads), int), 0.0
        for site in sites:
            known = judge(site)
            pixels = site.shape[0] * site.shape[1]
            budgets = PATCHES if large else [share * pixels / PATCH_PX**2 for share in SHARES]
            found += looked_at(site, known, budgets)
            expected += float(known.expected_boats.sum(dtype=np.float64))
        cells = " | ".join(f"{recall:.3f}" for recall in found / boats)
        told = f"{expected:.0f}" if name not in ("random over water", "oracle") else "–"
        print(f"| {name} | {cells} | {told} |", flush=True)


if __name__ == "__main__":
    main()
