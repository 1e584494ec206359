import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pdn_geo.detections import Detections
from pdn_geo.drive.look import Look
from pdn_geo.geometry import Window, oriented_polygons
from pdn_geo.merge import merge

LEFT = Look(
    order=0,
    window=Window(col_off=0, row_off=0, width=256, height=256),
    reason="bright",
    expected_boats=1.0,
)
RIGHT = Look(
    order=1,
    window=Window(col_off=256, row_off=0, width=256, height=256),
    reason="bright",
    expected_boats=1.0,
)
LOOKS = [LEFT, RIGHT]
RELAXED = settings(max_examples=60, deadline=None)  # the first call loads scipy


def boat(x=100.0, y=100.0, length=30.0, width=8.0, angle=0.0, score=0.5, cut=False, look=0):
    return Detections(
        x=[x],
        y=[y],
        length=[length],
        width=[width],
        angle=[angle],
        score=[score],
        wake=[0.0],
        bow_known=[False],
        cut=[cut],
        look=[look],
    )


def merged(*boats: Detections) -> Detections:
    return merge(Detections.concatenate(boats), LOOKS)


def assert_same(a: Detections, b: Detections) -> None:
    for name in ("x", "y", "length", "width", "angle", "score", "wake", "bow_known", "look"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


def test_nothing_stays_nothing():
    assert len(merge(Detections.empty(), [])) == 0


def test_a_boat_seen_twice_is_kept_once_with_the_best_score():
    kept = merged(boat(score=0.6), boat(x=101.0, y=99.5, angle=0.1, score=0.8, look=1))
    assert kept.score.tolist() == [0.8]
    assert kept.look.tolist() == [1]


def test_the_result_is_sorted_best_first():
    kept = merged(boat(score=0.1), boat(y=150, score=0.9), boat(y=200, score=0.5))
    assert kept.score.tolist() == [0.9, 0.5, 0.1]


def test_a_cut_hull_yields_to_the_whole_one_whatever_its_score():
    whole = boat(x=250, length=40, score=0.3, look=1)
    kept = merged(boat(x=243, length=26, score=0.9, cut=True), whole)
    assert_same(kept, whole)


def test_a_cut_hull_does_not_yield_to_a_fragment_of_itself():
    ship = boat(x=206, length=100, width=20, score=0.9, cut=True)
    assert_same(merged(ship, boat(x=190, length=12, width=6, score=0.4, look=1)), ship)


def test_hulls_with_one_centre_are_one_boat_though_they_cross():
    assert len(merged(boat(length=40, width=5), boat(length=40, width=5, angle=1.2))) == 1


def test_tiny_hulls_a_pixel_apart_cannot_be_told_apart():
    assert len(merged(boat(length=2, width=1), boat(x=100.9, length=2, width=1, look=1))) == 1
    assert len(merged(boat(length=2, width=1), boat(x=102.5, length=2, width=1, look=1))) == 2


def test_hulls_without_width_are_compared_too():
    assert len(merged(boat(length=0, width=0), boat(length=0, width=0, look=1))) == 1


@RELAXED
@given(
    angle=st.floats(-np.pi, np.pi),
    width=st.floats(3, 20),
    slenderness=st.floats(2, 8),
    gap=st.floats(-0.1, 0.5),
    looks=st.tuples(st.integers(0, 1), st.integers(0, 1)),
)
def test_boats_moored_side_by_side_stay_two(angle, width, slenderness, gap, looks):
    side = width * (1 + gap)
    other = {"x": 100 - np.sin(angle) * side, "y": 100 + np.cos(angle) * side}
    shape = {"width": width, "length": width * slenderness, "angle": angle}
    assert len(merged(boat(**shape, look=looks[0]), boat(**other, **shape, look=looks[1]))) == 2


def test_their_bounding_boxes_would_have_said_one():
    a = boat(length=60, width=8, angle=np.pi / 4)
    b = boat(x=100 - 6, y=100 + 6, length=60, width=8, angle=np.pi / 4)
    boxes = [shapely.box(*p.bounds) for p in shapely.polygons([a.corners()[0], b.corners()[0]])]
    share = boxes[0].intersection(boxes[1]).area / boxes[0].area
    assert share > 0.7
    assert len(merged(a, b)) == 2


def pieces_of(hull: shapely.Polygon, looks=LOOKS) -> list[Detections]:
    """What each look sees of a hull: the tightest oriented box of the part inside."""
    pieces = []
    for look in looks:
        w = look.window
        part = hull & shapely.box(w.col_off, w.row_off, w.col_end, w.row_end)
        corners = np.array(shapely.oriented_envelope(part).exterior.coords)[:4]
        sides = corners[1:3] - corners[:2]
        lengths = np.hypot(*sides.T)
        angle = np.arctan2(*sides[np.argmax(lengths)][::-1])
        centre = corners.mean(axis=0)
        size = {"length": lengths.max(), "width": lengths.min()}
        score = 0.4 + 0.1 * look.order
        pieces.append(boat(*centre, **size, angle=angle, score=score, cut=True, look=look.order))
    return pieces


@RELAXED
@given(
    angle=st.floats(-0.7, 0.7),
    length=st.floats(60, 200),
    slenderness=st.floats(4, 8),
    where=st.floats(-0.25, 0.25),
    y=st.floats(100, 150),
)
@example(angle=0.0, length=60.0, slenderness=4.0, where=0.25, y=100.0)  # a square stub
def test_pieces_of_a_boat_that_no_look_saw_whole_are_joined(angle, length, slenderness, where, y):
    truth = (256 + where * length, y, length, length / slenderness, angle)
    hull = oriented_polygons(*(np.array([v]) for v in truth))[0]
    kept = merged(*pieces_of(hull))
    assert len(kept) == 1
    assert kept.length[0] == pytest.approx(length, rel=0.05)
    assert kept.score.tolist() == [0.5]
    assert np.hypot(kept.x[0] - truth[0], kept.y[0] - truth[1]) < 0.05 * length
    assert np.sin(kept.angle[0] - angle) == pytest.approx(0, abs=0.1)


def test_pieces_in_overlapping_looks_are_joined_too():
    right = Look(
        order=1,
        window=Window(col_off=246, row_off=0, width=256, height=256),
        reason="bright",
        expected_boats=1.0,
    )
    looks = [LEFT, right]
    hull = oriented_polygons(*(np.array([v]) for v in (250.0, 100.0, 80.0, 14.0, 0.1)))[0]
    kept = merge(Detections.concatenate(pieces_of(hull, looks)), looks)
    assert kept.length == pytest.approx(80, rel=0.05)


def test_boats_side_by_side_across_an_edge_are_joined_each_to_its_own_half():
    hulls = [
        oriented_polygons(*(np.array([v]) for v in (256.0, y, 80.0, 12.0, 0.0)))[0]
        for y in (100.0, 112.5)
    ]
    kept = merged(*pieces_of(hulls[0]), *pieces_of(hulls[1]))
    assert kept.length == pytest.approx([80, 80])
    assert sorted(kept.y) == pytest.approx([100, 112.5])


def test_cut_hulls_of_one_look_are_not_joined():
    a, b = boat(x=226, length=30, cut=True), boat(x=196, length=30, cut=True)
    assert len(merged(a, b)) == 2


@st.composite
def crowds(draw):
    n = draw(st.integers(0, 25))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    length = rng.uniform(1, 60, n)
    return Detections(
        x=rng.uniform(150, 350, n).round(draw(st.integers(0, 3))),
        y=rng.uniform(0, 100, n),
        length=length,
        width=length * rng.uniform(0.1, 1, n),
        angle=rng.uniform(-4, 4, n),
        score=rng.uniform(0, 1, n).round(1),
        wake=rng.uniform(0, 1, n),
        bow_known=rng.uniform(size=n) < 0.5,
        cut=rng.uniform(size=n) < 0.3,
        look=rng.integers(0, 2, n),
    )


@RELAXED
@given(crowd=crowds(), seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_input_does_not_matter(crowd, seed):
    shuffled = crowd[np.random.default_rng(seed).permutation(len(crowd))]
    assert_same(merge(crowd, LOOKS), merge(shuffled, LOOKS[::-1]))


@RELAXED
@given(crowds())
def test_hulls_that_are_kept_do_not_overlap_by_half(crowd):
    kept = merge(crowd, LOOKS)
    hulls = shapely.polygons(kept.corners())
    for i in range(len(kept)):
        for j in range(i):
            smaller = max(1e-9, min(hulls[i].area, hulls[j].area))
            assert hulls[i].intersection(hulls[j]).area < 0.51 * smaller or smaller < 4


@RELAXED
@given(crowds())
def test_whole_hulls_are_kept_as_they_are_and_a_second_merge_changes_nothing(crowd):
    whole = crowd[~crowd.cut]
    kept = merge(whole, LOOKS)
    rows = {(d, s) for d, s in zip(whole.x, whole.score, strict=True)}
    assert rows >= {(d, s) for d, s in zip(kept.x, kept.score, strict=True)}
    assert_same(merge(kept, LOOKS), kept)


def test_many_boats_seen_twice():
    n = 4000
    rng = np.random.default_rng(0)
    cols, rows = np.divmod(np.arange(n), 50)
    once = Detections(
        x=cols * 30.0,
        y=rows * 30.0,
        length=rng.uniform(10, 20, n),
        width=np.full(n, 5.0),
        angle=rng.uniform(-3, 3, n),
        score=rng.uniform(0.2, 0.5, n),
        wake=np.zeros(n),
        bow_known=np.zeros(n),
        cut=np.zeros(n),
        look=np.zeros(n),
    )
    again = once.shifted(0.7, -0.4)
    kept = merge(Detections.concatenate([again, once]), LOOKS)
    assert len(kept) == n


def test_a_look_that_is_not_given_is_named():
    with pytest.raises(ValueError, match=r"not given: \[7\]"):
        merged(boat(look=7))
