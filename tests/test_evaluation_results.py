"""The script behind docs/results.md, with a detector that is told what to find."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pdn_geo.detections import Detections
from pdn_geo.drive.look import Look
from pdn_geo.engines.classical.features import NAMES
from pdn_geo.evaluation.plane import Plane
from pdn_geo.evaluation.truth import read_truth
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.products import Findings

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
WINDOW = Window(col_off=0, row_off=0, width=500, height=250)


@pytest.fixture
def results(monkeypatch, tmp_path):
    """The script, with two folds, of which one holds San Francisco."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    pytest.importorskip("torch", reason="the folds' networks need torch")
    for name in ("results", "labelled", "patch_folds", "real_scenes", "folds"):
        sys.modules.pop(name, None)
    import results

    nothing = dict.fromkeys(NAMES, 0.0)
    folds = [{**nothing, "bias": 5.0}, {**nothing, "bias": -5.0}]
    sites = {"planet_california/LongBeach": 0, "planet_california/SF": 1}
    record = {"sites": sites, "folds": folds}
    (tmp_path / "folds.json").write_text(json.dumps(record))
    monkeypatch.setattr(results, "CLASSICAL_FOLDS", tmp_path / "folds.json")
    return results


def finds_every_second_boat(path, *, gsd_m, threshold, **_):
    """One look at the upper half; one false alarm in the corner."""
    labels = path.with_suffix(".hulls.geojson")
    x, y = np.array([0.0]), np.array([0.0])
    if labels.exists():
        boats = read_truth(labels).on(Plane()).boats
        x, y = np.append(boats.x[::2], 0), np.append(boats.y[::2], 0)
    nothing = np.zeros(len(x))
    detections = Detections(
        x=x, y=y, length=nothing + 8, width=nothing + 3, angle=nothing, score=nothing + 0.9,
        wake=nothing, bow_known=nothing, cut=nothing, look=nothing,
    )  # fmt: skip
    findings = Findings(
        scene=str(path),
        grid=PixelGrid(height=500, width=500, assumed_gsd_m=gsd_m),
        detections=detections,
        looks=[Look(order=0, window=WINDOW, reason="test", expected_boats=1)],
        searched_share=0.5,
        expected_missed=1.5,
        model="fake",
    )
    assert threshold == 0.05
    return SimpleNamespace(findings=findings)


def test_every_labelled_scene_is_reported_on(results, shared_data):
    cases = list(results.real_cases(shared_data))
    count = {}
    for case in cases:
        assert case.path.exists()
        assert case.labels is None or case.labels.exists()
        count[case.collection] = count.get(case.collection, 0) + 1
    assert count == {
        "sentinel2_ports": 9,
        "planet_california": 4,
        "naip_coast": 45,
        "naip_no_boats": 77,
        "marina_030cm": 27,
        "surf_no_boats": 12,
        "aerial_no_boats": 296,
    }


def test_the_page_says_what_was_found(results, shared_data, monkeypatch):
    monkeypatch.setattr(results.pdn_geo, "detect", finds_every_second_boat)
    wanted = ("planet_california", "surf_no_boats")
    cases = [case for case in results.real_cases(shared_data) if case.collection in wanted]
    page = results.report(results.run_all(cases, "classical"), "classical")
    row = next(line for line in page.splitlines() if line.startswith("| planet_california"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:3] == ["4", "106"]
    assert cells[3].startswith("0.5")
    assert (cells[9], cells[11], cells[12]) == ("4", "50%", "6.0")
    surf = next(line for line in page.splitlines() if line.startswith("| surf_no_boats"))
    assert [cell.strip() for cell in surf.split("|")][2:6] == ["12", "3.0", "12", "40.00"]
    assert "scene_3" in page


def test_a_site_is_judged_by_the_model_that_has_not_seen_it(results, monkeypatch):
    monkeypatch.setattr(results, "ClassicalDetector", lambda model=None: model)
    assert results.classical("planet_california/SF", 3.0).bias == -5
    assert results.classical("planet_california/LongBeach", 3.0).bias == 5
    assert results.classical("simulated/wind_3", 3.0) is None  # the model that ships


def test_sites_are_dealt_so_that_folds_hold_alike_many_boats(results):
    from folds import fold_of_sites

    boats = {"a/1": 3, "a/2": 0, "b/1": 2, "b/2": 9, "b/3": 5, "b/4": 3, "b/5": 0}
    folds = fold_of_sites(boats, folds=2)
    assert folds == {"a/1": 0, "a/2": 1, "b/2": 0, "b/3": 1, "b/4": 1, "b/1": 1, "b/5": 0}
