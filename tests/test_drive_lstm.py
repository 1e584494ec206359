"""The recurrent controller, its place in the drive, and the three ways to teach it."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from pdn_geo.drive.budget import Budget  # noqa: E402
from pdn_geo.drive.greedy import ROUND, GreedyDrive  # noqa: E402
from pdn_geo.drive.look import Look  # noqa: E402
from pdn_geo.drive.recurrent import RecurrentDrive  # noqa: E402
from pdn_geo.drive.tiling import Frame  # noqa: E402
from pdn_geo.geometry import Window  # noqa: E402
from pdn_geo.models.drive_lstm import (  # noqa: E402
    DriveLSTM,
    LSTMController,
    blocks_of,
    mean_under,
)
from pdn_geo.saliency.map import SaliencyMap  # noqa: E402
from pdn_geo.training.drive import (  # noqa: E402
    LOSSES,
    PICKS,
    drive_loss,
    drive_sample,
    oracle_mask_loss,
    reinforce_loss,
    straight_through_loss,
)

SHAPE, STRIDE, CELLS = (1000, 1300), 8, (125, 163)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def small(looks=5, cells=3, *, opened=True) -> DriveLSTM:
    network = DriveLSTM(looks, cells, inputs=16, state=8)
    if opened:
        torch.nn.init.normal_(network.gate)
    return network


def some_looks(count) -> list[Look]:
    rng = np.random.default_rng(0)
    return [
        Look(
            order=order,
            window=Window(
                col_off=int(rng.integers(0, 1100)), row_off=int(rng.integers(0, 800)),
                width=int(rng.integers(128, 200)), height=128,
            ),
            reason="",
            expected_boats=1.0,
        )
        for order in range(count)
    ]  # fmt: skip


def test_the_network_has_the_size_that_was_asked_for():
    network = DriveLSTM(42 + 256)
    assert (network.memory.input_size, network.memory.hidden_size) == (512, 256)
    looks, cells = torch.randn(2, 5, 298), torch.randn(2, 9, 256)
    assert network(looks, cells, 2).shape == (2, 2, 9)


def test_it_starts_by_leaving_the_map_as_it_is():
    network = small(opened=False)
    log_ratio = network(torch.randn(1, 4, 5), torch.randn(1, 6, 3), 2)
    assert (log_ratio == 0).all()
    log_ratio.sum().backward()
    assert network.gate.grad.any()


def test_the_gradient_reaches_everything():
    network = small()
    network(torch.randn(1, 4, 5), torch.randn(1, 6, 3), 2).square().sum().backward()
    assert [n for n, p in network.named_parameters() if not p.grad.any()] == []


def test_later_looks_do_not_change_what_was_said_before():
    network = small()
    looks, cells = torch.randn(1, 6, 5), torch.randn(1, 4, 3)
    torch.testing.assert_close(network(looks, cells, 2)[:, :2], network(looks[:, :4], cells, 2))


def test_blocks_and_means_equal_brute_force():
    planes = torch.randn(2, 21, 35)
    means = blocks_of(planes, 16, mean=True)
    assert means.shape == (2, 2, 3)
    torch.testing.assert_close(means[:, 0, 1], planes[:, :16, 16:32].mean((1, 2)))
    torch.testing.assert_close(means[:, 1, 2], planes[:, 16:, 32:].mean((1, 2)))
    sums = blocks_of(planes, 16, mean=False)
    torch.testing.assert_close(sums.sum((1, 2)), planes.sum((1, 2)), atol=1e-3, rtol=1e-3)
    window = Window(col_off=12, row_off=16, width=21, height=8)
    look = Look(order=0, window=window, reason="", expected_boats=0.0)
    torch.testing.assert_close(mean_under(planes, look, 8), planes[:, 2:3, 1:5].mean((1, 2)))


def test_the_controller_goes_on_from_round_to_round():
    features, looks = torch.randn(3, *CELLS), some_looks(8)
    network, tokens = small(2 + 3), torch.randn(8, 2)
    controller = LSTMController(network, features, STRIDE)
    for look, token in zip(looks, tokens, strict=True):
        controller.tell(look.order, token)
    rounds = [controller(looks[i : i + 4], [np.zeros(0)] * 4) for i in (0, 4)]
    told = torch.cat([tokens, torch.stack([mean_under(features, k, STRIDE) for k in looks])], 1)
    cells = blocks_of(features, 16, mean=True).flatten(1).T
    at_once = network(told[None], cells[None], 4)[0].detach().numpy().reshape(2, 8, 11)
    for step, said in enumerate(rounds):
        assert said.shape == CELLS
        assert said.dtype == np.float32
        np.testing.assert_allclose(said[::16, ::16], at_once[step], atol=1e-6)
        np.testing.assert_allclose(said[15::16, 15::16], at_once[step, :7, :10], atol=1e-6)


def spots() -> SaliencyMap:
    expected = np.zeros(CELLS, np.float32)
    expected[4::16, 4::16] = np.random.default_rng(0).uniform(0.1, 1, (8, 10))
    return SaliencyMap(
        stride=STRIDE, expected_boats=expected, water=np.ones(CELLS, np.float16),
        searchable=np.ones(CELLS, bool), reason=np.zeros(CELLS, np.uint8), reasons=("sweep",),
    )  # fmt: skip


def test_it_drives():
    def run(**gate):
        controller = LSTMController(small(2 + 3, **gate), features, STRIDE)
        drive = RecurrentDrive(spots(), SHAPE, Budget(patches=2), controller)
        looks = []
        while more := drive.next_looks(5):
            for look in more:
                controller.tell(look.order, torch.tensor([math.sin(look.order), 1.0]))
            drive.update(more, [np.ones(1)] * len(more))
            looks += more
        return [look.window for look in looks]

    features = torch.randn(3, *CELLS)
    torch.manual_seed(1)
    shut = run(opened=False)
    torch.manual_seed(1)
    moved = run()
    torch.manual_seed(1)
    assert moved == run()
    plain = GreedyDrive(spots(), SHAPE, Budget(patches=2))
    assert shut[:ROUND] == [look.window for look in plain.next_looks(ROUND)] == moved[:ROUND]
    assert len(moved) > ROUND
    assert shut[ROUND:] != moved[ROUND:]


def test_a_sample_holds_what_is_left_after_each_round():
    saliency = spots()
    frame = Frame(height=SHAPE[0], width=SHAPE[1], stride=STRIDE, margin=16)
    looks = GreedyDrive(saliency, SHAPE, Budget(patches=2)).next_looks(ROUND)
    looks += some_looks(ROUND + 3)
    x, y = np.random.default_rng(1).uniform((0, 0), SHAPE[::-1], (50, 2)).T
    features = torch.randn(3, *CELLS)
    summaries = torch.randn(len(looks), 2)
    sample = drive_sample(looks, summaries, features, saliency.expected_boats, x, y, frame)
    assert sample["looks"].shape == (1, len(looks), 5)
    assert sample["cells"].shape == (1, 80, 3)  # every block but the last column's
    assert sample["expected"].shape == sample["boats"].shape == (1, 2, 80)
    for count, expected, boats in zip(
        (ROUND, 2 * ROUND), sample["expected"][0], sample["boats"][0], strict=True
    ):
        rest = saliency.expected_boats.copy()
        left = np.ones(len(x), bool)
        for look in looks[:count]:
            rows, cols = frame.seen_whole(look.window)
            rest[rows, cols] = 0
            row, col = y // STRIDE, x // STRIDE
            left &= ~((row >= rows.start) & (row < rows.stop) & (col >= cols.start)
                      & (col < cols.stop))  # fmt: skip
        assert expected.sum() == pytest.approx(rest.sum(), rel=1e-5)
        known = x // STRIDE < 160
        assert boats.sum() == (left & known).sum()
    batch = {name: torch.from_numpy(array) for name, array in sample.items()}
    for objective in LOSSES:
        (loss,) = drive_loss(small(), batch, objective).values()
        assert torch.isfinite(loss)


# --- the three objectives ----------------------------------------------------------------


def test_the_oracle_mask_wants_rates_in_proportion_to_the_boats():
    boats = torch.tensor([[3.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    best = (boats + 1e-9).log()
    least = oracle_mask_loss(best, boats).item()
    assert least == pytest.approx(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)), abs=1e-5)
    assert oracle_mask_loss(best + 5, boats).item() == pytest.approx(least, abs=1e-5)
    assert oracle_mask_loss(best + torch.tensor([0.0, 0.3, 0.0]), boats) > least
    assert oracle_mask_loss(torch.zeros(2, 3), torch.zeros(2, 3)) == 0


def test_straight_through_is_the_share_missed_and_pulls_the_right_way():
    boats = torch.tensor([[5.0, 0.0, 3.0, 0.0, 1.0]])
    sure = torch.tensor([[150.0, 0.0, -50.0, 60.0, 0.0]], requires_grad=True)
    loss = straight_through_loss(sure, boats, picks=2, temperature=50.0)
    assert loss.item() == pytest.approx(1 - 5 / 8)
    loss.backward()
    assert sure.grad[0, 2] < 0  # a step down the gradient raises the missed boats' rate
    assert sure.grad[0, 3] > 0  # and lowers that of the empty block in their place
    assert sure.grad.sum().item() == pytest.approx(0, abs=1e-6)  # one in, one out
    assert straight_through_loss(sure, boats, picks=9).item() == pytest.approx(0)


def test_reinforce_has_the_gradient_of_the_expected_share():
    boats = torch.tensor([2.0, 0.0, 1.0, 3.0])
    rate = torch.tensor([0.5, 1.0, -0.5, 0.0], requires_grad=True)
    reinforce_loss(rate.expand(20000, 4), boats.expand(20000, 4), picks=1).backward()
    exact = torch.tensor([0.5, 1.0, -0.5, 0.0], requires_grad=True)
    (-(exact.softmax(0) * boats).sum() / 3).backward()
    torch.testing.assert_close(rate.grad, exact.grad, atol=5e-3, rtol=0)


def two_kinds(rng, scenes=16, blocks=48):
    """Boats are in one of two kinds of water, and only what the looks found tells which."""
    kind = rng.integers(0, 2, (scenes, 1))
    cells = rng.integers(0, 2, (scenes, blocks))
    seen = rng.integers(0, 2, (scenes, ROUND))
    boats = (cells == kind) * rng.integers(1, 3, (scenes, blocks))
    found = (seen == kind) * 1.0
    batch = {
        "looks": np.stack([seen, 1 - seen, found], -1),
        "cells": np.stack([cells, 1 - cells, rng.normal(size=cells.shape)], -1),
        "expected": np.full((scenes, 1, blocks), 0.5),
        "boats": boats[:, None],
    }
    return {name: torch.from_numpy(array.astype(np.float32)) for name, array in batch.items()}


@pytest.mark.parametrize("objective", LOSSES)
def test_each_objective_teaches_it_to_use_what_was_found(objective):
    rng = np.random.default_rng(0)
    network = small(3, 3, opened=False)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)

    def share():
        batch = two_kinds(np.random.default_rng(99), scenes=100)
        with torch.no_grad():
            said = network(batch["looks"], batch["cells"], ROUND)
        noise = 1e-6 * torch.rand_like(said)
        picked = batch["boats"].gather(-1, (said + noise).topk(PICKS).indices).sum()
        return float(picked / batch["boats"].topk(PICKS).values.sum())

    assert share() < 0.55  # no fixed order of the blocks does better than half
    for _ in range(60):
        (loss,) = drive_loss(network, two_kinds(rng), objective).values()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert share() > 0.7
