"""What a run says of itself: options that do not go together, and notes in the result."""

import json
from pathlib import Path

import numpy as np
import pyogrio
import pytest
from products_examples import UTM, findings

import pdn_geo
from pdn_geo.errors import OptionError
from pdn_geo.grid import PixelGrid
from pdn_geo.products import write_products
from pdn_geo.testing import FakeScene


def small(gsd_m: float | None, bands: tuple[str, ...] = ("red", "green", "blue")) -> FakeScene:
    noise = np.random.default_rng(0).normal(60, 3, (len(bands), 128, 128))
    return FakeScene(
        noise, grid=PixelGrid(height=128, width=128, assumed_gsd_m=gsd_m), band_names=bands
    )


def test_options_of_the_network_are_refused_where_there_is_none() -> None:
    for options in ({"engine": "onnx"}, {"device": "cuda"}):
        with pytest.raises(OptionError, match="model classical takes no engine and no device"):
            pdn_geo.detect(small(1.0), model="classical", **options)
    with pytest.raises(OptionError, match="a detector of your own takes no weights"):
        pdn_geo.detect(small(1.0), model=pdn_geo.engines.ClassicalDetector(), engine="onnx")


def test_an_engine_that_was_not_used_is_noted() -> None:
    notes = pdn_geo.detect(small(1.0, ("gray",)), engine="onnx").findings.notes
    assert notes[0].startswith("Used classical: ")
    assert notes[1] == "The engine and device asked for are the network's, which was not used."


@pytest.mark.parametrize(
    ("gsd_m", "noted"), [(30.0, True), (0.05, True), (10.0, False), (0.199, False), (None, False)]
)
def test_pixels_that_the_network_never_saw_are_noted(gsd_m: float | None, noted: bool) -> None:
    notes = pdn_geo.detect(small(gsd_m)).findings.notes
    about = [note for note in notes if " knows pixels of " in note]
    assert len(about) == noted
    if noted:
        assert f"this scene's are {gsd_m:g} m" in about[0]


def test_notes_are_a_line_each(tmp_path: Path) -> None:
    notes = ("Bands: by name.", "Two windows could not be read.")
    write_products(findings(UTM, notes=notes), [tmp_path / "b.fgb", tmp_path / "b.geojson"])
    stored = json.loads(pyogrio.read_info(tmp_path / "b.fgb")["layer_metadata"]["DESCRIPTION"])
    account = json.loads((tmp_path / "b.geojson").read_text())["pdn_geo"]
    assert stored["notes"].splitlines() == account["notes"].splitlines() == list(notes)
