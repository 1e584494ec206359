"""Matching by hand-made cases with known counts, and its properties."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pdn_geo.evaluation import Hulls, Truth, match_detections, match_hulls
from pdn_geo.evaluation.hulls import axis_difference_deg
from pdn_geo.geometry import oriented_polygons

NOTHING = np.empty(0, dtype=object)


def truth_of(boats, doubtful=NOTHING, ignore=NOTHING) -> Truth:
    return Truth(
        Hulls.measure(np.asarray(boats, dtype=object)),
        Hulls.measure(np.asarray(doubtful, dtype=object)),
        np.asarray(ignore, dtype=object),
    )


def points_truth(x, y) -> Truth:
    return truth_of(shapely.points(np.asarray(x, dtype=float), np.asarray(y, dtype=float)))


def test_second_detection_of_one_boat_is_a_false_alarm():
    truth = truth_of([shapely.box(0, 0, 20, 5)])
    match = match_detections([10, 11], [2, 2], [0.6, 0.9], truth, 1.5)
    assert match.boat.tolist() == [-1, 0]
    assert match.is_false.tolist() == [True, False]


def test_the_nearest_free_boat_is_taken():
    truth = points_truth([0, 10], [0, 0])
    match = match_detections([6, 5], [0, 0], [0.9, 0.8], truth, 15)
    assert match.boat.tolist() == [1, 0]


def test_inside_a_hull_beats_a_nearer_centre():
    long_ship, dinghy = shapely.box(0, 0, 100, 10), shapely.box(5, 11, 7, 12)
    match = match_detections([6], [9], [0.5], truth_of([dinghy, long_ship]), 15)
    assert match.boat.tolist() == [1]


@pytest.mark.parametrize(("off", "hit"), [(14.99, True), (15.0, True), (15.01, False)])
def test_the_hull_grows_by_the_tolerance(off, hit):
    truth = truth_of([shapely.box(0, 0, 30, 6)])
    assert match_detections([30 + off], [3], [1], truth, 15.0).boat[0] == (0 if hit else -1)


def test_a_grown_corner_is_round():
    truth = truth_of([shapely.box(0, 0, 30, 6)])
    assert match_detections([30 + 12], [6 + 12], [1], truth, 15.0).boat[0] == -1


def test_ignore_areas_and_doubtful_boats_count_neither_way():
    truth = truth_of(
        [shapely.box(0, 0, 10, 4)],
        doubtful=[shapely.box(100, 0, 110, 4)],
        ignore=[shapely.box(200, 0, 300, 100)],
    )
    x, y = [5, 111, 112, 250, 201, 150], [2, 2, 2, 50, 1, 50]
    match = match_detections(x, y, np.linspace(0.9, 0.4, 6), truth, 1.5)
    assert match.boat.tolist() == [0, -1, -1, -1, -1, -1]
    assert match.ignored.tolist() == [False, True, False, True, True, False]
    assert match.is_false.sum() == 2


def test_a_labelled_boat_inside_an_ignore_area_is_matched_first():
    truth = truth_of([shapely.box(10, 10, 20, 14)], ignore=[shapely.box(0, 0, 100, 100)])
    match = match_detections([15, 15, 90], [12, 12, 90], [0.9, 0.8, 0.7], truth, 1.5)
    assert match.boat.tolist() == [0, -1, -1]
    assert match.ignored.tolist() == [False, True, True]


@pytest.mark.parametrize("count", [0, 3])
def test_nothing_against_nothing(count):
    x = np.arange(count, dtype=float)
    match = match_detections(x, x, x, Truth.empty(), 15)
    assert match.boat.tolist() == [-1] * count
    assert match.is_false.all()
    assert len(match_detections([], [], [], points_truth([1], [1]), 15).boat) == 0
    assert len(match_hulls(Hulls.measure(NOTHING), [], Truth.empty(), 15).boat) == 0


coordinates = st.integers(0, 40).map(float)


@st.composite
def crowds(draw):
    """Detections and boats on so small a field that ties and duels are common."""
    boats = draw(hnp.arrays(np.float64, (draw(st.integers(0, 12)), 2), elements=coordinates))
    seen = draw(hnp.arrays(np.float64, (draw(st.integers(0, 12)), 2), elements=coordinates))
    levels = st.sampled_from([0.2, 0.5, 0.9])
    return boats, seen, draw(hnp.arrays(np.float64, len(seen), elements=levels))


@given(crowds(), st.floats(0, 20))
def test_one_to_one_and_within_tolerance(crowd, tolerance):
    boats, seen, score = crowd
    match = match_detections(*seen.T, score, points_truth(*boats.T), tolerance)
    found = match.boat[match.boat >= 0]
    assert len(set(found.tolist())) == len(found)
    distance = np.hypot(*(seen[match.boat >= 0] - boats[found]).T)
    assert (distance <= tolerance).all()
    free = np.setdiff1d(np.arange(len(boats)), found)
    for missed in seen[match.boat < 0]:  # greedy leaves no pair that could still be made
        assert (np.hypot(*(boats[free] - missed).T) > tolerance).all()


@given(crowds(), st.randoms(use_true_random=False))
def test_order_of_input_does_not_matter(crowd, random):
    boats, seen, score = crowd
    match = match_detections(*seen.T, score, points_truth(*boats.T), 8)
    mix = np.array(random.sample(range(len(seen)), len(seen)), dtype=int)
    turn = np.array(random.sample(range(len(boats)), len(boats)), dtype=int)
    mixed = match_detections(*seen[mix].T, score[mix], points_truth(*boats[turn].T), 8)
    assert sorted(score[match.boat >= 0]) == sorted(score[mix][mixed.boat >= 0])
    same = {tuple(boats[b]) for b in match.boat if b >= 0}
    assert same == {tuple(boats[turn][b]) for b in mixed.boat if b >= 0}


@given(crowds())
def test_a_higher_threshold_gives_a_part_of_the_same_match(crowd):
    boats, seen, score = crowd
    truth = points_truth(*boats.T)
    high = score >= 0.5
    match = match_detections(*seen.T, score, truth, 8)
    alone = match_detections(*seen[high].T, score[high], truth, 8)
    assert match.boat[high].tolist() == alone.boat.tolist()


def test_overlap_of_half_is_a_hit():
    truth = truth_of([shapely.box(0, 0, 30, 10)])
    half, less = shapely.box(0, 0, 15, 10), shapely.box(0, 0, 14.9, 10)
    for hull, boat in ((half, 0), (less, -1)):
        assert match_hulls(Hulls.measure([hull]), [1.0], truth, 15).boat.tolist() == [boat]


def test_overlap_takes_the_best_fit():
    truth = truth_of([shapely.box(0, 0, 30, 10), shapely.box(2, 0, 32, 10)])
    hulls = Hulls.measure([shapely.box(2, 0, 32, 10), shapely.box(2, 0, 32, 10)])
    assert match_hulls(hulls, [0.4, 0.8], truth, 15).boat.tolist() == [0, 1]


@given(
    length=st.floats(2, 300),
    slender=st.floats(1.2, 8),
    angle=st.floats(-10, 10),
    x=st.floats(-1e4, 1e4),
)
def test_hulls_measure_what_boxes_were_made_from(length, slender, angle, x):
    polygons = oriented_polygons([x], [-x], [length], [length / slender], [angle])
    hulls = Hulls.measure(polygons)
    assert hulls.length[0] == pytest.approx(length, rel=1e-6)
    assert hulls.width[0] == pytest.approx(length / slender, rel=1e-6)
    assert (hulls.x[0], hulls.y[0]) == pytest.approx((x, -x), abs=1e-6)
    assert axis_difference_deg(hulls.angle, angle)[0] == pytest.approx(0, abs=1e-3)


def test_lines_get_their_beam_and_points_have_no_size():
    shapes = [shapely.LineString([(0, 0), (10, 0)])] * 2 + [shapely.Point(3, 4)]
    hulls = Hulls.measure(shapes, [4, np.nan, 4])
    assert shapely.area(hulls.geometry).tolist() == [40, 0, 0]
    np.testing.assert_allclose(hulls.length, [10, 10, np.nan])
    np.testing.assert_allclose(hulls.width, [4, 0, np.nan])
    assert hulls.has_area.tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("a", "b", "expected"), [(0, 180, 0), (10, 350, 20), (0, 90, 90), (5, 100, 85)]
)
def test_axes_have_no_bow(a, b, expected):
    difference = axis_difference_deg(np.radians([a]), np.radians(b))
    assert difference == pytest.approx([expected], abs=1e-9)
