"""The Processing algorithm, run by QGIS without a screen, and its package."""

import configparser
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

import geopandas
import pytest
from qgis_runner import in_qgis, require_qgis
from seas import BOATS, make_sea, write_tif
from shapely.geometry import Point, box

PLUGINS = Path(__file__).parent.parent / "qgis"
COMMAND = Path(sys.executable).parent / "pdn-geo"
FAKE = """#!{python}
import os, sys, time
from pathlib import Path
Path(__file__).with_suffix(".pid").write_text(str(os.getpid()))
print("progress anchor 0.5", file=sys.stderr)
print("progress looks 0.5", file=sys.stderr)
print("called with", *sys.argv[1:])
{then}
"""
SLOW = "time.sleep(600)"
FAILING = "print('pdn-geo: scene.tif: not a raster', file=sys.stderr); sys.exit(2)"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """All runs of the algorithm, in one start of QGIS."""
    require_qgis()
    folder = tmp_path_factory.mktemp("plugin")
    scene = write_tif(folder / "sea.tif", make_sea().values)
    x, y = 500_000 + BOATS[:, 0], 5_000_000 - BOATS[:, 1]
    truth = geopandas.GeoSeries(map(Point, x, y), crs="EPSG:32633")
    aoi = folder / "aoi.geojson"  # in degrees, round the first boat
    corner = geopandas.GeoSeries([box(500_000, 4_999_760, 500_260, 5_000_000)], crs=truth.crs)
    corner.to_crs(4326).to_file(aoi)
    commands = {"real": str(COMMAND), "none": "pdn-geo-that-is-not-there"}
    for name, then in {"slow": SLOW, "failing": FAILING}.items():
        commands[name] = str(folder / f"{name}.py")
        Path(commands[name]).write_text(FAKE.format(python=sys.executable, then=then))
        Path(commands[name]).chmod(0o755)

    def job(name, command, cancel_after_s=None, **parameters):
        parameters = {"SCENE": str(scene), "OUTPUT": str(folder / f"{name}.gpkg"), **parameters}
        request = {"plugins": str(PLUGINS), "command": commands[command], "parameters": parameters}
        return "detect", {**request, "cancel_after_s": cancel_after_s}

    jobs = {
        "whole": job("whole", "real"),
        "corner": job("corner", "real", AOI=str(aoi), PATCHES=1, THRESHOLD=0.3),
        "none": job("none", "none"),
        "failing": job("failing", "failing", PATCHES=2.5, THRESHOLD=0.25),
        "cancelled": job("cancelled", "slow", cancel_after_s=2),
    }
    told = in_qgis(folder, jobs)
    return SimpleNamespace(folder=folder, told=told, truth=truth, corner=corner[0])


def test_boats_are_found_and_their_layers_loaded_in_order(run):
    told = run.told["whole"]
    assert (told["error"], told["ok"], told["can_execute"]) == ("", True, [True, ""])
    assert [layer["name"] for layer in told["loaded"]] == [
        "Boats", "Looks, in order", "Not searched",
    ]  # fmt: skip
    assert [layer["renderer"] for layer in told["loaded"]] == [
        "graduatedSymbol", "graduatedSymbol", "singleSymbol",
    ]  # fmt: skip
    path = run.folder / "whole.gpkg"
    assert told["results"]["OUTPUT"] == str(path)
    assert told["results"]["DETECTIONS"] == f"{path}|layername=detections"
    boats = geopandas.read_file(path, layer="detections")
    found = [boats.contains(place).any() for place in run.truth]
    assert sum(found) >= 4
    assert any("boats" in line for line in told["words"]), "the command's words are passed on"


def test_search_area_budget_and_threshold_reach_the_command(run):
    told = run.told["corner"]
    assert told["error"] == ""
    path = run.folder / "corner.gpkg"
    boats = geopandas.read_file(path, layer="detections")
    assert boats.contains(run.truth[0]).any()
    assert boats.centroid.within(run.corner.buffer(1)).all()
    area = geopandas.read_file(path, layer="searched_area")
    assert area["patches"].item() <= 1
    called = next(line for line in run.told["failing"]["words"] if "called with" in line)
    assert called.endswith("--threshold 0.25 --patches 2.5")


def test_a_missing_command_is_one_clear_message(run):
    told = run.told["none"]
    assert told["can_execute"][0] is False
    assert told["can_execute"][1] == told["error"]
    assert "There is no command 'pdn-geo-that-is-not-there'. Install pdn-geo" in told["error"]
    assert told["loaded"] == []


def test_the_commands_own_error_is_shown(run):
    told = run.told["failing"]
    assert told["error"] == "pdn-geo: scene.tif: not a raster"
    assert told["loaded"] == []


def test_progress_is_shown_and_cancelling_stops_the_command(run):
    told = run.told["cancelled"]
    assert told["progress"][:2] == [15, 65]
    assert told["error"] == ""
    assert told["results"] == {}
    assert told["loaded"] == []
    assert told["seconds"] < 300, "the command sleeps for 600"
    with pytest.raises(ProcessLookupError):
        os.kill(int((run.folder / "slow.pid").read_text()), 0)


def test_the_package_is_what_qgis_installs(tmp_path):
    path = tmp_path / "plugin.zip"
    subprocess.run([sys.executable, PLUGINS / "package.py", path], check=True)
    with ZipFile(path) as archive:
        names = archive.namelist()
        words = archive.read("pdn_geo_provider/metadata.txt").decode()
    assert {name.split("/")[0] for name in names} == {"pdn_geo_provider"}
    assert "pdn_geo_provider/__init__.py" in names
    assert "pdn_geo_provider/LICENSE" in names
    assert not any("__pycache__" in name for name in names)
    metadata = configparser.ConfigParser()
    metadata.read_string(words)
    for field in ("name", "description", "about", "version", "author", "qgisMinimumVersion"):
        assert metadata["general"][field], field
    assert metadata["general"]["hasProcessingProvider"] == "yes"
    assert f"pdn_geo_provider/{metadata['general']['icon']}" in names
