"""The drive: budget, order, cover, stopping."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdn_geo.drive.allowance import MIN_PATCHES
from pdn_geo.drive.budget import PATCH_PX, Budget
from pdn_geo.drive.candidates import Candidates
from pdn_geo.drive.greedy import MARGIN_PX, ROUND, WINDOW_SIZES, GreedyDrive
from pdn_geo.drive.look import Look
from pdn_geo.drive.tiling import Frame
from pdn_geo.errors import OptionError
from pdn_geo.saliency.map import SaliencyMap

REASONS = ("sweep", "bright against the water around it")


def saliency_map(expected, *, stride=8, searchable=None, reason=None):
    expected = np.asarray(expected, dtype=np.float32)
    return SaliencyMap(
        stride=stride,
        expected_boats=expected,
        water=np.ones_like(expected),
        searchable=np.ones(expected.shape, bool) if searchable is None else searchable,
        reason=np.zeros(expected.shape, np.uint8) if reason is None else reason,
        reasons=REASONS,
    )


def run(drive: GreedyDrive, *, batch: int = 5, found: float = 0.0) -> list[Look]:
    looks: list[Look] = []
    while batch_looks := drive.next_looks(batch):
        drive.update(batch_looks, [np.full(1, found)] * len(batch_looks))
        looks += batch_looks
    return looks


def pixels_read(looks, shape) -> np.ndarray:
    times = np.zeros(shape, int)
    for look in looks:
        times[look.window.slices] += 1
    return times


@st.composite
def scenes(draw):
    height, width = draw(st.integers(1, 1300)), draw(st.integers(1, 1300))
    stride = draw(st.sampled_from([8, 16, 32]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cells = (-(-height // stride), -(-width // stride))
    expected = rng.random(cells) ** 8 * draw(st.sampled_from([1e-4, 1.0]))
    searchable = rng.random(cells) < draw(st.sampled_from([0.05, 1.0]))
    return (height, width), saliency_map(
        np.where(searchable, expected, 0), stride=stride, searchable=searchable
    )


@settings(max_examples=25, deadline=None)
@given(scenes(), st.floats(1 / 16, 12))
def test_looks_stay_in_the_scene_and_in_the_budget(scene, patches):
    shape, saliency = scene
    drive = GreedyDrive(saliency, shape, Budget(patches=patches))
    looks = run(drive)
    assert [look.order for look in looks] == list(range(len(looks)))
    for look in looks:
        assert look.window.col_off >= 0
        assert look.window.row_off >= 0
        assert look.window.row_end <= shape[0]
        assert look.window.col_end <= shape[1]
        assert max(look.window.width, look.window.height) <= PATCH_PX
        assert look.reason in REASONS
    assert sum(look.window.area for look in looks) <= patches * PATCH_PX**2
    assert drive.spent == pytest.approx(sum(x.window.area for x in looks) / PATCH_PX**2)
    total = float(saliency.expected_boats.sum(dtype=np.float64))
    assert sum(x.expected_boats for x in looks) <= total * (1 + 1e-6)
    assert 0 <= drive.searched <= 1


@settings(max_examples=20, deadline=None)
@given(scenes())
def test_exhaustive_sees_every_searchable_cell_whole(scene):
    shape, saliency = scene
    drive = GreedyDrive(saliency, shape, Budget(exhaustive=True))
    looks = run(drive)
    frame = Frame(height=shape[0], width=shape[1], stride=saliency.stride, margin=16)
    seen = np.zeros(saliency.searchable.shape, bool)
    for look in looks:
        seen[frame.seen_whole(look.window)] = True
    assert (seen | ~saliency.searchable).all()
    assert drive.searched == 1
    assert drive.expected_missed() == pytest.approx(0, abs=1e-5)
    if looks:
        assert pixels_read(looks, shape).max() <= 4


@settings(max_examples=25, deadline=None)
@given(scenes(), st.integers(1, 40))
def test_looks_do_not_depend_on_the_batch(scene, batch):
    shape, saliency = scene
    one = run(GreedyDrive(saliency, shape, Budget()), batch=1, found=0.7)
    many = run(GreedyDrive(saliency, shape, Budget()), batch=batch, found=0.7)
    assert one == many


def test_each_first_look_is_the_best_there_is():
    rng = np.random.default_rng(3)
    for _ in range(5):
        expected = rng.random((30, 40)) ** 20
        drive = GreedyDrive(saliency_map(expected), (240, 320), Budget(patches=1 / 16))
        (look,) = run(drive)
        side = (min(WINDOW_SIZES) - 2 * MARGIN_PX) // 8
        brute = max(
            expected[row : row + side, col : col + side].sum()
            for row in range(30 - side + 1)
            for col in range(40 - side + 1)
        )
        # Up to a fifth is given up to have the strongest cell in the middle.
        assert look.expected_boats >= 0.8 * brute


def test_candidates_equal_brute_force_after_changes():
    rng = np.random.default_rng(0)
    rest = rng.random((90, 70)).astype(np.float32)
    candidates = Candidates(rest, 12, 28)
    for _ in range(30):
        box = candidates.best_box()
        rows, cols = box.slices
        assert float(rest[rows, cols].sum()) >= 0.8 * candidates.most
        rest[rows, cols] = 0
        candidates.refresh(rows, cols)
        fresh = Candidates(rest, 12, 28)
        assert candidates.most == pytest.approx(fresh.most, abs=1e-4)


def test_repeats_are_a_margin_only_on_an_even_sea():
    drive = GreedyDrive(saliency_map(np.full((512, 512), 1e-3)), (4096, 4096), Budget(patches=30))
    looks = run(drive)
    times = pixels_read(looks, (4096, 4096))
    assert drive.spent > 28
    assert (times > 1).sum() / (times > 0).sum() < 0.15


def test_a_boat_is_seen_first_and_whole():
    expected = np.full((400, 400), 1e-6)
    reason = np.zeros(expected.shape, np.uint8)
    expected[123, 321], reason[123, 321] = 0.9, 1
    drive = GreedyDrive(saliency_map(expected, reason=reason), (3200, 3200), Budget(patches=2))
    first = run(drive)[0]
    assert first.window.expanded(-16).contains(321 * 8 + 4, 123 * 8 + 4)
    assert first.reason == REASONS[1]
    assert first.expected_boats == pytest.approx(0.9, abs=1e-3)


def test_a_cut_boat_stays_for_a_neighbour():
    expected = np.zeros((400, 400))
    expected[100:112, 100:112] = 0.5
    expected[106, 112] = 0.4  # just beyond the inner cells of the first window
    looks = run(GreedyDrive(saliency_map(expected), (3200, 3200), Budget(patches=1)))
    x, y = 112 * 8 + 4, 106 * 8 + 4
    assert any(look.window.expanded(-16).contains(x, y) for look in looks)


def test_a_thin_strip_is_not_paid_for_as_a_square():
    expected = np.zeros((400, 400))
    expected[200:202, 40:360] = 0.01
    looks = run(GreedyDrive(saliency_map(expected), (3200, 3200), Budget(patches=3)))
    assert sum(look.expected_boats for look in looks) == pytest.approx(expected.sum(), rel=1e-4)
    assert max(look.window.height for look in looks) <= 128


@pytest.mark.parametrize(
    ("expected", "searchable"),
    [
        (np.zeros((50, 50)), np.zeros((50, 50), bool)),
        (np.zeros((50, 50)), np.ones((50, 50), bool)),
    ],
    ids=["nothing searchable", "nothing expected"],
)
def test_nothing_to_look_for(expected, searchable):
    drive = GreedyDrive(saliency_map(expected, searchable=searchable), (400, 400), Budget())
    assert drive.next_looks(8) == []
    assert drive.expected_missed() == 0
    assert drive.expected_missed_upper() == 0
    assert drive.searched == (0 if searchable.any() else 1)


def test_small_scene_is_searched_whole():
    drive = GreedyDrive(saliency_map(np.full((125, 250), 1e-7)), (1000, 2000), Budget())
    run(drive)
    assert drive.searched == 1
    assert drive.spent <= MIN_PATCHES


def test_automatic_budget_is_bounded_on_a_large_empty_sea():
    shape = (8192, 8192)
    drive = GreedyDrive(saliency_map(np.full((1024, 1024), 1e-7)), shape, Budget())
    run(drive, batch=ROUND)
    assert MIN_PATCHES * 0.9 <= drive.spent <= 0.08 * 256 + 1


def test_automatic_budget_stops_early_when_all_is_seen():
    expected = np.full((2048, 2048), 1e-9)
    expected[50, 50] = expected[1800, 300] = 1.0
    drive = GreedyDrive(saliency_map(expected), (16384, 16384), Budget())
    looks = run(drive, found=0.1)
    assert MIN_PATCHES <= drive.spent < MIN_PATCHES + 2
    assert sum(look.expected_boats for look in looks[:2]) > 1.99


def test_automatic_budget_goes_on_in_a_harbour_and_no_farther():
    expected = np.full((1024, 1024), 1e-7)
    expected[:512, :512] = 1.5 / 64**2  # a quarter of the scene: more than a boat per patch
    drive = GreedyDrive(saliency_map(expected), (8192, 8192), Budget())
    batches = iter(lambda: drive.next_looks(ROUND), [])
    looks = [look for batch in batches for look in told(drive, batch)]
    assert drive.spent > 0.2 * 256
    assert drive.spent < 0.4 * 256
    assert drive.expected_missed() < 0.05 * expected.sum()
    assert max(max(look.window.row_off, look.window.col_off) for look in looks) < 4200


def told(drive: GreedyDrive, looks: list[Look]) -> list[Look]:
    """Looks that find what was expected."""
    drive.update(looks, [np.full(1, look.expected_boats) for look in looks])
    return looks


def test_time_ends_the_drive():
    now = [0.0]
    drive = GreedyDrive(
        saliency_map(np.full((512, 512), 1e-3)),
        (4096, 4096),
        Budget(seconds=10),
        clock=lambda: now[0],
    )
    assert len(drive.next_looks(4)) == 4
    now[0] = 10.0
    assert drive.next_looks(4) == []


def test_rounds_want_feedback():
    drive = GreedyDrive(saliency_map(np.full((512, 512), 1.0)), (4096, 4096), Budget(patches=40))
    assert len(drive.next_looks(100)) == ROUND
    with pytest.raises(AssertionError, match="update"):
        drive.next_looks(1)


@pytest.mark.parametrize(
    "bad",
    [
        {"patches": 0},
        {"patches": -3},
        {"patches": 0.01},
        {"patches": float("nan")},
        {"seconds": 0},
        {"seconds": float("inf")},
        {"patches": 4, "exhaustive": True},
    ],
)
def test_bad_budgets_are_refused(bad):
    with pytest.raises(OptionError, match=r"patches|seconds"):
        Budget(**bad)


def test_a_lone_boat_is_looked_at_in_the_middle_of_a_window():
    expected = np.zeros((100, 100), np.float32)
    expected[37, 61], expected[37 + 5, 61 + 5] = 0.9, 0.01
    drive = GreedyDrive(saliency_map(expected), (800, 800), Budget(patches=0.1))
    window = drive.next_looks(1)[0].window
    assert abs(window.col_off + window.width / 2 - 61.5 * 8) <= 12
    assert abs(window.row_off + window.height / 2 - 37.5 * 8) <= 12
