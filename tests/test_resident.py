"""Looks at a scene that lies on the device: the same boats as patch by patch.

No GPU is needed: the same code runs on the CPU, and that nothing in it waits for a GPU is
seen on tensors that have no content.
"""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from seas import make_sea, write_tif
from test_engines_detector import RGB, card_of

from pdn_geo.drive.look import Look
from pdn_geo.engines.base import Patch
from pdn_geo.engines.network.detector import NetworkDetector
from pdn_geo.engines.network.inputs import CHANNELS, network_input
from pdn_geo.errors import BlockReadError
from pdn_geo.examination import patch_of
from pdn_geo.geometry import Window
from pdn_geo.io import open_scene
from pdn_geo.saliency import SaliencyMap
from pdn_geo.scene import Pixels, Scene
from pdn_geo.sea import SeaLevel, SeaStatistics
from pdn_geo.testing import FakeScene

torch = pytest.importorskip("torch", reason="the extra torch is not installed")
safetensors = pytest.importorskip("safetensors.torch")
from networks import excited_network  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from pdn_geo.engines.network import graphs  # noqa: E402
from pdn_geo.engines.network import resident_detector as resident_detectors  # noqa: E402
from pdn_geo.engines.network.batches import make_batches  # noqa: E402
from pdn_geo.engines.network.gather import Gather  # noqa: E402
from pdn_geo.engines.network.peaks import FIELDS  # noqa: E402
from pdn_geo.engines.network.resident import fits, load_resident, numbers  # noqa: E402
from pdn_geo.engines.network.resident_detector import (  # noqa: E402
    ResidentDetector,
    resident_detector,
)
from pdn_geo.engines.network.torch_runner import TorchRunner  # noqa: E402

CPU = torch.device("cpu")
ROWS, COLS = 300, 330
CELL = 8
KINDS = ("uint8", "uint16 and nir", "float")

# col, row, width, height: sizes of the drive's, one more than once, trimmed ones, odd ones,
# and each edge of the scene.
PLACES = (
    (0, 0, 128, 128), (COLS - 128, ROWS - 128, 128, 128), (60, 90, 128, 128),
    (100, 40, 96, 64), (10, 150, 104, 72), (COLS - 70, 3, 70, 100), (0, 44, 256, 256),
)  # fmt: skip


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a network that sees boats everywhere."""
    path = tmp_path_factory.mktemp("weights") / "patch.safetensors"
    safetensors.save_file(excited_network().state_dict(), path)
    return path


@pytest.fixture(scope="module")
def runner(weights: Path) -> TorchRunner:
    return TorchRunner(weights, card_of())


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Scene]]:
    """Each kind with a hole in it, where no data are."""
    folder = tmp_path_factory.mktemp("scenes")
    values = make_sea(size=400, boats=np.array([[150.3, 120.7, 30.0, 8.0, 0.4]])).values
    values = np.maximum(values[:, :ROWS, :COLS], 1)
    values[:, 70:130, 75:150] = 0
    tags = {"nodata": 0, "tiled": True, "blockxsize": 128, "blockysize": 128}
    with_nir = np.concatenate([values, values[:1] // 2]).astype(np.uint16) * 250
    floats = np.where(values == 0, np.nan, values / np.float32(7) - 5)
    roles = ["red=1", "green=2", "blue=3", "nir=4"]
    with (
        open_scene(write_tif(folder / "8.tif", values, photometric="RGB", **tags)) as bytes_,
        open_scene(write_tif(folder / "16.tif", with_nir, **tags), bands=roles) as words,
    ):
        yield {
            "uint8": bytes_,
            "uint16 and nir": words,
            "float": FakeScene(floats, band_names=RGB),
        }


def looks_at(*places: tuple[int, int, int, int]) -> list[Look]:
    return [
        Look(
            order=order,
            window=Window(col_off=col, row_off=row, width=width, height=height),
            reason="test",
            expected_boats=1.0,
        )
        for order, (col, row, width, height) in enumerate(places)
    ]


def saliency_of(scene: Scene) -> SaliencyMap:
    """Water of every kind, and cells that are not to be searched."""
    shape = -(-scene.grid.height // CELL), -(-scene.grid.width // CELL)
    rng = np.random.default_rng(3)
    return SaliencyMap(
        stride=CELL,
        expected_boats=np.zeros(shape, np.float32),
        water=rng.random(shape).astype(np.float16),
        searchable=rng.random(shape) > 0.05,
        reason=np.zeros(shape, np.uint8),
        reasons=("test",),
    )


def sea_of(scene: Scene) -> SeaStatistics:
    whole = Window(col_off=0, row_off=0, width=scene.grid.width, height=scene.grid.height)
    pixels = scene.read(whole)
    values = pixels.values[:, pixels.valid]
    mean = values.mean(axis=1)
    unevenly = 1 + 0.05 * np.random.default_rng(9).random((len(mean), 9, 7), np.float32)
    level = SeaLevel(mean[:, None, None] * unevenly, block_px=48)
    return SeaStatistics(mean, values.std(axis=1), level)


def patches_of(scene: Scene, looks: list[Look]) -> list[Patch]:
    saliency = saliency_of(scene)
    return [patch_of(look, scene.read(look.window), saliency, scene) for look in looks]


def detector_of(scene: Scene, runner: TorchRunner) -> ResidentDetector:
    card = card_of()
    return ResidentDetector(
        runner,
        NetworkDetector(runner, card).boats,
        load_resident(scene, runner.device, threads=2),
        saliency_of(scene),
        sea_of(scene),
        stride=card.stride,
    )


def assert_close(found: list, expected: list) -> None:
    """One Detections a look, equal but for rounding, which may swap equal scores."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert len(one) == len(other)
        mine, theirs = (np.lexsort((boats.y, boats.x)) for boats in (one, other))
        for field in fields(one):
            here, there = getattr(one, field.name)[mine], getattr(other, field.name)[theirs]
            np.testing.assert_allclose(here, there, atol=1e-3, err_msg=field.name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_scene_lies_on_the_device_as_the_file_has_it(scenes: dict[str, Scene], kind: str) -> None:
    scene = scenes[kind]
    loaded = load_resident(scene, CPU, threads=2)
    whole = scene.read(Window(col_off=0, row_off=0, width=COLS, height=ROWS))
    assert loaded.values.element_size() == {"uint8": 1, "uint16 and nir": 2, "float": 4}[kind]
    np.testing.assert_array_equal(numbers(loaded.values).numpy(), whole.values)
    np.testing.assert_array_equal(loaded.valid.numpy(), whole.valid)
    assert not whole.valid.all()
    assert whole.values.max() > {"uint8": 200, "uint16 and nir": 2**15, "float": 20}[kind]
    assert loaded.lost == ()


class Torn(FakeScene):
    """One of whose blocks cannot be decoded."""

    block = Window(col_off=64, row_off=32, width=32, height=32)

    def read(self, window: Window) -> Pixels:
        if window.intersection(self.block):
            raise BlockReadError(self.name, window, "torn")
        return super().read(window)


def test_what_cannot_be_decoded_is_lost_and_not_valid(runner: TorchRunner) -> None:
    values = np.random.default_rng(0).random((3, 128, 128), np.float32)
    scene = Torn(values, block_shape=(32, 32), band_names=RGB)
    loaded = load_resident(scene, CPU, threads=2)
    rows, cols = Torn.block.slices
    expected = np.ones((128, 128), bool)
    expected[rows, cols] = False
    assert loaded.lost == (Torn.block,)
    np.testing.assert_array_equal(loaded.valid.numpy(), expected)
    np.testing.assert_array_equal(loaded.values.numpy(), np.where(expected, values, 0))
    sea = SeaStatistics(*np.ones((2, 3), np.float32))
    detector = ResidentDetector(runner, print, loaded, saliency_of(scene), sea, stride=4)
    assert detector.lost_in(Window(col_off=90, row_off=60, width=10, height=10))
    assert not detector.lost_in(Window(col_off=96, row_off=32, width=10, height=10))


@pytest.mark.parametrize("kind", KINDS)
def test_patches_are_those_of_the_host(scenes: dict[str, Scene], kind: str) -> None:
    scene, looks = scenes[kind], looks_at(*PLACES)
    sea, saliency = sea_of(scene), saliency_of(scene)
    gather = Gather(load_resident(scene, CPU), saliency, sea)
    gsd_m = np.array([p.gsd_m for p in patches_of(scene, looks)])
    batches = make_batches(
        [look.window for look in looks], gsd_m, CPU, most_px=2**16, fixed_sizes=True
    )
    assert [(b.shape, b.members, len(b.windows)) for b in batches] == [
        ((128, 128), (0, 1, 2), 4),
        ((64, 96), (3,), 1),
        ((96, 128), (4,), 1),
        ((128, 96), (5,), 1),
        ((256, 256), (6,), 1),
    ]
    patches = patches_of(scene, looks)
    for batch in batches:
        made = gather(batch.windows, batch.gsd, batch.shape)
        assert made.shape == (len(batch.windows), len(CHANNELS), *batch.shape)
        assert made.is_contiguous(memory_format=torch.channels_last)
        assert not made[len(batch.members) :].any()
        for index, channels in zip(batch.members, made.numpy(), strict=False):
            patch = patches[index]
            expected = network_input(
                patch.values, patch.valid, patch.water, sea.level_at(patch.look.window),
                patch.band_names, patch.gsd_m, sea,
            )  # fmt: skip
            assert 0 < expected[CHANNELS.index("valid")].mean() < 1
            _, rows, cols = expected.shape
            np.testing.assert_allclose(channels[:, :rows, :cols], expected, atol=1e-5)
            assert not channels[:, rows:].any()
            assert not channels[:, :, cols:].any()


@pytest.mark.parametrize("kind", KINDS)
def test_boats_are_those_of_patch_by_patch(
    scenes: dict[str, Scene], runner: TorchRunner, kind: str
) -> None:
    scene, looks = scenes[kind], looks_at(*PLACES)
    expected = NetworkDetector(runner, card_of()).detect(patches_of(scene, looks), sea_of(scene))
    assert min(len(part) for part in expected) > 10
    assert any(part.cut.any() for part in expected)
    detector = detector_of(scene, runner)
    assert_close(detector.detect(looks), expected)
    assert detector.detect([]) == []


def test_a_batch_too_large_for_memory_is_run_in_halves(
    scenes: dict[str, Scene], runner: TorchRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = looks_at(*((40 * i, 20 * i, 64, 64) for i in range(5)))
    detector = detector_of(scenes["uint8"], runner)
    expected = detector.detect(looks)
    sizes, most = [], 2
    run = TorchRunner.maps

    def small_memory(self: TorchRunner, patches: torch.Tensor) -> torch.Tensor:
        sizes.append(len(patches))
        if len(patches) > most:
            raise torch.OutOfMemoryError("as a full GPU would say")
        return run(self, patches)

    monkeypatch.setattr(TorchRunner, "maps", small_memory)
    assert_close(detector.detect(looks), expected)
    assert sizes == [5, 3, 2, 1, 2]
    sizes.clear()
    detector.detect(looks)
    assert max(sizes) <= most, "the next call knows better"
    most = 0
    with pytest.raises(torch.OutOfMemoryError):
        detector.detect(looks)


class Replayed:
    """A captured graph that is none: its inputs and its output stay where they are."""

    made = 0

    def __init__(self, run, inputs, pool) -> None:
        type(self).made += 1
        self.run, self.kept = run, [value.clone() for value in inputs]
        self.output = run(*self.kept)

    def __call__(self, *inputs):
        for kept, value in zip(self.kept, inputs, strict=True):
            kept.copy_(value)
        return self.output.copy_(self.run(*self.kept))


def test_what_comes_often_is_captured_and_replayed(
    scenes: dict[str, Scene], runner: TorchRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: None)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: None)
    monkeypatch.setattr(graphs, "Captured", Replayed)
    monkeypatch.setattr(graphs, "_USES_BEFORE", 1)
    # Three of a shape in batches of one: what a replay overwrites must be copied before.
    looks = looks_at(*PLACES[:3], (0, 0, 64, 64))
    detector = detector_of(scenes["uint8"], runner)
    expected = detector.detect(looks)
    detector._graphs = graphs.Graphs(detector._peaks)
    detector._batch_px = 128 * 128
    for made in (1, 2, 2):
        assert_close(detector.detect(looks), expected)
        assert Replayed.made == detector.captured == made

    def refused(*_: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(graphs, "Captured", refused)
    detector._graphs = graphs.Graphs(detector._peaks)
    for _ in range(3):
        assert_close(detector.detect(looks), expected)
    assert detector.captured == 0


class Transfers(TorchDispatchMode):
    """Notes every operation that takes a tensor from one device to another."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        tensors = [x for x in torch.utils._pytree.tree_leaves((args, kwargs, result))
                   if isinstance(x, torch.Tensor)]  # fmt: skip
        if len({x.device.type for x in tensors}) > 1:
            self.seen.append(str(operation))
        return result


def test_between_windows_and_peaks_nothing_waits_for_the_device(
    scenes: dict[str, Scene], weights: Path
) -> None:
    """On the device whose tensors have no content: to ask for a number, or to make a shape
    that depends on one, is an error there, and a copy from or to the host is noted.
    """
    detector = detector_of(scenes["uint16 and nir"], TorchRunner(weights, card_of(), "meta"))
    (batch,) = detector.batches(looks_at(*PLACES[:3]), np.ones(3))
    with torch.inference_mode(), Transfers() as moved:
        peaks = detector._peaks(batch.shape, batch.windows, batch.gsd)
    assert peaks.is_meta
    assert peaks.shape == (3, 32 * 32, len(FIELDS))
    assert moved.seen == []
    with Transfers() as moved:
        torch.zeros(2).to("meta")
    assert moved.seen


def test_in_bfloat16_the_logits_are_nearly_those_in_full(weights: Path) -> None:
    """As a GPU computes; the head stays in full, so that neighbouring logits differ."""
    runner = TorchRunner(weights, card_of())
    noise = np.random.default_rng(1).standard_normal((2, len(CHANNELS), 64, 96), np.float32)
    full = runner.run(noise)
    runner._in_bfloat16 = True
    half = runner.run(noise)
    assert half.dtype == np.float32
    assert 0 < np.abs(half - full).mean() < 0.1 * full.std()
    in_bfloat16 = torch.from_numpy(half).to(torch.bfloat16).float().numpy()
    assert (half != in_bfloat16).mean() > 0.9


def test_batch_norm_is_folded_into_the_convolutions(weights: Path) -> None:
    runner = TorchRunner(weights, card_of())
    kinds = [type(module) for module in runner._network.modules()]
    assert torch.nn.Conv2d in kinds
    assert torch.nn.BatchNorm2d not in kinds
    noise = torch.randn((1, len(CHANNELS), 64, 96), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = excited_network()(noise)
    np.testing.assert_allclose(runner.maps(noise).numpy(), expected.numpy(), atol=1e-4)


def test_a_scene_is_taken_in_where_it_fits(
    runner: TorchRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = FakeScene(np.zeros((3, 64, 64)), band_names=RGB)

    def taken_in() -> ResidentDetector | None:
        sea = SeaStatistics(*np.ones((2, 3), np.float32))
        return resident_detector(runner, print, scene, saliency_of(scene), sea, stride=4)

    assert not fits(scene, CPU)
    assert taken_in() is None
    for free, expected in ((3 << 30, True), (1 << 30, False)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _, free=free: (free, 4 << 30))
        assert fits(scene, torch.device("cuda")) is expected
    monkeypatch.setattr(resident_detectors, "fits", lambda *_: True)
    found = taken_in()
    assert found is not None
    assert found.scene.values.shape == (3, 64, 64)

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("as a full GPU would say")

    monkeypatch.setattr(resident_detectors, "load_resident", full)
    assert taken_in() is None
