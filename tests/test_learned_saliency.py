"""The shipped network behind the saliency map."""

from dataclasses import replace
from importlib.resources import as_file, files

import numpy as np
import pytest

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.errors import OptionError
from pdn_geo.geometry import Window
from pdn_geo.io.cells import cell_statistics
from pdn_geo.saliency import learned as module
from pdn_geo.saliency.builder import DEFAULT_PRIORS, LIKE_BOATS, SWEEP, SaliencyBuilder
from pdn_geo.saliency.fisher import surprise
from pdn_geo.saliency.learned import LearnedSaliency, shipped_saliency
from pdn_geo.saliency.planes import (
    BANDS,
    CHANNELS,
    PRIORS,
    NetworkPlanes,
    suits,
)
from pdn_geo.saliency.prior import view_sea
from pdn_geo.scene import Pixels

shipped = pytest.mark.skipif(
    not files("pdn_geo.weights").joinpath("saliency.onnx").is_file(),
    reason="no weights of a learned saliency ship yet",
)

STRIDE = 8
RGB = ("red", "green", "blue")
BOATS = ((30, 40), (90, 20), (70, 101))  # rows and cols of cells


def sea(rows=120, cols=128, seed=0):
    """Open sea at 3 m with three white boats of 30 m."""
    rng = np.random.default_rng(seed)
    colour = np.array([28, 40, 42], np.float32)[:, None, None]
    pixels = colour + rng.normal(0, 1.5, (3, rows * STRIDE, cols * STRIDE)).astype(np.float32)
    for row, col in BOATS:
        pixels[:, row * STRIDE + 2 : row * STRIDE + 5, col * STRIDE - 2 : col * STRIDE + 8] = 150
    return pixels


def anchor_of(pixels) -> GlobalAnchor:
    cells = cell_statistics(Pixels(pixels, np.ones(pixels.shape[1:], np.bool_)), STRIDE)
    rows, cols = cells.valid.shape
    window = Window(col_off=0, row_off=0, width=cols, height=rows)
    mean, maximum, minimum, std = cells.statistics
    return GlobalAnchor(
        stride=STRIDE, window=window, core=window,
        mean=mean, max=maximum, min=minimum, std=std, valid=cells.valid,
    )  # fmt: skip


def planes_of(anchor, bands=RGB, gsd_m=3.0):
    water = np.ones(anchor.valid.shape, np.float32)
    view = view_sea(anchor, water)
    planes = NetworkPlanes(anchor, bands, view, water, STRIDE * gsd_m)
    for number, prior in enumerate(DEFAULT_PRIORS):
        score = prior.score(view)
        planes.enter(number, score, surprise(score, view.sea))
    return planes[:, :, :]


def saliency_of(pixels, learned, bands=RGB):
    builder = SaliencyBuilder(pixels.shape[1:], STRIDE, bands, 3.0, learned=learned)
    builder.add(anchor_of(pixels))
    return builder.finish()[0]


def test_priors_are_the_planes_that_the_network_knows():
    assert tuple(prior.name for prior in DEFAULT_PRIORS) == PRIORS


def test_planes_are_in_units_of_the_sea():
    """A brighter scene with more contrast is the same scene."""
    pixels = sea()
    planes = planes_of(anchor_of(pixels))
    assert planes.shape == (len(CHANNELS), 120, 128)
    brighter = planes_of(anchor_of(9 * pixels + 500))
    ranks = [CHANNELS.index(f"rank {name}") for name in PRIORS]
    np.testing.assert_allclose(
        np.delete(planes, ranks, axis=0), np.delete(brighter, ranks, axis=0), atol=0.05
    )
    # Rounding changes places among the rarest cells, by one or two.
    off = np.abs(planes[ranks].astype(np.float32) - brighter[ranks])
    assert np.percentile(off, 99) < 0.05
    sea_cells = planes[0, :20, 60:]
    assert abs(float(np.median(sea_cells))) < 0.2
    assert 0.5 < float(sea_cells.astype(np.float32).std()) < 1.3
    row, col = BOATS[0]
    assert planes[CHANNELS.index("red max"), row, col] > 3
    assert planes[CHANNELS.index("red std"), row, col] > 1
    assert planes[CHANNELS.index("prior cfar-bright"), row, col] > 3


def test_ranks_say_how_rare_a_score_is_in_the_scene():
    planes = planes_of(anchor_of(sea()))
    bright = planes[CHANNELS.index("rank cfar-bright")].astype(np.float32)
    cells = bright.size
    for rarer_than in (0.5, 0.1, 0.01):
        share = np.count_nonzero(bright > -np.log(rarer_than)) / cells
        assert share == pytest.approx(rarer_than, rel=0.1)
    assert min(bright[at] for at in BOATS) > np.log(cells / 20)
    assert bright.max() <= 10


def test_planes_of_bands_that_are_not_there_are_zero():
    anchor = anchor_of(sea())
    first = 4 * BANDS.index("nir")
    assert not planes_of(anchor)[first : first + 4].any()
    order = [2, 1, 0]
    turned = replace(
        anchor, **{name: getattr(anchor, name)[order] for name in ("mean", "max", "min", "std")}
    )
    np.testing.assert_array_equal(planes_of(turned, bands=RGB[::-1])[:16], planes_of(anchor)[:16])


def test_cells_without_pixels_are_zero():
    anchor = anchor_of(sea())
    anchor.valid[5:9] = 0
    planes = planes_of(anchor)
    assert not planes[:-1, 5:9].any()
    assert planes[-2, :5].all()


@pytest.mark.parametrize(
    ("bands", "fits"),
    [(RGB, True), (("blue", "green", "red", "nir", "swir"), True), (("gray",), False),
     (("VV", "VH"), False), (("red", "green"), False)],
)  # fmt: skip
def test_only_colour_suits(bands, fits):
    assert suits(bands) is fits


@shipped
def test_boats_stand_out():
    known = saliency_of(sea(), shipped_saliency())
    for row, col in BOATS:
        near = known.expected_boats[row - 1 : row + 2, col - 1 : col + 2]
        assert near.sum() > 0.3
    assert 1 < known.expected_boats.sum() < 8
    assert known.expected_boats.dtype == np.float32
    assert (known.expected_boats > 0).all()


@shipped
def test_reasons_are_words_of_the_priors_that_speak():
    known = saliency_of(sea(), shipped_saliency())
    words = {prior.reason for prior in DEFAULT_PRIORS}
    assert {known.reasons[known.reason[at]] for at in BOATS} <= words
    everywhere = {known.reasons[i] for i in np.unique(known.reason)}
    assert everywhere <= {SWEEP, LIKE_BOATS, *words}


@shipped
def test_squares_give_what_the_whole_tile_gives(monkeypatch):
    planes = planes_of(anchor_of(sea(rows=121, cols=127)))
    whole = shipped_saliency().expected_boats(planes)
    monkeypatch.setattr(module, "_SQUARE", 52)
    squares = shipped_saliency().expected_boats(planes)
    assert whole.shape == (121, 127)
    np.testing.assert_allclose(squares, whole, rtol=1e-4, atol=1e-7)


@shipped
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (7, 130)])
def test_small_scenes(shape):
    planes = np.zeros((len(CHANNELS), *shape), np.float16)
    boats = shipped_saliency().expected_boats(planes)
    assert boats.shape == shape
    assert (boats >= 0).all()


@shipped
def test_without_colour_the_priors_judge():
    pixels = sea()[:1]
    np.testing.assert_array_equal(
        saliency_of(pixels, shipped_saliency(), bands=("gray",)).expected_boats,
        saliency_of(pixels, None, bands=("gray",)).expected_boats,
    )


def test_wrong_models_are_named(tmp_path):
    text = tmp_path / "model.onnx"
    text.write_text("no network")
    with pytest.raises(OptionError, match="not a saliency model"):
        LearnedSaliency(text)
    with pytest.raises(OptionError, match="not a saliency model"):
        LearnedSaliency(tmp_path / "absent.onnx")


@shipped
def test_the_network_wants_its_own_priors():
    with pytest.raises(ValueError, match="goes with the priors cfar-bright"):
        SaliencyBuilder(
            (64, 64), STRIDE, RGB, 3.0, priors=DEFAULT_PRIORS[:2], learned=shipped_saliency()
        )


@shipped
def test_both_engines_give_the_same():
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    from pdn_geo.models.global_stream import GlobalStream

    network = GlobalStream(len(CHANNELS)).eval()
    with as_file(files("pdn_geo") / "weights" / "saliency.safetensors") as weights:
        network.load_state_dict(load_file(weights))
    planes = planes_of(anchor_of(sea()))
    with torch.no_grad():
        logs = network(torch.from_numpy(planes.astype(np.float32))[None]).expected
    boats = shipped_saliency().expected_boats(planes)
    assert boats.max() > 0.1
    np.testing.assert_allclose(torch.exp(logs)[0].numpy(), boats, atol=1e-3, rtol=1e-3)


def test_crops_about_boats_weigh_less():
    """So that sums over crops are right, though most crops hold boats."""
    pytest.importorskip("torch")
    from pdn_geo.training.anchors import AnchorExample
    from pdn_geo.training.saliency import SaliencyTraining, _Drawer

    rng = np.random.default_rng(0)
    boats = np.zeros((400, 400), np.float32)
    rows, cols = rng.integers(150, 190, (2, 20))
    boats[rows, cols] = 1
    boats[300, 80] = 1
    example = AnchorExample(
        site="a/b", group="a", planes=np.zeros((len(CHANNELS), 400, 400), np.float16),
        boats=boats, known=np.ones(boats.shape, np.bool_), water=np.ones_like(boats),
    )  # fmt: skip
    draw = _Drawer([example], SaliencyTraining(crop=40), rng)
    batches = [draw.batch() for _ in range(60)]
    with_boats = np.mean([(b.boats.sum((1, 2)) > 0).float().mean() for b in batches])
    assert with_boats > 0.4
    per_cell = sum(float((b.boats * b.known).sum()) for b in batches)
    per_cell /= sum(float(b.known.sum()) for b in batches)
    assert per_cell == pytest.approx(boats.mean(), rel=0.25)
