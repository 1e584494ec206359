"""Pictures of a scene have its colours, whatever the order of the bands."""

from pathlib import Path

import numpy as np
import pytest
from rasters import write

from pdn_geo import thumbnail
from pdn_geo.io import AnchorReader, open_scene, plan_anchor
from pdn_geo.products.qgis_rasters import scene_style
from pdn_geo.testing import FakeScene
from pdn_geo.thumbnail import Thumbnail, sketch

LEVELS = {"red": 30.0, "green": 60.0, "blue": 90.0, "nir": 10.0}


def shown(names: tuple[str, ...], levels: list[float]) -> list[float]:
    """What stands for red, green and blue in the picture of a flat scene."""
    values = np.ones((1, 40, 56)) * np.array(levels)[:, None, None]
    scene = FakeScene(values, band_names=names)
    plan = plan_anchor(scene.grid, bands=len(names))
    small = Thumbnail((40, 56), plan.stride, names)
    for anchor in AnchorReader(scene, plan):
        small.add(anchor)
    return sketch(small, scene).values.mean((1, 2)).tolist()


@pytest.mark.parametrize("read_again", [True, False])
@pytest.mark.parametrize("names", [("blue", "green", "red"), ("nir", "red", "green", "blue")])
def test_colours_go_by_name(
    names: tuple[str, ...], read_again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnail, "_FEW_CELLS", 800 if read_again else 0)
    colours = [LEVELS[name] for name in ("red", "green", "blue")]
    assert shown(names, [LEVELS[name] for name in names]) == pytest.approx(colours)


@pytest.mark.parametrize(
    ("names", "expected"), [(("vv", "vh", "hh"), [1, 2, 3]), (("gray", "nir"), [1, 1, 1])]
)
def test_without_the_colours_the_first_bands_are_shown(names, expected) -> None:
    assert shown(names, [1.0, 2.0, 3.0][: len(names)]) == pytest.approx(expected)


def test_qgis_shows_the_colours_by_name(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(1, 255, (4, 64, 64)).astype(np.uint8)
    path = tmp_path / "scene.tif"
    write(path, values)
    with open_scene(path, bands=["nir=1", "blue=2", "green=3", "red=4"]) as scene:
        style = scene_style(scene)
    assert style is not None
    renderer = style.find(".//rasterrenderer")
    assert renderer is not None
    assert [renderer.get(f"{colour}Band") for colour in ("red", "green", "blue")] == ["4", "3", "2"]
