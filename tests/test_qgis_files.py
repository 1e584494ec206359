"""GeoPackage styles and projects, opened and drawn by QGIS itself where there is one."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

import numpy as np
import pyogrio
import pytest
import shapely
from matplotlib.image import imread
from products_examples import LOOKS, MARS, PIXELS, UTM, findings, georeferencings, look
from pyproj import CRS
from qgis_pixels import (
    at,
    brightest,
    hulls,
    look_colours,
    nearest_in,
    patches,
    points,
    relative_luminance,
    rgb,
)
from qgis_runner import in_qgis, require_qgis
from seas import BOATS, NORTH_UP, make_sea, write_tif

from pdn_geo.detections import Detections
from pdn_geo.errors import OptionError, SceneError
from pdn_geo.grid import AffineMapping, PixelGrid
from pdn_geo.io import write_cog
from pdn_geo.products import write_products
from pdn_geo.products.colours import SCORE_COLOURS
from pdn_geo.products.qgis_project import write_qgis_project
from pdn_geo.products.unsearched import unsearched_table

LAYERS = ["detections", "looks", "unsearched", "searched_area"]
SIZE = 960
GRID = PixelGrid(height=SIZE, width=SIZE, crs=CRS.from_epsg(32633), mapping=AffineMapping(NORTH_UP))
SCORES = np.array([0.95, 0.85, 0.72, 0.65, 0.3])
BOW_KNOWN = np.array([True, False, True, False, True])
WINDOWS = [(22, 8, 256), (482, 72, 256), (222, 292, 256), (692, 512, 256), (72, 662, 256)]


def boats() -> Detections:
    x, y, length, width, angle = BOATS.T
    return Detections(
        x=x, y=y, length=length, width=width, angle=angle, score=SCORES, bow_known=BOW_KNOWN,
        wake=np.zeros(5), cut=np.zeros(5, bool), look=np.arange(5),
    )  # fmt: skip


WHOLE = [500_000, 5_000_000 - SIZE, 500_000 + SIZE, 5_000_000]
FIRST = [500_100, 4_999_829, 500_200, 4_999_929]
"""100 m round the first boat."""


def view(names: str, *, bounds=WHOLE, size=1200, labels=True):
    return {"bounds": bounds, "size": [size, size], "names": names.split(), "labels": labels}


VIEWS = {  # 0.8 m a pixel is 1:3000, where hulls of 24 to 60 m are 8 to 20 mm long
    "whole": view("detections looks unsearched searched_area scene"),
    "no_veil": view("detections looks searched_area scene"),
    "hulls": view("detections", labels=False),
    "looks": view("looks", labels=False),
    "far": view("detections", size=200),
    "far_plain": view("detections", size=200, labels=False),
    "farther": view("detections looks", size=60),
    "farther_plain": view("detections looks", size=60, labels=False),
    "near": view("detections scene", bounds=FIRST, size=800),
    "near_plain": view("detections scene", bounds=FIRST, size=800, labels=False),
    "saliency": view("saliency", size=240),
}
GRIDS = {name: georeferencings(3.0, 51.4, 1.0)[name] for name in ("rotated", "curved", "degrees")}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Files of every kind, and what one start of QGIS makes of them."""
    require_qgis()
    folder = tmp_path_factory.mktemp("qgis")
    moved = project_moved(tmp_path_factory)
    views = {str(folder / f"{name}.png"): one for name, one in VIEWS.items()}
    jobs = {"project": ("project", {"path": str(moved / "out" / "boats.qgz"), "views": views})}
    jobs["mars"] = ("project", {"path": str(mars_project(folder)), "views": {}})
    found = {"styled": findings(UTM)}
    for count in (0, 1, 3):
        empty = findings(UTM, Detections.empty(), looks=LOOKS[:count])
        found[f"{count} looks"] = empty
    for name, one in found.items():
        write_products(one, [folder / f"{name}.gpkg"])
        jobs[name] = ("layers", {"geopackage": str(folder / f"{name}.gpkg"), "names": LAYERS})
    for name, grid in GRIDS.items():
        write_products(findings(grid), [folder / f"{name}.gpkg"])
        jobs[name] = (
            "draw",
            {"geopackage": str(folder / f"{name}.gpkg"), "png": str(folder / f"{name}.png"),
             "bounds": bounds_of(grid), "size": [500, 500], "names": ["unsearched"]},
        )  # fmt: skip
    told = in_qgis(folder, jobs)
    drawn = {path.stem: imread(path)[..., :3] * 255 for path in folder.glob("*.png")}
    return SimpleNamespace(moved=moved, told=told, drawn=drawn)


def project_moved(tmp_path_factory):
    """A scene, its results and a project, written in one folder and moved to another."""
    made = tmp_path_factory.mktemp("made")
    out = made / "out"
    out.mkdir()
    (made / "scenes").mkdir()
    scene = write_tif(made / "scenes" / "sea & sky.tif", make_sea().values)
    saliency = np.zeros((2, 120, 120), np.float32)
    saliency[0, 15, 18] = 0.8
    names = ["expected boats", "water"]
    write_cog(out / "s.tif", saliency, grid=GRID, stride=8, descriptions=names, nodata=np.nan)
    looks = [look(i, *window) for i, window in enumerate(WINDOWS)]
    found = findings(GRID, boats(), scene=str(scene), looks=looks)
    write_products(found, [out / "boats.gpkg"])
    write_qgis_project(
        out / "boats.qgz", found, geopackage=out / "boats.gpkg", saliency=out / "s.tif"
    )
    return Path(shutil.move(made, tmp_path_factory.mktemp("elsewhere") / "moved"))


def mars_project(folder):
    """One band, another body, without saliency."""
    values = make_sea().values[:1]
    scene = write_tif(folder / "mars.tif", values, crs=MARS.crs.to_wkt(), transform=MARS.transform)
    found = findings(MARS, scene=str(scene))
    write_products(found, [folder / "mars.gpkg"])
    write_qgis_project(folder / "mars.qgz", found, geopackage=folder / "mars.gpkg")
    return folder / "mars.qgz"


def bounds_of(grid):
    x, y = grid.to_crs([0, 2000, 2000, 0], [0, 0, 2000, 2000])
    return [x.min(), y.min(), x.max(), y.max()]


def test_a_project_survives_a_move_and_opens_with_every_layer_in_its_place(run):
    told = run.told["project"]
    assert told["title"] == "Boats in sea & sky.tif"
    assert told["crs"] == "EPSG:32633"
    assert told["extent"] == WHOLE
    assert [name for name, _ in told["groups"]] == ["Boats", "Search", "Scene"]
    order = ["detections", "looks", "unsearched", "searched_area", "saliency", "scene"]
    assert told["order"] == [f"pdn_geo_{name}" for name in order]
    assert told["hidden"] == ["pdn_geo_saliency"]
    for name, layer in told["layers"].items():
        assert layer["valid"], name
        assert layer["crs"] == "EPSG:32633", name
    assert told["layers"]["pdn_geo_scene"]["bounds"] == WHOLE
    assert told["layers"]["pdn_geo_scene"]["renderer"] == "multibandcolor"
    assert told["layers"]["pdn_geo_detections"]["renderer"] == "graduatedSymbol"
    with ZipFile(run.moved / "out" / "boats.qgz") as archive:
        (name,) = archive.namelist()
        text = archive.read(name).decode()
    assert name == "boats.qgs"
    assert str(run.moved.parent.parent) not in text
    assert "<datasource>../scenes/sea &amp; sky.tif</datasource>" in text
    assert "<datasource>./boats.gpkg|layername=looks</datasource>" in text


def test_hulls_are_drawn_where_the_boats_are_in_the_colour_of_their_score(run):
    picture = run.drawn["hulls"]
    colours = np.array([rgb(SCORE_COLOURS[low]) for low in (0.9, 0.8, 0.7, 0.6, 0.0)])
    for i, outline in enumerate(hulls()):
        along = points(outline.exterior, 60)
        nearest = nearest_in(picture, along, colours[i])
        assert np.mean(nearest < 30) > 0.9, (i, nearest)
        others = np.delete(colours, i, axis=0)
        assert min(np.median(nearest_in(picture, along, other)) for other in others) > 30
        inside = at(picture, points(outline.exterior, 8, towards_centre=0.9))
        assert (inside < 40).all(), "hulls must not be filled"


def test_a_line_goes_ahead_of_the_bow_where_it_is_known(run):
    x, y, length, _, angle = BOATS.T
    ahead = np.stack([x + 0.7 * length * np.cos(angle), y + 0.7 * length * np.sin(angle)], -1)
    astern = np.stack([x - 0.7 * length * np.cos(angle), y - 0.7 * length * np.sin(angle)], -1)
    lit = brightest(run.drawn["hulls"], ahead) > 120
    np.testing.assert_array_equal(lit, BOW_KNOWN)
    assert (brightest(run.drawn["hulls"], astern) < 60).all()


def test_from_afar_a_boat_is_a_ring_of_one_size(run):
    """24 m at 1:18 000 is 1.3 mm; the ring is 3.2 mm, 12 px, across."""
    picture, scale = run.drawn["far_plain"], SIZE / 200
    for x, y, *_ in BOATS[[0, 2]]:
        t = np.linspace(0, 2 * np.pi, 24)
        ring = np.stack([x / scale + 6 * np.cos(t), y / scale + 6 * np.sin(t)], -1)
        assert np.mean(brightest(picture, ring, scale=1.0) > 100) > 0.9
        assert at(picture, np.array([[x / scale, y / scale]]), scale=1.0).max() < 100


def test_looks_are_thin_outlines_coloured_in_order(run):
    picture = run.drawn["looks"]
    for (col, row, size), colour in zip(WINDOWS, look_colours(5), strict=True):
        outline = shapely.box(col, row, col + size, row + size).exterior
        seen = patches(picture, points(outline, 80)).max(axis=1)
        assert (seen.max(axis=1) > 60).all()
        hue = seen / seen.max(axis=1, keepdims=True)
        expected = np.array(rgb(colour)) / max(rgb(colour))
        assert np.abs(hue - expected).max(axis=1).mean() < 0.1, colour
        assert at(picture, np.array([[col + 128, row + 128]])).max() < 10
    assert np.mean(picture.max(axis=-1) > 60) < 0.02


def test_what_was_not_searched_is_veiled_and_the_rest_is_not(run):
    whole, bare = run.drawn["whole"].mean(axis=-1), run.drawn["no_veil"].mean(axis=-1)
    lighter = whole - bare
    searched = np.zeros((SIZE, SIZE), bool)
    for col, row, size in WINDOWS:
        searched[row : row + size, col : col + size] = True
    rows, cols = np.mgrid[40:SIZE:40, 40:SIZE:40]
    spots = (rows * 1.25).astype(int), (cols * 1.25).astype(int)
    edge = np.array([abs(np.diff(searched[r - 8 : r + 9, c - 8 : c + 9].ravel())).any()
                     for r, c in zip(rows.ravel(), cols.ravel(), strict=True)])  # fmt: skip
    inside = searched[rows, cols].ravel() & ~edge
    outside = ~searched[rows, cols].ravel() & ~edge
    change = lighter[spots].ravel()
    assert inside.sum() > 50
    assert outside.sum() > 100
    assert np.abs(change[inside]).max() < 1
    assert change[outside].min() > 15


def test_labels_come_at_close_zoom_only(run):
    for far in ("far", "farther"):
        np.testing.assert_array_equal(run.drawn[far], run.drawn[f"{far}_plain"])
    difference = np.abs(run.drawn["near"] - run.drawn["near_plain"]).max(axis=-1)
    rows, cols = np.nonzero(difference > 60)
    assert len(rows) > 200
    middle = np.abs(np.array([rows.mean() - 400, cols.mean() - 400])) / 8  # metres
    assert middle.max() < 35, "the label must stand beside its boat"


def test_the_scene_is_dark_sea_with_bright_boats(run):
    picture = run.drawn["near_plain"]
    assert at(picture, BOATS[:1, :2] - [100, 71], scale=8).min() > 200
    assert 25 < np.median(picture) < 90


def test_saliency_is_clear_where_nothing_is_expected(run):
    picture = run.drawn["saliency"].max(axis=-1)
    rows, cols = np.nonzero(picture > 20)
    assert (rows.min() // 2, rows.max() // 2, cols.min() // 2, cols.max() // 2) == (15, 15, 18, 18)


def test_a_geopackage_brings_its_styles_along(run):
    told = run.told["styled"]
    assert [told[name]["renderer"] for name in LAYERS] == [
        "graduatedSymbol", "graduatedSymbol", "singleSymbol", "singleSymbol",
    ]  # fmt: skip
    assert [told[name]["labels"] for name in LAYERS] == [True, True, False, False]
    for name in LAYERS:
        assert told[name]["crs"] == "EPSG:32631"
        assert told[name]["stored_style"] == ["pdn-geo"]
        fields = {field: alias for field, alias in told[name]["aliases"].items() if field != "fid"}
        assert all(fields.values()), fields
    assert told["detections"]["aliases"]["length_m"] == "Length (m)"
    assert told["detections"]["classes"][0] == [0.9, 1.0, "0.9 – 1.0"]
    assert told["detections"]["classes"][-1] == [0.0, 0.5, "0.0 – 0.5"]
    assert "length_m" in told["detections"]["map_tip"]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_every_look_has_a_class_and_only_one(run, count):
    told = run.told[f"{count} looks"]["looks"]
    assert told["features"] == count
    for order in range(count):
        assert sum(low <= order <= high for low, high, _ in told["classes"]) == 1


def test_layer_styles_are_a_sound_part_of_the_geopackage(tmp_path):
    path = tmp_path / "boats.gpkg"
    write_products(findings(UTM), [path])
    with closing(sqlite3.connect(path)) as database:

        def rows(query):
            return database.execute(query).fetchall()

        assert rows("PRAGMA integrity_check") == [("ok",)]
        assert rows("PRAGMA foreign_key_check") == []
        assert rows(
            "SELECT data_type, srs_id FROM gpkg_contents WHERE table_name = 'layer_styles'"
        ) == [("attributes", 0)]
        assert rows(
            "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = 'layer_styles'"
        ) == [(4,)]
        styles = rows(
            "SELECT f_table_name, f_table_catalog, f_table_schema, f_geometry_column, "
            "useAsDefault FROM layer_styles ORDER BY id"
        )
    assert styles == [(name, "", "", "geom", 1) for name in LAYERS]
    assert dict(pyogrio.list_layers(path))["layer_styles"] is None
    table = pyogrio.read_dataframe(path, layer="layer_styles")
    assert table["styleQML"].str.startswith("<!DOCTYPE qgis").all()


@pytest.mark.parametrize("name", GRIDS)
def test_other_georeferencings_are_veiled_where_they_should_be(run, name):
    picture, grid = run.drawn[name].max(axis=-1), GRIDS[name]
    west, south, east, north = bounds_of(grid)
    side = max(east - west, north - south) / 500  # QGIS widens the view to the picture's shape
    x, y = grid.to_crs([1250, 500], [1250, 1500])
    cols = ((x - (west + east) / 2) / side + 250).astype(int)
    rows = (((south + north) / 2 - y) / side + 250).astype(int)
    in_a_look, beside = (
        picture[r - 3 : r + 4, c - 3 : c + 4] for r, c in zip(rows, cols, strict=True)
    )
    assert in_a_look.max() == 0
    assert beside.min() > 25


def test_unsearched_is_the_scene_without_its_looks():
    table = unsearched_table(findings(UTM))
    expected = 2000**2 - (2 * 256**2 - 56 * 128 + 512**2)
    assert table.geometry[0].area == pytest.approx(expected)
    assert table.columns["scene_share"][0] == pytest.approx(expected / 2000**2, abs=1e-6)
    everywhere = unsearched_table(findings(UTM, looks=[look(0, -10, -10, 3000)]))
    assert everywhere.geometry[0].is_empty
    assert everywhere.columns["scene_share"][0] == 0
    nowhere = unsearched_table(findings(UTM, Detections.empty(), looks=()))
    assert nowhere.geometry[0].area == pytest.approx(2000**2)


def test_colours_get_lighter_with_the_score_and_stand_out_on_dark_water():
    """In luminance alone, which every kind of colour vision keeps (WCAG 2.1)."""
    luminance = [relative_luminance(rgb(colour)) for colour in SCORE_COLOURS.values()]
    ratios = (np.array(luminance) + 0.05) / (relative_luminance((30, 50, 60)) + 0.05)
    assert (ratios > 3).all()
    assert (ratios[:-1] / ratios[1:] > 1.08).all()


def test_a_project_is_refused_in_words(tmp_path):
    gpkg = tmp_path / "boats.gpkg"
    with pytest.raises(OptionError, match=r"must end in \.qgz"):
        write_qgis_project(tmp_path / "a.qgs", findings(UTM), geopackage=gpkg)
    with pytest.raises(OptionError, match="has no georeferencing"):
        write_qgis_project(tmp_path / "a.qgz", findings(PIXELS), geopackage=gpkg)
    with pytest.raises(SceneError, match="scene ø"):
        write_qgis_project(tmp_path / "a.qgz", findings(UTM), geopackage=gpkg)
    assert list(tmp_path.iterdir()) == []


def test_a_project_of_another_body_and_one_band_opens(run):
    told = run.told["mars"]
    assert all(layer["valid"] for layer in told["layers"].values())
    assert told["layers"]["pdn_geo_scene"]["renderer"] == "singlebandgray"
    assert "pdn_geo_saliency" not in told["order"]
    assert told["extent"] == bounds_of(MARS)


def test_the_same_findings_are_the_same_project(tmp_path):
    one = mars_project(tmp_path).read_bytes()
    assert mars_project(tmp_path).read_bytes() == one
