"""The global stream, its stem, and its training on anchors."""

import numpy as np
import pytest
import shapely

torch = pytest.importorskip("torch")

from pdn_geo.models.global_stream import HEADS, ExpectedBoats, GlobalStream  # noqa: E402
from pdn_geo.models.stem import LearnedStem  # noqa: E402
from pdn_geo.saliency.learned import HALO  # noqa: E402
from pdn_geo.saliency.planes import CHANNELS  # noqa: E402
from pdn_geo.scene import Pixels  # noqa: E402
from pdn_geo.training.anchors import (  # noqa: E402
    AnchorExample,
    Labels,
    anchor_example,
    coarser,
)
from pdn_geo.training.saliency import (  # noqa: E402
    Crops,
    SaliencyTraining,
    losses,
    train_saliency,
)

PLANES = len(CHANNELS)
NOBODY = np.empty((0, 2))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("backbone", ["light", "test_resnet"])
@pytest.mark.parametrize("shape", [(32, 64), (33, 45), (1, 7)])
def test_features_and_heads_are_per_cell(backbone, shape):
    network = GlobalStream(PLANES, backbone=backbone).eval()
    with torch.no_grad():
        output = network(torch.randn(2, PLANES, *shape))
    assert output.features.shape == (2, 256, *shape)
    for head in (output.objectness, output.expected, output.priority, output.water):
        assert head.shape == (2, *shape)
        assert torch.isfinite(head).all()


def test_a_cell_is_judged_by_its_surroundings_up_to_the_halo():
    network = GlobalStream(PLANES)
    planes = torch.randn(1, PLANES, 96, 96, requires_grad=True)
    for row, col in ((48, 48), (50, 47), (51, 51)):
        network(planes).expected[0, row, col].backward()
        seen = planes.grad[0].abs().amax(0) > 0
        rows, cols = (torch.nonzero(seen.any(axis)).flatten() for axis in (1, 0))
        assert row - HALO <= rows.min() < row - HALO // 2
        assert row + HALO // 2 < rows.max() <= row + HALO
        assert col - HALO <= cols.min()
        assert cols.max() <= col + HALO
        planes.grad = None


def test_the_part_for_the_drive_gives_the_boats_of_the_whole():
    network = GlobalStream(PLANES).eval()
    torch.nn.init.normal_(network.heads.weight, std=0.3)
    planes = torch.randn(1, PLANES, 32, 48)
    with torch.no_grad():
        whole, part = torch.exp(network(planes).expected), ExpectedBoats(network)(planes)
        judged = network.judge(planes)
    assert part.std() > 0
    torch.testing.assert_close(torch.exp(judged["expected"]), whole)
    torch.testing.assert_close(part, whole, rtol=1e-4, atol=1e-7)


def test_the_stem_reads_eight_pixels_a_cell():
    stem = LearnedStem(3)
    pixels = torch.randn(1, 3, 64, 80)
    assert stem(pixels).shape == (1, LearnedStem.channels, 8, 10)
    network = GlobalStream(PLANES, pixel_bands=3).eval()
    planes = torch.randn(1, PLANES, 8, 10)
    with torch.no_grad():
        first = network(planes, pixels).features
        second = network(planes, -pixels).features
    assert first.shape == (1, 256, 8, 10)
    assert not torch.equal(first, second)


def test_losses_are_least_at_the_truth_and_blind_to_the_unknown():
    boats = torch.zeros(1, 24, 24)
    boats[0, 12, 12] = 1
    known = torch.ones_like(boats)
    known[0, :4] = 0
    nothing = dict.fromkeys(HEADS, torch.zeros(1, 24, 24))

    def expected_loss(log_rate, boats=boats):
        crops = Crops(torch.zeros(1, PLANES, 24, 24), boats, known, torch.ones_like(boats))
        return float(losses(nothing | {"expected": log_rate}, crops)["expected"])

    right = torch.log(boats + 1e-4)
    assert expected_loss(right) < expected_loss(right + 1)
    assert expected_loss(right) < expected_loss(right - 1)
    elsewhere = boats.clone()
    elsewhere[0, 0, 0] = 1
    assert expected_loss(right, elsewhere) == expected_loss(right)


@pytest.mark.parametrize("count", [0.0, 1.0, 4.0, 40.0])
def test_a_crowd_is_worth_no_more_than_itself(count):
    boats = torch.full((1, 1, 1), count)
    crops = Crops(torch.zeros(1, PLANES, 1, 1), boats, boats * 0 + 1, boats * 0)
    nothing = dict.fromkeys(HEADS, torch.zeros(1, 1, 1))

    def loss(log_rate):
        return float(
            losses(nothing | {"expected": torch.full((1, 1, 1), log_rate)}, crops)["expected"]
        )

    best = float(np.log(max(count, 1e-3)))
    assert loss(best) < loss(best + 0.5) < loss(best + 5) < loss(best + 50)
    assert not count or loss(best) < loss(best - 0.5)


def bright_boats(count, seed):
    """Cells of noise with boats where the first plane is high."""
    rng = np.random.default_rng(seed)
    planes = rng.normal(0, 0.3, (PLANES, 64, 64)).astype(np.float16)
    planes[-2] = 1
    boats = np.zeros((64, 64), np.float32)
    boats.ravel()[rng.choice(boats.size, count, replace=False)] = 1
    planes[0][boats > 0] = 3
    return AnchorExample(
        site=str(seed),
        group="bright",
        planes=planes,
        boats=boats,
        known=np.ones((64, 64), np.bool_),
        water=np.ones((64, 64), np.float32),
    )


def test_training_finds_what_marks_boats_and_how_many_there_are():
    examples = [bright_boats(30, seed) for seed in range(4)]
    training = SaliencyTraining(steps=160, batch=4, crop=24, peak=5e-3)
    network = train_saliency(GlobalStream(PLANES), examples, training)
    unseen = bright_boats(25, 99)
    with torch.no_grad():
        planes = torch.from_numpy(unseen.planes.astype(np.float32))[None]
        expected = torch.exp(network(planes).expected)[0].numpy()
    boats = unseen.boats > 0
    assert expected[boats].min() > 5 * expected[~boats].mean()
    assert 15 < expected.sum() < 40


def test_the_same_seed_gives_the_same_network():
    def train(seed):
        torch.manual_seed(0)
        training = SaliencyTraining(steps=3, batch=2, crop=24, seed=seed)
        network = train_saliency(GlobalStream(PLANES), [bright_boats(20, 1)], training)
        return torch.cat([p.detach().flatten() for p in network.parameters()])

    assert torch.equal(train(5), train(5))
    assert not torch.equal(train(5), train(6))


def calm_sea(rows, cols):
    rng = np.random.default_rng(0)
    values = 40 + rng.normal(0, 1, (3, rows, cols)).astype(np.float32)
    return Pixels(values, np.ones((rows, cols), np.bool_))


def test_an_example_counts_boats_in_their_cells():
    boats = np.array([(17.0, 9.0), (20.0, 10.0), (95.9, 63.9), (-3.0, 5.0), (96.0, 5.0)])
    labels = Labels(
        boats=boats,
        doubtful=np.array([(44.0, 44.0)]),
        ignored=[shapely.box(64, 0, 80, 16), shapely.box(10, 5, 25, 15)],
    )
    example = anchor_example(
        calm_sea(64, 96), ("red", "green", "blue"), 1.0, labels, site="a/b", group="a"
    )
    assert example.planes.shape == (PLANES, 8, 12)
    assert example.boats.sum() == 3
    assert example.boats[1, 2] == 2
    assert example.boats[7, 11] == 1
    assert not example.known[4:7, 4:7].any()
    assert not example.known[0:2, 8:10].any()
    assert example.known[1, 2]  # a boat is a boat, in an area of doubt as well
    assert example.known[4, 10]


def test_coarser_pixels_are_averages_of_valid_ones():
    values = np.arange(24, dtype=np.float32).reshape(1, 4, 6)
    valid = np.ones((4, 6), np.bool_)
    valid[0, 0] = False
    valid[2:, 4:] = False
    half = coarser(Pixels(values, valid), 2)
    assert half.values.shape == (1, 2, 3)
    assert half.values[0, 0, 0] == pytest.approx((1 + 6 + 7) / 3)
    assert half.values[0, 0, 1] == pytest.approx((2 + 3 + 8 + 9) / 4)
    assert half.valid.tolist() == [[True, True, True], [True, True, False]]
