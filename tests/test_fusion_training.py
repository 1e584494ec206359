"""How fusion is taught: samples from the selector's own looks, and that they teach it."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

torch = pytest.importorskip("torch")

from pdn_geo.detections import Detections  # noqa: E402
from pdn_geo.drive.budget import Budget  # noqa: E402
from pdn_geo.drive.greedy import GreedyDrive  # noqa: E402
from pdn_geo.drive.tiling import Frame  # noqa: E402
from pdn_geo.models.fusion import Fusion  # noqa: E402
from pdn_geo.models.surroundings import SIDE  # noqa: E402
from pdn_geo.models.tokens import Tokens  # noqa: E402
from pdn_geo.saliency.map import SaliencyMap  # noqa: E402
from pdn_geo.sea import SeaStatistics  # noqa: E402
from pdn_geo.testing import FakeScene  # noqa: E402
from pdn_geo.training.boats import Boats  # noqa: E402
from pdn_geo.training.fusion import (  # noqa: E402
    FusionBatches,
    cached,
    fusion_loss,
    fusion_sample,
    joined,
    look_over,
)

STRIDE, SIZE, GSD = 8, 1024, 2.0


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def boats_at(x, y, score, *, length=8.0) -> Detections:
    n = len(x)
    return Detections(
        x=x, y=y, length=np.full(n, length), width=np.full(n, 3.0), angle=np.zeros(n),
        score=score, wake=np.zeros(n), bow_known=np.zeros(n), cut=np.zeros(n), look=np.zeros(n),
    )  # fmt: skip


class Blobs:
    """Takes every bright pixel for a boat, and shows the pixels as features.

    The first feature is the pixels under a boat, the second how light the sea is about it:
    the scene below puts its boats on dark water and its false alarms on light.
    """

    name, wants_batches, stride = "blobs", False, 4

    def threshold(self, gsd_m):
        return 0.5

    def suits(self, band_names):
        return ""

    def see(self, patch, sea):
        image = patch.values[0]
        rows, cols = np.nonzero(image > 100)
        window = patch.look.window
        found = boats_at(
            cols + window.col_off + 0.5, rows + window.row_off + 0.5, np.full(len(rows), 0.5)
        )
        small = image[: image.shape[0] // 4 * 4, : image.shape[1] // 4 * 4]
        cells = small.reshape(small.shape[0] // 4, 4, -1, 4)
        features = np.stack([cells.max((1, 3)), np.median(cells, axis=(1, 3))]) / 100
        return found, features.astype(np.float32)


def taught_scene(seed):
    rng = np.random.default_rng(seed)
    image = np.full((SIZE, SIZE), 10.0, np.float32)
    image[:, SIZE // 2 :] = 40.0
    x, y = (rng.integers(30, SIZE - 30, 24).astype(np.float64) for _ in range(2))
    image[y.astype(int), x.astype(int)] = 200.0
    # more than the looks can reach: where the water is dark half of these are boats
    hidden = np.argwhere(rng.random((8, 8)) < 0.5) * 128.0 + 36
    hidden = hidden[hidden[:, 1] < SIZE // 2]
    real = x < SIZE // 2
    x_real, y_real = np.append(x[real] + 0.5, hidden[:, 1]), np.append(y[real] + 0.5, hidden[:, 0])
    count = len(x_real)
    boats = Boats(
        x=x_real, y=y_real, length=np.full(count, 8.0), width=np.full(count, 3.0),
        angle=np.zeros(count), wake=np.zeros(count), bow_known=np.zeros(count, bool),
        counts=np.ones(count, bool),
    )  # fmt: skip
    expected = np.full((SIZE // STRIDE,) * 2, 1e-4, np.float32)
    expected[4::16, 4::16] = 0.25
    expected[(y // STRIDE).astype(int), (x // STRIDE).astype(int)] = 0.5
    saliency = SaliencyMap(
        stride=STRIDE, expected_boats=expected, water=np.ones(expected.shape, np.float16),
        searchable=np.ones(expected.shape, bool), reason=np.zeros(expected.shape, np.uint8),
        reasons=("sweep",),
    )  # fmt: skip
    return FakeScene(image[None], name=f"scene {seed}"), saliency, boats


def sample_of(seed, *, patches=0.45, **known_of_boats):
    scene, saliency, boats = taught_scene(seed)
    boats = replace(boats, **{name: np.full(len(boats), v) for name, v in known_of_boats.items()})
    drive = GreedyDrive(saliency, (SIZE, SIZE), Budget(patches=patches))
    sea = SeaStatistics(np.zeros(1, np.float32), np.ones(1, np.float32))
    looks, recorder = look_over(scene, drive, Blobs(), saliency, sea)
    light = np.zeros((2, *saliency.expected_boats.shape), np.float32)
    light[0, :, SIZE // 2 // STRIDE :] = 1
    light[1] = 1 - light[0]
    frame = Frame(height=SIZE, width=SIZE, stride=STRIDE, margin=16)
    return looks, fusion_sample(
        looks, recorder, torch.from_numpy(light), saliency, boats, (), frame=frame, gsd_m=GSD
    )


def test_a_sample_says_what_the_looks_found_and_what_is_left():
    looks, sample = sample_of(0)
    tokens = Tokens.from_named({name: torch.from_numpy(v) for name, v in sample.items()})
    seen = tokens.real[:, 1:].numpy()
    assert len(sample["near"]) == len(looks) > 5
    x = tokens.place[:, 1:, 0].numpy() / GSD
    assert (sample["hit"] == (seen & (x < SIZE // 2)))[seen].all()
    assert sample["hit"].any()
    assert sample["taught"][seen].all()
    _, saliency, boats = taught_scene(0)
    assert sample["boats"].sum(1).max() <= len(boats)
    # the blocks about a look leave out what it has seen whole
    middle = SIDE * SIDE // 2 + SIDE // 2
    assert (sample["expected"][:, middle] == 0).all()
    assert sample["expected"].sum() < saliency.expected_boats.sum() * len(looks)


def test_boats_of_unknown_size_are_found_at_their_middle():
    sized, points = sample_of(0)[1], sample_of(0, length=np.nan, width=np.nan)[1]
    np.testing.assert_array_equal(points["hit"], sized["hit"])


def test_boats_in_an_ignored_area_teach_nothing():
    scene, saliency, boats = taught_scene(0)
    looks, sample = sample_of(0)
    drive = GreedyDrive(saliency, (SIZE, SIZE), Budget(patches=0.8))
    sea = SeaStatistics(np.zeros(1, np.float32), np.ones(1, np.float32))
    _, recorder = look_over(scene, drive, Blobs(), saliency, sea)
    frame = Frame(height=SIZE, width=SIZE, stride=STRIDE, margin=16)
    doubtful = replace(boats, counts=np.zeros(len(boats), bool))
    light = torch.zeros(2, *saliency.expected_boats.shape)
    right = (shapely.box(SIZE // 2, 0, SIZE, SIZE),)
    other = fusion_sample(looks, recorder, light, saliency, doubtful, right, frame=frame, gsd_m=GSD)
    assert not other["hit"].any()
    assert not other["taught"].any()
    assert other["boats"].sum() == 0
    assert sample["taught"].any()


def test_fusion_learns_boats_from_false_alarms_and_where_more_are(tmp_path):
    made = []

    def make(seed):
        made.append(seed)
        return sample_of(seed)[1]

    paths = [tmp_path / f"{seed}.npz" for seed in range(4)]
    for _ in range(2):
        for seed, path in enumerate(paths):
            cached(path, lambda seed=seed: make(seed))
    assert made == [0, 1, 2, 3]
    batches = FusionBatches(paths, scenes=2, seed=0)
    assert len(batches(5)["near"]) == len(batches(5)["hit"])
    torch.manual_seed(0)
    fusion = Fusion(2, 2, dim=32, heads=2)
    optimizer = torch.optim.AdamW(fusion.parameters(), lr=3e-3)
    start = None
    for step in range(60):
        batch = {name: torch.from_numpy(v) for name, v in batches(step).items()}
        parts = fusion_loss(fusion, batch)
        start = start or {name: part.item() for name, part in parts.items()}
        optimizer.zero_grad()
        sum(parts.values()).backward()
        optimizer.step()
    assert start["hit"] == pytest.approx(np.log(2), abs=0.01)
    assert start["posterior"] == 0
    # a scene that it has not been taught
    unseen = {name: torch.from_numpy(v) for name, v in sample_of(9)[1].items()}
    with torch.no_grad():
        parts = fusion_loss(fusion, unseen)
    assert parts["hit"] < 0.35
    assert parts["posterior"] < -0.1


def test_scenes_are_joined_with_their_neighbours():
    one, two = sample_of(0)[1], sample_of(1)[1]
    both = joined([one, two])
    assert (both["near"][: len(one["near"])] == one["near"]).all()
    assert (both["near"][len(one["near"]) :] - len(one["near"]) == two["near"]).all()
