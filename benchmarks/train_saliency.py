"""Train the learned saliency: on simulated seas, then on real sites by folds or all of them.

    python benchmarks/train_saliency.py seas      # no real site enters
    python benchmarks/train_saliency.py fold 0    # sites of fold 0 held out
    python benchmarks/train_saliency.py fold 1
    python benchmarks/train_saliency.py fold 2
    python benchmarks/train_saliency.py all       # what ships

One thread. What was drawn and read is kept in --runs, so that a stage called again does
not draw it again; the networks without a fold go to benchmarks/weights, the one that
ships to pdn_geo/weights. The mosaics that `selection.py` reports on are examples too, those
of the other folds.
"""

import argparse
import json
import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import shapely
import torch
from classical_scenes import Scene, labelled_scenes
from real_scenes import FOLDS, folds_of_sites
from safetensors.torch import save_file
from saliency_folds import fold_file
from selection_sites import data_sets, wider

import pdn_geo
from pdn_geo.geometry import Window
from pdn_geo.models.global_stream import ExpectedBoats, GlobalStream
from pdn_geo.ocean import Sea, SeaConfig, labels_of, random_sea
from pdn_geo.ocean.config import BAND_NAMES
from pdn_geo.saliency.planes import CHANNELS
from pdn_geo.scene import Pixels
from pdn_geo.training.anchors import (
    AnchorExample,
    Labels,
    anchor_example,
    coarser,
    example_of_anchor,
)
from pdn_geo.training.saliency import SaliencyTraining, train_saliency

SHIPPED = Path(pdn_geo.__file__).parent / "weights"

SEAS = 240
SEA_PX, WIDE_SEA_PX = 1536, 4096
FIRST_SEED = 1000
"""Seeds 0 to 9 are for tests and benchmarks, never for training."""
SEA_GSD_M = (0.3, 0.5, 0.7, 1.5, 2, 3, 3, 5, 10)
"""Of every other sea; the rest are at 1 m."""
SEA_BOATS = (0, 1, 2, 5, 12)
SEA_BOAT_ODDS = (0.15, 0.3, 0.25, 0.2, 0.1)
WIDE_BOATS = 3
"""A wide sea has so many times the boats of another."""
COAST_BOATS = 8
"""Random coasts are drawn with one in so many of the boats that a patch network wants."""
LEAST_VISIBLE = 0.3
"""A boat under thicker cloud counts neither way."""

COARSER = {
    "naip_coast": (2, 3),
    "naip_no_boats": (2, 3),
    "planet_california": (2, 3),
    "surf_no_boats": (2, 4),
}
"""Copies averaged over n x n pixels, of other sensors' GSD."""
LEAST_PX = 200
SHARES = {
    "sea_1m": 3, "sea_other": 2, "coast": 2, "naip_coast": 3, "naip_no_boats": 1.5,
    "planet_california": 1.5, "sentinel2_ports": 1.5, "marina_030cm": 0.7,
    "surf_no_boats": 0.5, "aerial_no_boats": 0.5,
    "naip mosaics": 3, "planet mosaics": 1.5, "sentinel2 mosaics": 1.5,
}  # fmt: skip
"""How often a crop is of each collection."""
STAGES = {
    "seas": SaliencyTraining(steps=1200, shares=SHARES),
    # Seas count double, or what was learned of whitecaps is forgotten the sooner.
    "real": SaliencyTraining(steps=1200, shares=SHARES | {"sea_1m": 6, "sea_other": 3}, seed=2),
}


def sea_config(number: int) -> SeaConfig:
    """The scene of that number: three in four open sea in winds of 2 to 15 m/s, with few
    boats or many, then coasts and harbours. Every tenth is as wide as ranks in large scenes need.
    """
    rng = np.random.default_rng([77, number])
    if number % 4 == 3:
        coast = random_sea(rng, size=SEA_PX)
        return replace(coast, boats=coast.boats // COAST_BOATS, seed=FIRST_SEED + number)
    gsd_m = 1.0 if number % 2 == 0 else float(rng.choice(SEA_GSD_M))
    photo = rng.random() < 0.3
    wide = number % 10 == 0
    return SeaConfig(
        size=WIDE_SEA_PX if wide else SEA_PX,
        gsd_m=gsd_m,
        wind_mps=float(rng.uniform(2, 15)),
        boats=int(rng.choice(SEA_BOATS, p=SEA_BOAT_ODDS)) * (WIDE_BOATS if wide else 1),
        seed=FIRST_SEED + number,
        bands=4 if gsd_m >= 3 and rng.random() < 0.5 else 3,
        clouds=float(rng.choice([0, 0, 0, 0.1])),
        look="photo" if photo else "linear",
        jpeg=int(rng.integers(60, 97)) if photo and rng.random() < 0.5 else None,
    )


def sea_examples(folder: Path) -> Iterator[AnchorExample]:
    for number in range(SEAS):
        yield from kept(folder / f"{number:04d}.pickle", partial(_examples_of_sea, number))


def _examples_of_sea(number: int) -> Iterator[AnchorExample]:
    config = sea_config(number)
    sea = Sea(config)
    window = Window(col_off=0, row_off=0, width=config.size, height=config.size)
    values = sea.render(window).values.astype(np.float32)
    pixels = Pixels(values, np.ones(values.shape[1:], np.bool_))
    truth = labels_of(sea)
    centres, hidden = np.stack([truth.x, truth.y], axis=1), truth.visible < LEAST_VISIBLE
    labels = Labels(boats=centres[~hidden], doubtful=centres[hidden])
    group = "sea_1m" if config.gsd_m == 1 else "sea_other"
    if number % 4 == 3:
        group = "coast"
    names = BAND_NAMES[: config.bands]
    # Two cells of a sea are as different as two seas: at 1 m, where boats are small, both.
    for stride in (8, 16) if config.gsd_m <= 1 or number % 5 == 0 else (8,):
        yield anchor_example(
            pixels, names, config.gsd_m, labels, site=f"sea/{number}", group=group, stride=stride
        )


def real_examples() -> Iterator[AnchorExample]:
    for scene in labelled_scenes():
        yield from _examples_of_scene(scene)


def kept(path: Path, make: Callable[[], Iterable[AnchorExample]]) -> list[AnchorExample]:
    """The examples in that file, made and written there if it is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(list(make())))
    return pickle.loads(path.read_bytes())


def _examples_of_scene(scene: Scene) -> Iterator[AnchorExample]:
    """The scene at its own GSD, with wider cells, and at coarser GSDs."""
    truth, gsd_m = scene.truth, scene.gsd_m
    pixels = Pixels(np.where(scene.valid, scene.values, np.float32(0)), scene.valid)
    labels = Labels(
        boats=np.stack([truth.boats.x, truth.boats.y], axis=1) / gsd_m,
        doubtful=np.stack([truth.doubtful.x, truth.doubtful.y], axis=1) / gsd_m,
        ignored=[shapely.transform(area, lambda xy: xy / gsd_m) for area in truth.ignore],
    )
    names = {"site": scene.site, "group": scene.collection}
    smallest = min(scene.valid.shape)
    yield anchor_example(pixels, scene.band_names, gsd_m, labels, **names)
    if smallest >= 2 * LEAST_PX:
        yield anchor_example(pixels, scene.band_names, gsd_m, labels, **names, stride=16)
    for factor in COARSER.get(scene.collection, ()):
        if smallest >= factor * LEAST_PX:
            yield anchor_example(
                coarser(pixels, factor), scene.band_names, factor * gsd_m,
                labels.scaled(1 / factor), **names,
            )  # fmt: skip


def mosaic_examples(runs: Path) -> Iterator[AnchorExample]:
    """Each mosaic, also with wider cells; its "site" is the fold whose sites it is made of."""
    for title, sites in data_sets(lambda title: "mosaics" in title, runs / "sites"):
        for site in chain.from_iterable((one, wider(one)) for one in sites):
            yield example_of_anchor(
                site.anchor, site.bands, site.gsd_m, site.boats, site.known,
                site=str(site.fold), group=title,
            )  # fmt: skip


def without(fold: int | None, examples: Iterable[AnchorExample]) -> list[AnchorExample]:
    """The examples whose sites are not in a fold (None: all)."""
    fold_of = folds_of_sites() | {str(k): k for k in range(FOLDS)}
    return [e for e in examples if fold is None or fold_of[e.site] != fold]


class Log:
    """Prints the mean losses of every 50 steps."""

    def __init__(self) -> None:
        self._since: list[dict[str, float]] = []

    def __call__(self, step: int, losses: dict[str, float]) -> None:
        self._since.append(losses)
        if step % 50 == 49:
            means = {name: np.mean([one[name] for one in self._since]) for name in losses}
            parts = ", ".join(f"{name} {value:.2f}" for name, value in means.items())
            print(f"{step + 1:6d}  {parts}", flush=True)
            self._since = []


def export(network: GlobalStream, path: Path) -> None:
    """The part that the drive needs, for ONNX Runtime, with free sides."""
    example = torch.zeros(1, len(CHANNELS), 96, 128)
    path.parent.mkdir(parents=True, exist_ok=True)
    free = {2: "rows", 3: "cols"}
    torch.onnx.export(
        ExpectedBoats(network).eval(), (example,), path, dynamo=False, opset_version=17,
        dynamic_axes={"planes": free, "boats": {1: "rows", 2: "cols"}},
        input_names=["planes"], output_names=["boats"],
    )  # fmt: skip


def card(examples: list[AnchorExample]) -> dict[str, object]:
    sites = sorted(
        {e.site for e in examples if not e.group.startswith(("sea_", "coast")) and "/" in e.site}
    )
    return {
        "name": "saliency",
        "trained": datetime.now(UTC).date().isoformat(),
        "command": "python benchmarks/train_saliency.py seas, then all",
        "seed": STAGES["real"].seed,
        "planes": CHANNELS,
        "gives": "expected boats per cell of the global anchor",
        "needs_bands": ("red", "green", "blue"),
        "gsd_m": (0.2, 10.0),
        "sources": {
            "simulated seas": f"pdn_geo.ocean, {SEAS} of {SEA_PX} px",
            "planet_california": "Planet Open California, CC BY-SA 4.0",
            "sentinel2_ports": "modified Copernicus Sentinel data",
            "naip_coast, naip_no_boats": "NAIP, USDA, public domain",
            "marina_030cm, aerial_no_boats": "USGS, public domain (UC Merced Land Use)",
            "surf_no_boats": "NOAA emergency response imagery, public domain",
        },
        "sites": sites,
        "figures": "docs/decisions/0005-learned-saliency.md",
        "limits": (
            "Sums of expected boats are right on average over sites like these, not for "
            "every scene.",
            "Trained on open seas and some thirty coasts, most of them American.",
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stage", choices=("seas", "fold", "all"))
    parser.add_argument("fold", nargs="?", type=int, choices=range(FOLDS))
    parser.add_argument("--runs", type=Path, default=Path("runs") / "saliency")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = GlobalStream(len(CHANNELS))
    start = options.runs / "seas.pt"
    examples = list(sea_examples(options.runs / "seas"))
    if options.stage == "seas":
        train_saliency(network, examples, STAGES["seas"], progress=Log())
        torch.save(network.state_dict(), start)
        return
    if not start.exists():
        parser.error(f"no {start}: train on seas first")
    network.load_state_dict(torch.load(start))
    examples += without(options.fold, kept(options.runs / "real.pickle", real_examples))
    mosaics = kept(options.runs / "mosaics.pickle", lambda: mosaic_examples(options.runs))
    examples += without(options.fold, mosaics)
    train_saliency(network, examples, STAGES["real"], progress=Log())
    if options.stage == "fold":
        export(network, fold_file(options.fold))
        return
    export(network, SHIPPED / "saliency.onnx")
    save_file(network.state_dict(), SHIPPED / "saliency.safetensors")
    text = json.dumps(card(examples), indent=1, ensure_ascii=False)
    (SHIPPED / "saliency.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
