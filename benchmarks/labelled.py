"""The scenes that docs/results.md reports on: real ones with labels, and simulated ones."""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.scene import simulate_scene, truth_path

S2_BANDS = ("blue=1", "green=2", "red=3", "nir=4", "swir=5")
WINDS_MPS = (3, 8, 13)
SHIP_M, SHIP_SEEDS = (70.0, 400.0), (31, 32, 33)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One scene. site: "collection/place", the unit of folds and of intervals.
    labels: None where the scene holds no boats.
    """

    collection: str
    site: str
    path: Path
    labels: Path | None = None
    bands: tuple[str, ...] | None = None
    gsd_m: float | None = None

    @property
    def name(self) -> str:
        return self.path.stem


def real_cases(data: Path) -> Iterator[Case]:
    """Labelled scenes and scenes without boats, in an order that does not change."""
    for path in sorted((data / "sentinel2_ports").glob("*.tif")):
        yield _labelled("sentinel2_ports", path.stem, path, bands=S2_BANDS)
    for path in sorted((data / "planet_california").glob("*.jpg")):
        place = "SF" if path.stem in ("scene_1", "scene_4") else "LongBeach"
        yield _labelled("planet_california", place, path, gsd_m=3.0)
    for path in sorted((data / "naip_coast" / "boats").glob("*.png")):
        yield _labelled("naip_coast", _naip_place(path), path, gsd_m=1.0)
    for path in sorted((data / "naip_coast" / "no_boats").glob("*.png")):
        site = f"naip_coast/{_naip_place(path)}"
        yield Case(collection="naip_no_boats", site=site, path=path, gsd_m=1.0)
    with (data / "marina_030cm" / "sites.csv").open(encoding="utf-8") as lines:
        marina = {row["chip"]: row["split_group"] for row in csv.DictReader(lines)}
    for path in sorted((data / "marina_030cm").glob("*.png")):
        yield _labelled("marina_030cm", marina[path.stem], path, gsd_m=0.3048)
    for path in sorted((data / "surf_no_boats").glob("*.jpg")):
        site = f"surf_no_boats/{path.stem.split('_')[0]}"
        yield Case(collection="surf_no_boats", site=site, path=path, gsd_m=0.2)
    for path in sorted((data / "aerial_no_boats").glob("*/*.jpg")):
        site = f"aerial_no_boats/{path.parent.name}"
        yield Case(collection="aerial_no_boats", site=site, path=path, gsd_m=0.3048)


def boats_at(cases: Iterable[Case]) -> dict[str, int]:
    """Labelled boats of every site."""
    boats: dict[str, int] = {}
    for case in cases:
        boats.setdefault(case.site, 0)
        if case.labels is not None:
            features = json.loads(case.labels.read_text(encoding="utf-8"))["features"]
            boats[case.site] += sum(f["properties"]["kind"] == "vessel" for f in features)
    return boats


def open_water_cases(data: Path, folder: Path) -> Iterator[Case]:
    """The same scenes from satellites, ships at berth neither asked for nor forbidden."""
    for case in real_cases(data):
        if case.collection not in ("planet_california", "sentinel2_ports"):
            continue
        assert case.labels is not None
        labels = json.loads(case.labels.read_text(encoding="utf-8"))
        for feature in labels["features"]:
            if feature["properties"].get("status") == "berthed":
                feature["properties"]["confidence"] = 1
        path = folder / case.labels.name
        path.write_text(json.dumps(labels), encoding="utf-8")
        yield replace(case, collection=f"{case.collection}, open water", labels=path)


def wake_cases(data: Path) -> Iterator[Case]:
    """Chips with one vessel under way each: for training only, too few to report on."""
    for path in sorted((data / "sentinel2_wakes").glob("*.png")):
        yield _labelled("sentinel2_wakes", path.stem, path, gsd_m=10.0)


def simulated_cases(folder: Path) -> Iterator[Case]:
    """One sea of 10240 x 10240 px at 1 m with 40 boats for each wind, and three of 4096 x 4096 px
    with ten ships, longer than a look is wide; written when asked for.
    """
    for wind in WINDS_MPS:
        sea = SeaConfig(size=10240, gsd_m=1.0, wind_mps=wind, boats=40, seed=0)
        yield from _simulated(f"simulated, {wind} m/s", sea, folder)
    for wind, seed in product(WINDS_MPS, SHIP_SEEDS):
        sea = SeaConfig(size=4096, gsd_m=1.0, wind_mps=wind, boats=10, boat_m=SHIP_M, seed=seed)
        yield from _simulated(f"simulated ships, {wind} m/s", sea, folder)


def _simulated(collection: str, sea: SeaConfig, folder: Path) -> Iterator[Case]:
    path = folder / f"wind_{sea.wind_mps:g}_seed_{sea.seed}.tif"
    simulate_scene(path, sea)
    site = f"simulated/{path.stem}"
    yield Case(collection=collection, site=site, path=path, labels=truth_path(path))
    path.unlink()


def _labelled(
    collection: str,
    place: str,
    path: Path,
    *,
    bands: tuple[str, ...] | None = None,
    gsd_m: float | None = None,
) -> Case:
    return Case(
        collection=collection,
        site=f"{collection}/{place}",
        path=path,
        labels=path.with_suffix(".hulls.geojson"),
        bands=bands,
        gsd_m=gsd_m,
    )


def _naip_place(path: Path) -> str:
    """A site's chunks and frames are one place: east_cape_cod_site204."""
    return re.sub(r"_chunk\d+_|_f\d+$", "_", path.stem).strip("_")
