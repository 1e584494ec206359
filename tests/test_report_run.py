"""A run read back for a report: in pixels of its scene, and of no other."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from products_examples import PIXELS, UTM, findings, georeferencings, look, one_boat

from pdn_geo.detections import Detections
from pdn_geo.errors import VectorError
from pdn_geo.products import write_products
from pdn_geo.report.run import read_run


@pytest.mark.parametrize("kind", ["pixels", *georeferencings(3.0, 51.4, 1.0)])
@pytest.mark.parametrize("lon", [3.0, 180.0])
def test_pixels_come_back_from_every_georeferencing(kind: str, lon: float, tmp_path: Path) -> None:
    grid = {"pixels": PIXELS, **georeferencings(lon, 51.4, 1.0)}[kind]
    boats = Detections.concatenate(
        [
            one_boat(x=x, y=y, angle=0.4, look=i)
            for i, (x, y) in enumerate([(990, 20), (1500, 1900)])
        ]
    )
    looks = (look(0, 900, 0), look(1, 1400, 1700))
    write_products(findings(grid, boats, looks=looks), [tmp_path / "boats.gpkg"])
    run = read_run(tmp_path / "boats.gpkg", grid)
    np.testing.assert_allclose([[b.x, b.y] for b in run.boats], [[990, 20], [1500, 1900]], atol=0.1)
    assert [item.window for item in run.looks] == [item.window for item in looks]
    assert run.found.tolist() == [1, 1]


def test_bow_is_ahead_of_the_hull(tmp_path: Path) -> None:
    boats = Detections.concatenate([one_boat(angle=0.3), one_boat(x=900, bow_known=False)])
    write_products(findings(UTM, boats), [tmp_path / "boats.gpkg"])
    known, unknown = read_run(tmp_path / "boats.gpkg", UTM).boats
    ahead = np.array([100 + 15 * np.cos(0.3), 200 + 15 * np.sin(0.3)])
    np.testing.assert_allclose(known.bow, ahead, atol=0.05)
    assert unknown.bow is None


def test_a_ground_result_needs_a_scene_on_the_ground(tmp_path: Path) -> None:
    write_products(findings(UTM), [tmp_path / "boats.gpkg"])
    with pytest.raises(VectorError, match="the scene only pixels"):
        read_run(tmp_path / "boats.gpkg", PIXELS)


@pytest.mark.parametrize(
    ("told", "asked", "known"),
    [(0.75, None, 0.75), (0.75, 2.0, 2.0), (None, None, None)],
    ids=["detect was told", "the report is told", "nobody is told"],
)
def test_without_georeferencing_pixels_are_as_large_as_was_told(told, asked, known, tmp_path: Path):
    write_products(findings(replace(PIXELS, assumed_gsd_m=told)), [tmp_path / "boats.gpkg"])
    run = read_run(tmp_path / "boats.gpkg", replace(PIXELS, assumed_gsd_m=asked))
    assert run.grid.assumed_gsd_m == known


def test_a_result_in_pixels_says_nothing_of_a_scene_on_the_ground(tmp_path: Path) -> None:
    write_products(findings(replace(PIXELS, assumed_gsd_m=0.75)), [tmp_path / "boats.gpkg"])
    assert read_run(tmp_path / "boats.gpkg", UTM).grid == UTM
