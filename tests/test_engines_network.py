"""A small random network: exported, run by both engines, and run by `detect`."""

import hashlib
import json
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from seas import BOATS, make_sea, write_tif
from test_engines_detector import SEA, card_of, patch_of

import pdn_geo
from pdn_geo.detections import Detections
from pdn_geo.engines import ClassicalDetector, load_detector
from pdn_geo.engines.network import weights as weights_module
from pdn_geo.engines.network.card import ModelCard
from pdn_geo.engines.network.inputs import CHANNELS
from pdn_geo.engines.network.maps import MAPS
from pdn_geo.engines.network.onnx_runner import OnnxRunner
from pdn_geo.errors import OptionError, WeightsError

torch = pytest.importorskip("torch", reason="the extra torch is not installed")
exporting = pytest.importorskip("pdn_geo.engines.network.export")
from networks import excited_network  # noqa: E402

from pdn_geo.engines.network.torch_runner import TorchRunner  # noqa: E402
from pdn_geo.models.patch_network import PatchNetwork  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """patch.onnx and what lies beside it, of a network that is easily excited."""
    network = excited_network()
    network.train()
    folder = tmp_path_factory.mktemp("weights")
    exporting.export(network, card_of(), folder)
    assert network.training
    return folder


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "sea.tif"
    return write_tif(
        path, make_sea(size=700, boats=BOATS[:3]).values[:, :, :650], photometric="RGB"
    )


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(shape, dtype=np.float32)


def sea_patches() -> list:
    """Patches of several sizes out of one sea, one of them with pixels missing."""
    values = make_sea(size=300, boats=BOATS[:1]).values.astype(np.float32)
    patches = []
    for order, (row, col, size) in enumerate([(0, 0, 128), (128, 100, 128), (10, 20, 200)]):
        valid = np.ones((size, size), bool)
        valid[: 40 * order] = False
        cut = values[:, row : row + size, col : col + size] * valid
        patches.append(patch_of(size, size, order=order, values=cut, valid=valid))
    return patches


def assert_same(a: Detections, b: Detections) -> None:
    for field in fields(Detections):
        np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name))


@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 64, 160), (2, 224, 96)])
def test_both_engines_draw_the_same_maps(folder: Path, shape: tuple[int, ...]) -> None:
    count, rows, cols = shape
    patches = noise(count, len(CHANNELS), rows, cols)
    card = ModelCard.load(folder / "patch.json")
    there = OnnxRunner(folder / "patch.onnx").run(patches)
    here = TorchRunner(folder / "patch.safetensors", card).run(patches)
    assert there.shape == here.shape == (count, len(MAPS), rows // 4, cols // 4)
    assert there.dtype == here.dtype == np.float32
    assert there.std() > 0.1
    np.testing.assert_allclose(there, here, atol=1e-3)


def test_both_engines_find_the_same_boats(folder: Path) -> None:
    patches = sea_patches()
    onnx = load_detector(weights=folder / "patch.onnx").detect(patches, SEA)
    other = load_detector(weights=folder / "patch.safetensors")
    assert other.wants_batches
    for here, there in zip(onnx, other.detect(patches, SEA), strict=True):
        assert len(here) == len(there) > 10
        np.testing.assert_allclose(here.score, there.score, atol=1e-3)
        np.testing.assert_allclose(here.x, there.x, atol=1e-2)


def test_onnx_results_do_not_depend_on_batching(folder: Path) -> None:
    runner = OnnxRunner(folder / "patch.onnx")
    patches = noise(5, len(CHANNELS), 64, 64)
    alone = np.concatenate([runner.run(patches[i : i + 1]) for i in range(5)])
    np.testing.assert_array_equal(runner.run(patches), alone)
    detector = load_detector(weights=folder / "patch.onnx")
    sea = sea_patches()
    for patch, found in zip(sea, detector.detect(sea, SEA), strict=True):
        assert_same(found, detector.detect([patch], SEA)[0])


def test_a_batch_too_large_for_memory_is_run_in_halves(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = TorchRunner(folder / "patch.safetensors", ModelCard.load(folder / "patch.json"))
    patches = noise(5, len(CHANNELS), 32, 32)
    whole = runner.run(patches)
    sizes = []
    run = TorchRunner._run

    def small_memory(self: TorchRunner, batch: np.ndarray) -> np.ndarray:
        sizes.append(len(batch))
        if len(batch) > 2:
            raise torch.OutOfMemoryError("as a full GPU would say")
        return run(self, batch)

    monkeypatch.setattr(TorchRunner, "_run", small_memory)
    np.testing.assert_allclose(runner.run(patches), whole, atol=1e-5)
    assert sizes == [5, 2, 3, 1, 2]
    monkeypatch.setattr(TorchRunner, "_run", lambda self, batch: small_memory(self, noise(3)))
    with pytest.raises(torch.OutOfMemoryError):
        runner.run(patches)


def test_an_export_that_disagrees_is_refused(folder: Path, tmp_path: Path) -> None:
    path = copy_of(folder, tmp_path) / "patch.onnx"
    exporting._check_agreement(path, card_of())
    other = PatchNetwork().state_dict()
    path.with_suffix(".safetensors").write_bytes(exporting.save(other))
    with pytest.raises(WeightsError, match="does not do what the trained one does"):
        exporting._check_agreement(path, card_of())


def test_the_stac_item_describes_the_files(folder: Path) -> None:
    """What STAC 1.1 and version 1.4 of its Machine Learning Model extension require."""
    item = json.loads((folder / "patch.stac.json").read_text(encoding="utf-8"))
    assert {"type", "stac_version", "id", "geometry", "bbox", "links"} <= set(item)
    facts = item["properties"]
    assert facts["datetime"] is None
    assert facts["start_datetime"] < facts["end_datetime"]
    required = {"name", "architecture", "tasks", "input", "output"}
    assert {f"mlm:{name}" for name in required} <= set(facts)
    known = {band["name"] for band in facts["bands"]}
    (takes,), (gives,) = facts["mlm:input"], facts["mlm:output"]
    assert set(takes["bands"]) <= known
    for part in (takes["input"], gives["result"]):
        assert len(part["shape"]) == len(part["dim_order"]) == 4
        assert part["data_type"] == "float32"
    assert takes["input"]["shape"][1] == len(CHANNELS)
    assert gives["result"]["shape"][1] == len(MAPS)
    for function in (takes["pre_processing_function"], gives["post_processing_function"]):
        module, name = function["expression"].split(":")
        assert callable(getattr(sys.modules[module], name))
    assert len(item["assets"]) == 2
    for asset in item["assets"].values():
        assert "mlm:model" in asset["roles"]
        assert asset["mlm:artifact_type"]
        content = (folder / asset["href"]).read_bytes()
        assert asset["file:size"] == len(content)
        assert asset["file:checksum"] == "1220" + hashlib.sha256(content).hexdigest()


def copy_of(folder: Path, to: Path) -> Path:
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    return to


@pytest.mark.parametrize("name", ["patch.onnx", "patch.safetensors"])
@pytest.mark.parametrize("damage", ["truncated", "empty", "foreign"])
def test_damaged_weights_are_one_clear_line(
    name: str, damage: str, folder: Path, tmp_path: Path
) -> None:
    path = copy_of(folder, tmp_path) / name
    content = path.read_bytes()
    foreign = (folder / "patch.json").read_bytes()
    path.write_bytes({"truncated": content[:-1000], "empty": b"", "foreign": foreign}[damage])
    with pytest.raises(WeightsError, match=name) as caught:
        load_detector(weights=path)
    assert "\n" not in str(caught.value)


def test_weights_of_other_networks_are_refused(folder: Path, tmp_path: Path) -> None:
    copy_of(folder, tmp_path)
    layer = torch.nn.Conv2d(3, 10, 1)
    exporting._write_onnx(torch.nn.Sequential(torch.nn.Conv2d(9, 4, 1)), tmp_path / "patch.onnx")
    with pytest.raises(WeightsError, match="none that pdn-geo has exported"):
        load_detector(weights=tmp_path / "patch.onnx")
    (tmp_path / "patch.safetensors").write_bytes(exporting.save(layer.state_dict()))
    with pytest.raises(WeightsError, match="no weights of a light network"):
        load_detector(weights=tmp_path / "patch.safetensors")


def test_engine_and_device_must_fit(folder: Path) -> None:
    onnx = folder / "patch.onnx"
    assert not load_detector(weights=folder / "patch.safetensors", engine="onnx").wants_batches
    assert load_detector(weights=onnx, engine="torch").wants_batches
    with pytest.raises(OptionError, match="needs engine torch"):
        load_detector(weights=onnx, engine="onnx", device="cuda")
    with pytest.raises(OptionError, match="'abacus' cannot be used"):
        load_detector(weights=onnx, device="abacus")
    with pytest.raises(OptionError, match="engine must be one of"):
        load_detector(weights=onnx, engine="steam")
    with pytest.raises(OptionError, match="takes no weights"):
        load_detector("classical", weights=onnx)


def test_auto_is_the_network_where_weights_ship(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights_module, "_SHIPPED", folder / "missing")
    assert isinstance(load_detector("auto"), ClassicalDetector)
    monkeypatch.setattr(weights_module, "_SHIPPED", folder)
    assert load_detector("auto").name == load_detector("network").name == "patch 1.0"
    assert isinstance(load_detector("classical"), ClassicalDetector)


def test_detect_says_which_weights_it_used(folder: Path, scene: Path) -> None:
    weights = folder / "patch.onnx"
    findings = pdn_geo.detect(scene, weights=weights).findings
    assert findings.model == "patch 1.0"
    every = pdn_geo.detect(scene, weights=weights, threshold=0.1, threads=1).findings
    few, many = findings.detections, every.detections
    assert 0 < len(few) < len(many)
    assert few.score.min() >= 0.4 > many.score.min()  # the card's threshold
    again = pdn_geo.detect(scene, weights=weights, threshold=0.1, threads=3).findings
    assert_same(again.detections, many)
    other = pdn_geo.detect(scene, weights=weights, engine="torch", threshold=0.1).findings
    assert len(other.detections) == pytest.approx(len(many), rel=0.02)


def test_a_scene_that_suits_no_weights_is_searched_by_contrast(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights_module, "_SHIPPED", folder)
    path = write_tif(tmp_path / "pan.tif", make_sea(size=400, boats=BOATS[:1]).values[:1])
    findings = pdn_geo.detect(path).findings
    assert findings.model == "classical"
    assert findings.notes[-1].startswith("Used classical: patch 1.0 needs the bands red, green")
    for asked in ({"model": "network"}, {"weights": folder / "patch.onnx"}):
        with pytest.raises(OptionError, match=r"pan\.tif: patch 1\.0 needs the bands"):
            pdn_geo.detect(path, **asked)


def test_the_command_runs_a_network_without_torch_and_pandas(
    folder: Path, scene: Path, tmp_path: Path
) -> None:
    out = tmp_path / "boats.gpkg"
    code = (
        "import sys; from pdn_geo_cli.app import main\n"
        "try: main()\n"
        "finally: print(*(name for name, module in sys.modules.items() if module))"
    )
    command = ["detect", scene, "--weights", folder / "patch.onnx", "--out", out]
    run = subprocess.run(
        [sys.executable, "-c", code, *map(str, command)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    *lines, modules = run.stdout.splitlines()
    assert "model     patch 1.0" in lines
    assert out.exists()
    assert "onnxruntime" in modules.split()
    idle = {"torch", "timm", "pandas", "geopandas", "matplotlib", "pyarrow", "rich", "xarray"}
    assert not idle & set(modules.split())


def test_a_card_says_the_logit_to_probability(folder: Path, tmp_path: Path) -> None:
    """The card beside the weights rules: a law that halves all odds lowers all scores."""
    copy_of(folder, tmp_path)
    card = ModelCard.load(tmp_path / "patch.json")
    patches = sea_patches()
    before = load_detector(weights=tmp_path / "patch.onnx").detect(patches, SEA)[0]
    replace(card, score=replace(card.score, b=-np.log(2.0))).save(tmp_path / "patch.json")
    after = load_detector(weights=tmp_path / "patch.onnx").detect(patches, SEA)[0]
    best = before.score[0]
    assert after.score[0] == pytest.approx(best / (2 - best))
