"""Tokens, neighbours, surroundings, and fusion."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from pdn_geo.detections import Detections  # noqa: E402
from pdn_geo.drive.look import Look  # noqa: E402
from pdn_geo.geometry import Window  # noqa: E402
from pdn_geo.models.fusion import Fusion  # noqa: E402
from pdn_geo.models.neighbours import ground_neighbours  # noqa: E402
from pdn_geo.models.surroundings import (  # noqa: E402
    SIDE,
    Surroundings,
    block_grid,
    block_sums,
    on_cells,
    surroundings,
)
from pdn_geo.models.tokens import MEASURES, TOTALS, Tokens, look_tokens  # noqa: E402

F, G, DIM = 5, 7, 16


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


def scene_inputs(seed, *, looks=6, boats=4, shift_m=0.0):
    """A scene of looks of 128 px at 2 m with up to `boats` boats each, as Fusion takes it."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 1800, (looks, 2))
    corners[0] = 0  # its surroundings reach out of the scene
    windows = [Window(col_off=int(c), row_off=int(r), width=128, height=128) for c, r in corners]
    parts = []
    for order, window in enumerate(windows):
        n = int(rng.integers(0, boats + 1))
        at = np.array([[window.col_off], [window.row_off]]) + rng.uniform(0, 128, (2, n))
        look = Look(order=order, window=window, reason="", expected_boats=float(rng.random()))
        features = rng.normal(size=(F, 32, 32)).astype(np.float32)
        found = boats_at(*at, rng.random(n))
        parts.append(look_tokens(look, found, features, stride=4, gsd_m=2.0, boats=boats))
    tokens = Tokens.concatenate(parts)
    near, is_near = ground_neighbours(tokens.place[:, 0].numpy(), reach=2000.0, count=3)
    features = torch.from_numpy(rng.normal(size=(G, 250, 250)).astype(np.float32))
    around = surroundings(features, windows, stride=8, gsd_m=2.0)
    tokens = replace(tokens, place=tokens.place + shift_m)
    around = replace(around, place=around.place + shift_m)
    return tokens, torch.from_numpy(near), torch.from_numpy(is_near), around


def opened(seed=0) -> Fusion:
    """A fusion whose gates are no longer shut."""
    torch.manual_seed(seed)
    fusion = Fusion(F, G, dim=DIM, heads=2)
    for gate in (fusion.boat_gate, fusion.cell_gate):
        torch.nn.init.normal_(gate)
    return fusion.eval()


# --- tokens ------------------------------------------------------------------------------


def test_a_token_holds_the_feature_under_its_boat_and_its_place_in_metres():
    window = Window(col_off=100, row_off=60, width=64, height=96)
    look = Look(order=7, window=window, reason="", expected_boats=3.0)
    # features that say their own row and column, one row and column more than the look has
    grid = np.stack(np.meshgrid(np.arange(25.0), np.arange(17.0), indexing="ij")).astype("f4")
    found = boats_at([100.0, 130.5, 163.99], [60.0, 101.0, 155.99], [0.9, 0.5, 0.2])
    tokens = look_tokens(look, found, grid, stride=4, gsd_m=2.0, boats=5)
    assert tokens.boats.shape == (1, 5, 2 + MEASURES)
    assert tokens.summary.shape == (1, 2 + TOTALS)
    assert tokens.real.tolist() == [[True] * 4 + [False] * 2]
    assert tokens.boats[0, :3, :2].tolist() == [[0, 0], [10, 7], [23, 15]]
    assert (tokens.boats[0, 3:] == 0).all()
    assert tokens.place[0, 0].tolist() == [(100 + 32) * 2, (60 + 48) * 2]
    assert tokens.place[0, 2].tolist() == [261, 202]
    logits = np.log([9.0, 1.0, 0.25])
    np.testing.assert_allclose(tokens.boats[0, :3, 2], logits, rtol=1e-4, atol=1e-6)
    assert tokens.boats[0, 0, 3].item() == pytest.approx(np.log(16), rel=1e-5)
    # the mean is over the look alone: rows 0-23, columns 0-15
    assert tokens.summary[0, :2].tolist() == [11.5, 7.5]
    np.testing.assert_allclose(tokens.summary[0, 2:], np.log1p([1.6, 3.0]), rtol=1e-5)
    np.testing.assert_allclose(tokens.look[0], [1, 0, np.log(8)], rtol=1e-6)
    assert (tokens.time == 0).all()


def test_only_the_best_boats_become_tokens_but_all_are_counted():
    window = Window(col_off=0, row_off=0, width=64, height=64)
    look = Look(order=0, window=window, reason="", expected_boats=0.0)
    found = boats_at(np.arange(10.0), np.arange(10.0), np.linspace(1, 0, 10))
    features = np.zeros((1, 16, 16), np.float32)
    tokens = look_tokens(look, found, features, stride=4, gsd_m=np.nan, boats=3)
    assert tokens.real.tolist() == [[True] * 4]
    assert torch.isfinite(tokens.boats).all()
    assert tokens.summary[0, -2].item() == pytest.approx(np.log1p(5.0))


# --- neighbours --------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(1, 9), st.integers(1, 30), st.integers(0, 999))
def test_neighbours_equal_brute_force(looks, count, reach, seed):
    # whole numbers from a small field: many ties, some looks at one place
    centre = np.random.default_rng(seed).integers(0, 20, (looks, 2)).astype(np.float64)
    index, mask = ground_neighbours(centre, reach=float(reach), count=count)
    assert index.shape == mask.shape == (looks, count)
    apart = np.hypot(*(centre[:, None] - centre).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    for i in range(looks):
        chosen = index[i, mask[i]]
        assert i not in chosen
        assert len(set(chosen)) == len(chosen)
        best = np.sort(apart[i][apart[i] <= reach])[:count]
        np.testing.assert_allclose(apart[i, chosen], best)
        assert not mask[i, len(best) :].any()


def test_neighbours_do_not_depend_on_the_order_of_the_looks():
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.arange(8), np.arange(8))  # a tiling: ties everywhere
    centre = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float64)
    index, mask = ground_neighbours(centre, reach=1.5, count=3)
    order = rng.permutation(len(centre))
    again, mask_again = ground_neighbours(centre[order], reach=1.5, count=3)
    assert (mask_again == mask[order]).all()
    assert (order[again] == index[order])[mask_again].all()


# --- surroundings ------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "col", "row"), [(128, 700, 300), (512, 0, 900), (200, 1790, 10)])
def test_blocks_equal_brute_force(side, col, row):
    window = Window(col_off=col, row_off=row, width=side, height=side // 2)
    planes = torch.from_numpy(np.random.default_rng(0).random((2, 180, 250), dtype=np.float32))
    around = surroundings(planes, [window], stride=8, gsd_m=3.0)
    first_row, first_col, cells = around.cells[0].tolist()
    assert cells * SIDE * 8 >= 2 * side
    for block in (0, 5, 100, 136, SIDE * SIDE - 1):
        top, left = first_row + block // SIDE * cells, first_col + block % SIDE * cells
        held = planes[:, max(top, 0) : max(top + cells, 0), max(left, 0) : max(left + cells, 0)]
        inside = held.shape[1] > 0 and held.shape[2] > 0
        assert around.real[0, block] == inside
        wanted = held.mean((1, 2)) if inside else torch.zeros(2)
        torch.testing.assert_close(around.features[0, block], wanted)
        place = [(left + cells / 2) * 24, (top + cells / 2) * 24]
        assert around.place[0, block].tolist() == place
    middle = [(col + side / 2) * 3, (row + side / 4) * 3]
    assert np.abs(around.place[0].mean(0).numpy() - middle).max() <= 8 * 3


def test_a_look_of_blocks_goes_back_to_its_cells():
    windows = [
        Window(col_off=c, row_off=r, width=s, height=s)
        for c, r, s in [(0, 0, 128), (40, 0, 128), (900, 900, 256)]
    ]
    cells = block_grid(windows, 8)
    said = torch.randn(3, SIDE * SIDE, generator=torch.Generator().manual_seed(0))
    drawn = on_cells(said, cells, (150, 140))
    assert drawn.shape == (150, 140)
    row, col, side = cells[2].tolist()
    assert drawn[row + 3 * side, col + 5 * side] == said[2, 3 * SIDE + 5]
    # two looks reach these cells: their mean
    at = [int((5 - r) // s * SIDE + (6 - c) // s) for r, c, s in cells[:2].tolist()]
    torch.testing.assert_close(drawn[5, 6], (said[0, at[0]] + said[1, at[1]]) / 2)
    assert drawn[60, 60] == 0
    # what is constant in every block sums up to what it was
    ones = block_sums(torch.ones(1, 150, 140), cells)
    assert ones.max() == (cells[:, 2] ** 2).max()


# --- fusion ------------------------------------------------------------------------------


def test_fusion_starts_as_the_identity_with_only_its_gates_to_learn():
    fusion = Fusion(F, G, dim=DIM, heads=2)
    fused = fusion(*scene_inputs(0))
    assert (fused.boats == 0).all()
    assert (fused.log_ratio == 0).all()
    (fused.boats.sum() + fused.log_ratio.sum()).backward()
    moving = {n for n, p in fusion.named_parameters() if p.grad is not None and p.grad.any()}
    assert moving == {"boat_gate", "cell_gate"}


def test_the_gradient_reaches_everything():
    fusion = opened()
    fused = fusion(*scene_inputs(0))
    (fused.boats.square().sum() + fused.log_ratio.square().sum()).backward()
    still = [n for n, p in fusion.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []


def test_looks_come_in_any_order():
    tokens, near, is_near, around = scene_inputs(1)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    where = torch.argsort(order)
    fusion = opened()
    fused = fusion(tokens, near, is_near, around)
    mixed = fusion(tokens[order], where[near[order]], is_near[order], around[order])
    for one, other in zip(fused, mixed, strict=True):
        torch.testing.assert_close(one[order], other, atol=1e-5, rtol=1e-4)


def test_what_is_padded_does_not_matter():
    tokens, near, is_near, around = scene_inputs(2)
    fusion = opened()
    fused = fusion(tokens, near, is_near, around)
    assert (~tokens.real).any()
    assert (~around.real).any()
    junk = {
        "boats": tokens.boats.masked_fill(~tokens.real[:, 1:, None], 9.0),
        "place": tokens.place.masked_fill(~tokens.real[..., None], 1e4),
    }
    wild = replace(around, features=around.features.masked_fill(~around.real[..., None], -9.0))
    other_near = torch.where(is_near, near, 1)
    changed = fusion(replace(tokens, **junk), other_near, is_near, wild)
    wider = Tokens(
        *(
            torch.cat([v, torch.zeros_like(v[:, :2])], 1) if v.ndim > 1 and n in LONG else v
            for n, v in ((f.name, getattr(tokens, f.name)) for f in fields(tokens))
        )
    )
    nobody = torch.zeros(len(near), 2, dtype=torch.int64)
    longer = fusion(
        wider, torch.cat([near, nobody], 1), torch.cat([is_near, nobody > 0], 1), around
    )
    for one, other in zip(fused, changed, strict=True):
        torch.testing.assert_close(one, other)
    for one, other in zip(fused, longer, strict=True):
        torch.testing.assert_close(one, other[:, : one.shape[1]])
    assert (longer.boats[:, fused.boats.shape[1] :] == 0).all()


LONG = ("boats", "real", "place", "time")


def test_scenes_in_one_batch_equal_scenes_alone():
    parts = [scene_inputs(seed, looks=looks) for seed, looks in ((0, 6), (1, 1), (2, 4))]
    fusion = opened()
    alone = [fusion(*part) for part in parts]
    tokens, around = (kind.concatenate([p[i] for p in parts]) for kind, i in KINDS)
    starts = (0, 6, 7)
    near = torch.cat([p[1] + start for p, start in zip(parts, starts, strict=True)])
    together = fusion(tokens, near, torch.cat([p[2] for p in parts]), around)
    for i, whole in enumerate(together):
        torch.testing.assert_close(torch.cat([a[i] for a in alone]), whole)


KINDS = ((Tokens, 0), (Surroundings, 3))


def test_it_matters_where_things_are_but_not_where_the_scene_is():
    fusion = opened()
    here, there = fusion(*scene_inputs(3)), fusion(*scene_inputs(3, shift_m=65536.0))
    torch.testing.assert_close(here.boats, there.boats, atol=2e-3, rtol=1e-2)
    tokens, *rest = scene_inputs(3)
    moved = tokens.place.clone()
    moved[:, 1:] += 40.0
    elsewhere = fusion(replace(tokens, place=moved), *rest)
    assert (elsewhere.boats - here.boats).abs().max() > 0.01


def test_only_neighbours_are_heard():
    tokens, near, _, around = scene_inputs(4)
    fusion = opened()
    louder = replace(tokens, summary=tokens.summary.clone())
    louder.summary[5] += 1.0
    hears = near.clone()
    hears[:] = 0
    is_near = torch.zeros_like(near, dtype=torch.bool)
    is_near[2, 0], hears[2, 0] = True, 5
    before, after = (fusion(t, hears, is_near, around).summary for t in (tokens, louder))
    changed = (before - after).abs().amax(1) > 1e-6
    assert changed.tolist() == [False, False, True, False, False, True]


def test_time_is_heard():
    tokens, *rest = scene_inputs(0)
    fusion = opened()
    later = replace(tokens, time=tokens.time - 30.0)
    assert (fusion(later, *rest).boats - fusion(tokens, *rest).boats).abs().max() > 1e-3
