"""Put a trained patch network into the package, with its card.

python benchmarks/ship_patch.py patch-fine runs/patch-fine/all_real --version 1
python benchmarks/ship_patch.py patch --version 5        # as it ships, calibrated anew
"""

import argparse
import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import patch_folds
from labelled import real_cases
from patch_recipes import RECIPES
from real_scenes import DATA
from safetensors.torch import load_file

from pdn_geo.engines.network.card import DataSource, ModelCard
from pdn_geo.engines.network.export import export
from pdn_geo.engines.network.maps import ScoreLaw
from pdn_geo.models.patch_network import PatchNetwork

SOURCES = (
    DataSource(name="simulated seas (pdn_geo.ocean)", licence="Apache-2.0"),
    DataSource(name="Sentinel-2 harbours (sen2ships)", licence="MIT; Copernicus Sentinel data"),
    DataSource(name="Planet Open California (shipsnet-detector)", licence="CC BY-SA 4.0"),
    DataSource(name="NAIP coasts (CoastTrain)", licence="public domain, MIT"),
    DataSource(name="UC Merced Land Use (USGS)", licence="public domain"),
    DataSource(name="NOAA emergency response (dash_doodler)", licence="public domain, MIT"),
)
"""Of all weights: hulls are cut out of any scene and set on water."""
LIMITS = {
    "patch": (
        "Optical imagery with red, green and blue only; no SAR, no single band.",
        "Trained on four PlanetScope and nine Sentinel-2 scenes: expect less on other coasts.",
        "Ships at berth on Sentinel-2 are missed more often than found.",
        "The bow is learnt from simulated boats and wakes alone.",
    ),
    "patch-fine": (
        "Optical imagery with red, green and blue only; no SAR, no single band.",
        "Real boats of 1 m are NAIP's, seven in ten of one place: expect less on other coasts.",
        "Boats of 0.3 m are those of eleven marinas.",
        "Whitecaps are known from simulated seas; real frames had surf and swell.",
        "The bow is learnt from simulated boats and wakes alone.",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("--version", required=True)
    options = parser.parse_args()
    found = calibrated(options.name) | {"version": options.version}
    if options.run is None:
        network, card = shipped(options.name)
        card = replace(card, **found)
    else:
        network = patch_folds.trained_network(options.name, options.run)
        card = new_card(options.name, found)
    print(export(network, card, patch_folds.SHIPPED, stem=card.name))


def calibrated(name: str) -> dict[str, Any]:
    """What `calibrate_patch.py` found, for the card."""
    record = patch_folds.record(name)
    return {
        "score": ScoreLaw(**record["shipped"]["law"]),
        "thresholds": tuple((gsd, score) for gsd, score in record["shipped"]["thresholds"]),
        "figures": {f"{place}, sites held out": row for place, row in record["figures"].items()},
    }


def shipped(name: str) -> tuple[PatchNetwork, ModelCard]:
    path = patch_folds.SHIPPED / f"{name}.json"
    card = ModelCard.load(path)
    network = PatchNetwork(stride=card.stride)
    network.load_state_dict(load_file(path.with_suffix(".safetensors")))
    return network, card


def new_card(name: str, found: dict[str, Any]) -> ModelCard:
    return ModelCard(
        name=name,
        trained=datetime.date.today().isoformat(),
        sources=SOURCES,
        sites=tuple(sorted({case.site for case in real_cases(DATA)})),
        seed=1,
        command=f"python benchmarks/train_patch.py {name} seas, then all",
        backbone="light",
        stride=patch_folds.record(name)["stride"],
        bands=("red", "green", "blue"),
        gsd_m=RECIPES[name].gsd_m,
        limits=LIMITS[name],
        **found,
    )


if __name__ == "__main__":
    main()
