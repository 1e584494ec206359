"""`describe_scene`: what it says is true, and it goes into JSON."""

import json

import numpy as np
import pytest
from rasters import UTM, ramp, write

from pdn_geo.io import open_scene
from pdn_geo.io.info import describe_scene, format_scene


def described(path, **options):
    with open_scene(path, **options) as scene:
        info = describe_scene(scene)
    json.dumps(info, allow_nan=False)
    return info


def test_a_utm_scene(tmp_path):
    array = ramp(5, 700, 600)
    array[:, :350] = 0
    names = ["B02", "B03", "B04", "B08", "B11"]
    path = write(tmp_path / "a.tif", array, names=names, nodata=0, **UTM)
    info = described(path)
    assert (info["width"], info["height"], info["dtype"]) == (600, 700, "uint16")
    assert info["bands"] == ["red", "green", "blue", "nir", "swir"]
    assert info["bands_available"][4] == {"band": 5, "name": "B11", "role": "swir"}
    assert (info["crs"], info["georeferencing"]) == ("EPSG:32618", "affine")
    assert info["gsd_m"]["x"] == pytest.approx(10, rel=1e-3)
    west, south, east, north = info["bounds_lonlat"]
    assert west == pytest.approx(-75, abs=1e-6)
    assert west < east < -74.9
    assert 40.5 < south < north < 40.7
    assert info["nodata_share_sampled"] == pytest.approx(0.5, abs=0.1)
    assert info["cost"]["windows_512"] == 4
    assert info["cost"]["megapixels"] == pytest.approx(0.42)
    text = format_scene(info)
    assert "600 x 700 px" in text
    assert "(sampled)" in text
    assert all(len(line.split(maxsplit=1)[0]) <= 10 for line in text.splitlines())


def test_a_scene_without_a_place(tmp_path):
    path = write(tmp_path / "a.png", ramp(3, 9, 5, dtype="uint8"), driver="PNG")
    info = described(path)
    assert (info["crs"], info["georeferencing"], info["gsd_m"]) == (None, "none", None)
    assert info["bounds_lonlat"] is None
    assert "size unknown" in format_scene(info)
    assert described(path, gsd_m=3)["gsd_m"] == {"x": 3, "y": 3, "mean": 3}


def test_unreadable_parts_are_counted(tmp_path):
    rng = np.random.default_rng(0)
    path = write(tmp_path / "a.tif", rng.integers(0, 255, (1, 500, 400)).astype("uint8"))
    path.write_bytes(path.read_bytes()[:100_000])
    info = described(path)
    assert 5 <= info["unreadable_samples"] <= 15
    assert "samples are unreadable" in format_scene(info)


def test_bounds_across_the_antimeridian(shared_data):
    west, south, east, north = described(shared_data / "hostile/01_georef/cog_dateline.tif")[
        "bounds_lonlat"
    ]
    assert west > 177
    assert east < -177
    assert 50 < south < north < 54
