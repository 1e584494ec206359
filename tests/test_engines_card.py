"""The card beside the weights, and what is said where there is none."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from test_engines_detector import card_of

from pdn_geo.engines.network import weights as weights_module
from pdn_geo.engines.network.card import ModelCard
from pdn_geo.engines.network.weights import load_weights, shipped_weights
from pdn_geo.errors import PdnGeoError, WeightsError


def test_a_card_survives_its_file(tmp_path: Path) -> None:
    card = card_of()
    card.save(tmp_path / "patch.json")
    assert ModelCard.load(tmp_path / "patch.json") == card
    assert card.title == "patch 1.0"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"seed": None}, "lacks seed"),
        ({"colour": "blue"}, "unknown colour"),
        ({"stride": 3}, "stride must be 2 or 4"),
        ({"thresholds": [[1, 1.5]]}, "thresholds must be pairs"),
        ({"thresholds": []}, "thresholds must be pairs"),
        ({"thresholds": [["high", 0.5]]}, "could not convert"),
        ({"gsd_m": [3]}, "gsd_m must be"),
        ({"gsd_m": [3, "far"]}, "wrong kind"),
        ({"bands": "red"}, "bands must be a list"),
        ({"score": {"a": 0, "b": 0, "c": 0}}, "a positive"),
        ({"score": {"f": 0}}, "wrong kind"),
        ({"score": {"d": -1}}, "d and e not negative"),
        ({"score": {"e": -1}}, "d and e not negative"),
        ({"sources": [{"title": "seas"}]}, "wrong kind"),
        ({"channels": ["red"]}, "other channels"),
    ],
)
def test_a_bad_card_says_what_is_wrong(change: dict, text: str, tmp_path: Path) -> None:
    content = {**json.loads(card_of().to_json()), **change}
    content = {name: value for name, value in content.items() if value is not None}
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(WeightsError, match=text) as caught:
        ModelCard.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, PdnGeoError)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe\0", b'{"name": '])
def test_what_is_no_card_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="not a model card"):
        ModelCard.load(path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    weights = tmp_path / "mine.onnx"
    with pytest.raises(WeightsError, match=r"mine\.onnx: no such file"):
        load_weights(weights)
    weights.touch()
    with pytest.raises(WeightsError, match=r"mine\.json: no model card"):
        load_weights(weights)
    with pytest.raises(WeightsError, match=r"end in \.onnx or \.safetensors"):
        load_weights(tmp_path / "mine.pt")
    card_of().save(tmp_path / "mine.json")
    found = load_weights(str(weights))
    assert (found.engine, found.card.title) == ("onnx", "patch 1.0")
    with pytest.raises(WeightsError, match=r"mine\.safetensors: no such file, and engine torch"):
        found.file_for("torch")


def test_without_shipped_weights_the_network_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(weights_module, "_SHIPPED", tmp_path)
    with pytest.raises(WeightsError, match="no weights ship"):
        load_weights()


@pytest.mark.parametrize(
    ("gsd_m", "name"),
    [
        (0.3, "patch-fine"),
        (1.0, "patch-fine"),
        (1.7, "patch-fine"),
        (3.0, "patch"),
        (60.0, "patch"),
        (0.05, "patch-fine"),
        (float("nan"), "patch"),
    ],
)
def test_shipped_weights_go_by_pixel_size(
    gsd_m: float, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Those trained on such pixels and on the fewest others."""
    for stem, trained_on in (("patch", (0.2, 10.0)), ("patch-fine", (0.2, 1.7))):
        replace(card_of(), name=stem, gsd_m=trained_on).save(tmp_path / f"{stem}.json")
        (tmp_path / f"{stem}.onnx").touch()
    monkeypatch.setattr(weights_module, "_SHIPPED", tmp_path)
    assert load_weights(gsd_m=gsd_m).card.name == name


def test_what_ships_stays_small() -> None:
    files = [path for path in weights_module._SHIPPED.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 16e6
    shipped = shipped_weights()
    assert {weights.card.name for weights in shipped} == {"patch", "patch-fine"}
    for weights in shipped:
        assert weights.file_for("torch").is_file()
        assert weights.card.name == weights.path.stem
