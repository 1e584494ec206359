"""Put a trained patch network into the package, with its card.

python benchmarks/ship_patch.py patch runs/all --version 3
"""

import argparse
import datetime
from pathlib import Path

import patch_folds
from labelled import real_cases
from real_scenes import DATA, SHARES

from pdn_geo.engines.network.card import DataSource, ModelCard
from pdn_geo.engines.network.export import export
from pdn_geo.engines.network.maps import ScoreLaw

SOURCES = (
    DataSource(name="simulated seas (pdn_geo.ocean)", licence="Apache-2.0"),
    DataSource(name="Sentinel-2 harbours (sen2ships)", licence="MIT; Copernicus Sentinel data"),
    DataSource(name="Planet Open California (shipsnet-detector)", licence="CC BY-SA 4.0"),
    DataSource(name="NAIP coasts (CoastTrain)", licence="public domain, MIT"),
    DataSource(name="UC Merced Land Use (USGS)", licence="public domain"),
    DataSource(name="NOAA emergency response (dash_doodler)", licence="public domain, MIT"),
)
LIMITS = (
    "Optical imagery with red, green and blue only; no SAR, no single band.",
    "Trained on four PlanetScope and nine Sentinel-2 scenes: expect less on other coasts.",
    "Ships at berth on Sentinel-2 are missed more often than found.",
    "The bow is learnt from simulated boats alone.",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=patch_folds.GSD_M)
    parser.add_argument("run", type=Path)
    parser.add_argument("--version", required=True)
    options = parser.parse_args()
    record = patch_folds.record(options.name)
    card = ModelCard(
        name=options.name,
        version=options.version,
        trained=datetime.date.today().isoformat(),
        sources=SOURCES,
        sites=tuple(sorted({c.site for c in real_cases(DATA) if c.collection in SHARES})),
        seed=1,
        command="python benchmarks/train_patch.py seas, then all",
        backbone="light",
        stride=record["stride"],
        bands=("red", "green", "blue"),
        gsd_m=patch_folds.GSD_M[options.name],
        score=ScoreLaw(**record["shipped"]["law"]),
        thresholds=tuple((gsd, score) for gsd, score in record["shipped"]["thresholds"]),
        figures={f"{name}, sites held out": row for name, row in record["figures"].items()},
        limits=LIMITS,
    )
    print(
        export(patch_folds.trained_network(options.run), card, patch_folds.SHIPPED, stem=card.name)
    )


if __name__ == "__main__":
    main()
