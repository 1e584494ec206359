"""Drives beside the greedy one: chance, the truth, and a controller's."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdn_geo.drive.budget import PATCH_PX, Budget
from pdn_geo.drive.greedy import ROUND, GreedyDrive
from pdn_geo.drive.oracle import OracleDrive
from pdn_geo.drive.random import RandomDrive
from pdn_geo.drive.recurrent import RecurrentDrive
from pdn_geo.saliency.map import SaliencyMap

STRIDE = 8
SHAPE = (1500, 2100)
CELLS = (-(-SHAPE[0] // STRIDE), -(-SHAPE[1] // STRIDE))


def saliency_map(expected, *, searchable=None, water=None):
    expected = np.asarray(expected, dtype=np.float32)
    return SaliencyMap(
        stride=STRIDE,
        expected_boats=expected,
        water=np.ones_like(expected) if water is None else water,
        searchable=np.ones(expected.shape, bool) if searchable is None else searchable,
        reason=np.zeros(expected.shape, np.uint8),
        reasons=("sweep",),
    )


def noisy_map(seed: int) -> SaliencyMap:
    rng = np.random.default_rng(seed)
    searchable = rng.random(CELLS) < 0.9
    expected = np.where(searchable, rng.random(CELLS) ** 2000, 0)  # few places stand out
    return saliency_map(expected, searchable=searchable)


def by_place(looks, scores):
    """A controller that moves all expectation about, differently after each round."""
    rng = np.random.default_rng(looks[0].order + round(1000 * sum(map(np.sum, scores))))
    return rng.normal(0, 3, CELLS)


def make(kind: str, saliency: SaliencyMap, budget: Budget) -> GreedyDrive:
    if kind == "random":
        return RandomDrive(saliency, SHAPE, budget, seed=1)
    if kind == "oracle":
        x, y = np.random.default_rng(2).uniform((0, 0), SHAPE[::-1], (300, 2)).T
        return OracleDrive(saliency, SHAPE, budget, x=x, y=y)
    return RecurrentDrive(saliency, SHAPE, budget, by_place)


def run(drive, *, batch=5, found=lambda look: 0.5):
    looks = []
    while more := drive.next_looks(batch):
        drive.update(more, [np.full(1, found(look)) for look in more])
        looks += more
    return looks


KINDS = ("random", "oracle", "recurrent")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), patches=st.floats(1 / 16, 8))
def test_looks_stay_in_the_scene_and_in_the_budget(kind, seed, patches):
    drive = make(kind, noisy_map(seed), Budget(patches=patches))
    looks = run(drive)
    assert [look.order for look in looks] == list(range(len(looks)))
    for look in looks:
        window = look.window
        assert min(window.col_off, window.row_off) >= 0
        assert window.row_end <= SHAPE[0]
        assert window.col_end <= SHAPE[1]
    assert sum(look.window.area for look in looks) <= patches * PATCH_PX**2
    assert len({look.window for look in looks}) == len(looks)
    assert all(look.expected_boats > 0 for look in looks)
    assert drive.expected_missed() >= 0


@pytest.mark.parametrize("kind", KINDS)
def test_looks_do_not_depend_on_the_batch(kind):
    runs = [
        run(
            make(kind, noisy_map(0), Budget(patches=6)),
            batch=batch,
            found=lambda look: math.sin(look.order) ** 2,
        )
        for batch in (1, 5, 16, 40)
    ]
    assert len(runs[0]) > ROUND
    assert runs[1:] == runs[:1] * 3


def test_a_silent_controller_leaves_the_greedy_looks():
    saliency, budget = noisy_map(3), Budget(patches=6)
    silent = RecurrentDrive(saliency, SHAPE, budget, lambda looks, scores: np.zeros(CELLS))
    plain = GreedyDrive(saliency, SHAPE, budget)
    looks = run(silent)
    assert [look.window for look in looks] == [look.window for look in run(plain)]
    assert silent.expected_missed() == pytest.approx(plain.expected_missed(), rel=1e-5)
    assert len(looks) > ROUND


def test_a_controller_sends_the_drive_elsewhere_but_not_back():
    """More boats in the west; after the first round it learns that they are in the east."""
    expected = np.zeros(CELLS)
    expected[12::24, 12::24] = 0.1
    expected[:, : CELLS[1] // 2] *= 3
    heard = []

    def east(looks, scores):
        heard.append([look.order for look in looks])
        return np.where(np.arange(CELLS[1]) < CELLS[1] // 2, -3.0, 3.0) * np.ones(CELLS)

    drive = RecurrentDrive(saliency_map(expected), SHAPE, Budget(patches=3), east)
    before = 0.0
    looks = []
    while more := drive.next_looks(ROUND):
        looks += more
        before = drive.expected_missed()
        drive.update(more, [np.zeros(0)] * len(more))
    middle = SHAPE[1] // 2
    assert all(look.window.col_off < middle for look in looks[:ROUND])
    assert all(look.window.col_off > middle - 128 for look in looks[ROUND : 2 * ROUND])
    assert len({look.window for look in looks}) == len(looks)
    assert heard[0] == list(range(ROUND))
    # it says where, not how many: only what was found may change the sum
    assert drive.expected_missed() <= before
    total = expected.sum()
    assert sum(look.expected_boats for look in looks) <= total * (1 + 1e-5)


def test_a_controller_is_not_asked_where_all_is_seen_anyhow():
    def never(looks, scores):
        raise AssertionError("asked")

    drive = RecurrentDrive(noisy_map(0), SHAPE, Budget(exhaustive=True), never)
    run(drive)
    assert drive.searched == 1


def test_the_oracle_sees_every_boat_and_stops():
    x, y = np.array([40.0, 41.0, 1700.5, 2099.9]), np.array([33.0, 39.0, 900.0, 1499.9])
    outside = ((-3.0, 2104.5, 50.0), (50.0, 50.0, 9e9))
    drive = OracleDrive(
        saliency_map(np.zeros(CELLS)),
        SHAPE,
        Budget(seconds=1e9),
        x=[*x, *outside[0]],
        y=[*y, *outside[1]],
    )
    looks = run(drive)
    assert len(looks) == 3
    assert looks[0].expected_boats == 2
    seen = np.any([look.window.contains(x, y) for look in looks], axis=0)
    assert seen.all()
    assert drive.expected_missed() == 0


def test_chance_stays_on_the_water_and_keeps_the_sum():
    water = np.zeros(CELLS, np.float32)
    water[:, 100:] = 1
    saliency = saliency_map(np.where(water > 0, 1e-3, 0), water=water)
    runs = [run(RandomDrive(saliency, SHAPE, Budget(patches=2), seed=seed)) for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]
    assert all(look.window.col_end > 100 * STRIDE for look in runs[0])
    whole = RandomDrive(saliency, SHAPE, Budget(patches=100), seed=0)
    assert whole.expected_missed() == pytest.approx(saliency.expected_boats.sum(), rel=1e-4)
