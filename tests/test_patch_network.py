"""The patch network: shapes, backbones, and that it can learn what targets say."""

import pytest

torch = pytest.importorskip("torch", reason="the patch network needs torch")
import numpy as np  # noqa: E402

from pdn_geo.engines.network.inputs import CHANNELS  # noqa: E402
from pdn_geo.engines.network.maps import MAPS, ScoreLaw, decode  # noqa: E402
from pdn_geo.models.patch_network import PatchNetwork  # noqa: E402
from pdn_geo.training.boats import Boats  # noqa: E402
from pdn_geo.training.losses import focal, hull_distance, loss_parts, patch_loss  # noqa: E402
from pdn_geo.training.targets import TARGETS, draw_targets  # noqa: E402


def test_maps_have_the_stride_that_was_asked_for():
    patches = torch.zeros(2, len(CHANNELS), 64, 96)
    for stride in (2, 4):
        maps = PatchNetwork(stride=stride).eval()(patches)
        assert maps.shape == (2, len(MAPS), 64 // stride, 96 // stride)


def test_a_lone_boat_counts_beside_a_full_marina():
    logit, target = torch.full((2, 16, 16), -3.0), torch.zeros(2, 16, 16)
    target[0, ::2, ::2] = 1.0
    target[1, 8, 8] = 1.0
    known = torch.ones_like(target)
    logit.requires_grad_()
    focal(logit, target, known).backward()
    lone, one_of_many = (logit.grad[i, 8, 8].abs() for i in (1, 0))
    assert lone > 4 * one_of_many


@pytest.mark.parametrize(
    "name", ["resnet18", "convnext_atto", "swin_tiny_patch4_window7_224", "mobilenetv3_small_050"]
)
def test_any_backbone_of_timm_by_name(name):
    network = PatchNetwork(name).eval()
    maps = network(torch.zeros(1, len(CHANNELS), 64, 128))
    assert maps.shape == (1, len(MAPS), 16, 32)


def test_maps_may_be_finer_than_any_feature_of_the_backbone():
    maps = PatchNetwork("convnext_atto", stride=2).eval()(torch.zeros(1, len(CHANNELS), 64, 64))
    assert maps.shape == (1, len(MAPS), 32, 32)


def test_the_untrained_network_expects_few_boats():
    torch.manual_seed(0)
    maps = PatchNetwork().eval()(torch.randn(1, len(CHANNELS), 64, 64))
    assert torch.sigmoid(maps[:, 0]).mean() < 0.05


def boats(**changed):
    fields = {
        "x": [30.0], "y": [22.0], "length": [24.0], "width": [8.0], "angle": [0.5],
        "wake": [1.0], "bow_known": [True], "counts": [True], **changed,
    }  # fmt: skip
    return Boats(**{name: np.asarray(value) for name, value in fields.items()})


def learned_by_heart(boats, stride):
    """What the network finds in one crop after it was taught nothing else."""
    torch.manual_seed(0)
    network = PatchNetwork(stride=stride)
    targets = torch.from_numpy(draw_targets(boats, [], 64, stride))[None]
    inputs = torch.randn(1, len(CHANNELS), 64, 64)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(120):
        loss = sum(patch_loss(network, {"inputs": inputs, "targets": targets}).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    maps = network(inputs)[0].detach().numpy()
    even = np.ones((64, 64), np.float32)
    return decode(
        maps, stride=stride, law=ScoreLaw(), gsd_m=1.0, water=even, density=even, min_score=0.3
    )


@pytest.mark.parametrize("stride", [2, 4])
def test_the_network_learns_one_boat_by_heart(stride):
    found = learned_by_heart(boats(), stride)
    assert len(found) == 1
    assert (found.x[0], found.y[0]) == pytest.approx((30, 22), abs=1)
    assert (found.length[0], found.width[0]) == pytest.approx((24, 8), rel=0.15)
    assert np.mod(found.angle[0] - 0.5 + 0.2, np.pi) == pytest.approx(0.2, abs=0.15)


def test_fine_maps_tell_boats_side_by_side():
    pair = boats(
        x=[29.0, 29.0], y=[27.0, 31.0], length=[9.0, 9.0], width=[3.0, 3.0], angle=[0.0, 0.0],
        wake=[0.0, 0.0], bow_known=[True, True], counts=[True, True],
    )  # fmt: skip
    assert sorted(learned_by_heart(pair, 2).y) == pytest.approx([27, 31], abs=0.7)
    assert len(learned_by_heart(pair, 4)) == 1


def wanted(boats, ignore=(), side=64):
    return dict(zip(TARGETS, draw_targets(boats, ignore, side, 4), strict=True))


def test_targets_are_one_at_the_centre_and_fall_off_along_the_hull():
    at = wanted(boats(angle=[0.0], length=[48.0]))
    assert at["boat"][5, 7] == 1
    assert (at["boat"] == 1).sum() == 1
    assert at["boat"][5, 9] > 5 * at["boat"][7, 7]  # along more than across
    assert at["dx"][5, 7] == pytest.approx(30 / 4 - 7.5)


def test_doubtful_boats_and_those_centred_outside_are_neither_taught_nor_forbidden():
    for unsure in (boats(counts=[False]), boats(x=[-3.0])):
        at = wanted(unsure)
        assert at["boat"].max() == 0
        assert 0 < (at["known"] == 0).sum() < 40


def test_ignored_areas_are_not_known_but_for_boats_in_them():
    import shapely

    at = wanted(boats(), [shapely.box(16, 8, 48, 40)])
    assert at["known"][5, 7] == 1
    assert at["known"][4, 4] == 0
    assert at["known"][15, 15] == 1


def test_short_hulls_teach_no_axis_and_points_no_size():
    assert wanted(boats(length=[4.0], width=[3.0]))["axis_known"].max() == 0
    point = wanted(boats(length=[np.nan], width=[np.nan], angle=[np.nan]))
    assert point["boat"].max() == 1
    assert point["size_known"].max() == 0
    assert all(np.isfinite(layer).all() for layer in point.values())


def test_an_unknown_cell_costs_nothing():
    logit, target = torch.full((1, 4, 4), 3.0), torch.zeros(1, 4, 4)
    assert focal(logit, target, torch.zeros(1, 4, 4)) == 0
    assert focal(logit, target, torch.ones(1, 4, 4)) > 0


def test_maps_that_say_what_targets_say_cost_next_to_nothing():
    targets = torch.from_numpy(draw_targets(boats(), [], 64, 4))[None]
    at = dict(zip(TARGETS, targets.unbind(1), strict=True))
    layers = {name: at[name] for name in MAPS if name not in ("boat", "wake")}
    layers["boat"] = torch.where(at["boat"] == 1, 12.0, -12.0)
    layers["wake"] = torch.where(at["wake"] == 1, 12.0, -12.0)
    parts = loss_parts(torch.stack([layers[name] for name in MAPS], 1), targets)
    assert set(parts) == {"boat", "offset", "size", "axis", "bow", "wake", "hull"}
    assert all(part < 0.05 for part in parts.values())


def test_hull_distance_sees_the_axis_of_long_hulls():
    def hull(angle):
        size = torch.tensor([np.log(4.0)]), torch.tensor([np.log(1.0)])
        turn = {"sin_2a": torch.tensor([np.sin(2 * angle)]),
                "cos_2a": torch.tensor([np.cos(2 * angle)])}  # fmt: skip
        return {"log_length": size[0], "log_width": size[1], **turn}

    same, near, across = (hull_distance(hull(a), hull(0.3)).item() for a in (0.3, 0.5, 1.87))
    assert same < 0.05
    assert same < near < across
