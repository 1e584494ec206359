"""Which bands are chosen, as a table."""

import numpy as np
import pytest
from rasters import ramp, scene_window, write

from pdn_geo.errors import OptionError
from pdn_geo.io import open_scene
from pdn_geo.io.bands import choose_bands
from pdn_geo.io.header import Header


def header(names=(), colour=(), count=None, palette=None):
    count = count or len(names) or len(colour)
    return Header(
        height=1,
        width=1,
        dtypes=("uint8",) * count,
        descriptions=tuple(names) or ("",) * count,
        colour=tuple(colour) or ("gray", *["undefined"] * (count - 1)),
        nodata=(None,) * count,
        block_shape=(1, 1),
        palette=palette,
    )


RGB = ("red", "green", "blue")
ALL_5 = (*RGB, "nir", "swir")


@pytest.mark.parametrize(
    ("names", "colour", "indexes", "roles"),
    [
        ((), ("gray",), (1,), ("gray",)),
        ((), RGB, (1, 2, 3), RGB),
        ((), (*RGB, "alpha"), (1, 2, 3), RGB),
        ((), ("blue", "green", "red", "undefined"), (3, 2, 1), RGB),
        ((), (*RGB, "nir"), (1, 2, 3, 4), (*RGB, "nir")),
        ((), ("gray", "alpha"), (1,), ("gray",)),
        ((), ("alpha", "gray"), (2,), ("gray",)),
        ((), ("gray", *["undefined"] * 3), (1, 2, 3), ("band 1", "band 2", "band 3")),
        ((), ("gray", "undefined"), (1, 2), ("band 1", "band 2")),
        # Sentinel-2, in several spellings
        (("B02", "B03", "B04", "B08", "B11"), (), (3, 2, 1, 4, 5), ALL_5),
        (("B4", "B3", "B2", "B8", "B11", "B12"), (), (1, 2, 3, 4, 5), ALL_5),
        (
            [f"B{i}, central wavelength {n} nm" for i, n in ((4, 665), (3, 560), (2, 490))],
            (),
            (1, 2, 3),
            RGB,
        ),
        (("B02", "B8A", "B04", "B08"), (), (3, 1, 4), ("red", "blue", "nir")),
        (("B02", "B03", "B04", "B8A"), (), (3, 2, 1, 4), (*RGB, "nir")),
        (("B02", "B03", "B04"), RGB, (3, 2, 1), RGB),
        # Landsat 8: the near infrared is band 5
        ([f"SR_B{i}" for i in range(1, 8)], (), (4, 3, 2, 5, 6), ALL_5),
        (("B2", "B3", "B4", "B5", "B6"), (), (3, 2, 1, 4, 5), ALL_5),
        # words
        (("blue", "green", "red", "nir"), (), (3, 2, 1, 4), (*RGB, "nir")),
        (
            ("coastal_blue", "blue", "green_i", "green", "yellow", "red", "rededge", "nir"),
            (),
            (6, 4, 2, 8),
            (*RGB, "nir"),
        ),
        (("Near Infrared", "Red", "Red edge", "SWIR 1"), (), (2, 1, 4), ("red", "nir", "swir")),
        (("Coastal aerosol", "Blue", "Panchromatic"), (), (2,), ("blue",)),
        # mere numbers and what is no colour
        (("Band 1", "Band 2", "Band 3", "Band 4"), (), (1, 2, 3), ("Band 1", "Band 2", "Band 3")),
        (("B1", "B2", "B3"), (), (1, 2, 3), ("B1", "B2", "B3")),
        (("VV", "VH"), (), (1, 2), ("VV", "VH")),
        (("infrared_red_ratio", "x"), (), (1,), ("red",)),
    ],
)  # fmt: skip
def test_choice(names, colour, indexes, roles):
    choice = choose_bands(header(names, colour))
    assert (choice.indexes, choice.names) == (indexes, roles)


@pytest.mark.parametrize(
    ("wanted", "indexes", "roles"),
    [
        ([4], (4,), ("nir",)),
        (["B04", "b3"], (3, 2), ("red", "green")),
        (["swir", "red"], (5, 3), ("swir", "red")),
        ("3,2,1", (3, 2, 1), RGB),
        (["depth=5", "nir=4"], (5, 4), ("depth", "nir")),
        (["nir = B11"], (5,), ("nir",)),
        (["nir=5", 4], (5, 4), ("nir", "B08")),
    ],
)
def test_the_users_bands(wanted, indexes, roles):
    choice = choose_bands(header(("B02", "B03", "B04", "B08", "B11")), wanted)
    assert (choice.indexes, choice.names) == (indexes, roles)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ([6], "no band 6: the scene has bands 1 to 5"),
        ([0], "no band 0"),
        (["-1"], "no band named '-1'"),
        (["B05"], "no band named 'B05': .* 1 to 5, or blue, green"),
        (["pan"], "no band named 'pan'"),
        ([3, "red"], "band 3 is named twice"),
        (["red=1", "red=2"], "the role red is given twice"),
        ([], "no band is named"),
        ("", "no band named ''"),
    ],
)
def test_bands_that_are_not_there(wanted, message):
    with pytest.raises(OptionError, match=message):
        choose_bands(header(("B02", "B03", "B04", "B08", "B11")), wanted)


def test_an_alpha_band_hides_unless_it_is_asked_for_as_data(tmp_path):
    array = ramp(4, dtype="uint8")
    array[3] = 0
    array[3, :, 40:] = 9
    path = write(tmp_path / "a.tif", array, colour=[*RGB, "alpha"])
    with open_scene(path) as scene:
        pixels = scene.read(scene_window(scene))
        assert scene.band_names == RGB
        np.testing.assert_array_equal(pixels.valid, array[3] > 0)
    with open_scene(path, bands=["red=1", "nir=4"]) as scene:
        pixels = scene.read(scene_window(scene))
        assert scene.band_names == ("red", "nir")
        assert pixels.valid.all()
        np.testing.assert_array_equal(pixels.values, array[[0, 3]])
    assert any("nir (band 4)" in note for note in scene.notes)


def test_names_come_from_the_file(tmp_path):
    names = ["B02", "B03", "B04", "B08", "B11"]
    path = write(tmp_path / "s2.tif", ramp(5), names=names)
    with open_scene(path) as scene:
        assert scene.band_names == ALL_5
        values = scene.read(scene_window(scene)).values
    np.testing.assert_array_equal(values, ramp(5)[[2, 1, 0, 3, 4]])
