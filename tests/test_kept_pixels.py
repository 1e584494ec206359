"""Pixels that were read once are not decoded again."""

import numpy as np
import pytest
from rasters import write

from pdn_geo.geometry import Window
from pdn_geo.io import open_scene
from pdn_geo.io.kept import MOST_BYTES, KeptPixels

SHAPE = (2, 100, 150)
STORED = np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(np.uint16)


def window(row, col, height, width):
    return Window(col_off=col, row_off=row, width=width, height=height)


def put(kept, *at):
    kept.put(window(*at), STORED[:, *window(*at).slices])


@pytest.mark.parametrize(
    ("at", "is_kept"),
    [
        ((0, 0, 64, 64), True),
        ((5, 7, 50, 40), True),
        ((60, 100, 40, 50), True),  # up to the scene's corner
        ((60, 0, 30, 30), False),
        ((0, 60, 10, 10), False),
    ],
)
def test_what_was_read_whole_is_given_again(at, is_kept):
    kept = KeptPixels(SHAPE, np.uint16)
    put(kept, 0, 0, 64, 64)
    put(kept, 32, 90, 68, 60)
    found = kept.get(window(*at))
    if is_kept:
        assert (found == STORED[:, *window(*at).slices]).all()
    else:
        assert found is None


def test_what_is_given_is_a_copy():
    kept = KeptPixels(SHAPE, np.uint16)
    put(kept, 0, 0, 100, 150)
    kept.get(window(0, 0, 9, 9))[:] = 0
    assert (kept.get(window(0, 0, 9, 9)) == STORED[:, :9, :9]).all()


def test_a_scene_decodes_once_while_pixels_are_kept(tmp_path):
    path = write(tmp_path / "scene.tif", STORED)
    with open_scene(path) as scene:
        decoded = []
        read = scene._source.read
        scene._source.read = lambda *asked: decoded.append(asked) or read(*asked)
        with scene.pixels_kept():
            whole = scene.read(window(0, 0, 100, 150))
            part = scene.read(window(20, 30, 40, 50))
        assert len(decoded) == 1
        assert (part.values == whole.values[:, 20:60, 30:80]).all()
        scene.read(window(20, 30, 40, 50))
        assert len(decoded) == 2


def test_large_scenes_are_not_kept():
    side = int(np.sqrt(MOST_BYTES / 3))
    assert KeptPixels.has_room((3, side, side), np.uint8)
    assert not KeptPixels.has_room((3, side, side), np.uint16)
