"""Pixels that were read once are not decoded again."""

import numpy as np
import pytest
from rasters import write

from pdn_geo.geometry import Window
from pdn_geo.io import kept as module
from pdn_geo.io import open_scene
from pdn_geo.io.dataset import Raw
from pdn_geo.io.kept import KeptPixels

SHAPE = (2, 100, 150)
STORED = np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(np.uint16)


def window(row, col, height, width):
    return Window(col_off=col, row_off=row, width=width, height=height)


def put(kept, *at):
    kept.put(window(*at), Raw(STORED[:, *window(*at).slices]))


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
    kept = KeptPixels(*SHAPE[1:])
    put(kept, 0, 0, 64, 64)
    put(kept, 32, 90, 68, 60)
    found = kept.get(window(*at))
    if is_kept:
        assert (found.bands == STORED[:, *window(*at).slices]).all()
    else:
        assert found is None


def test_what_is_given_is_a_copy():
    kept = KeptPixels(*SHAPE[1:])
    put(kept, 0, 0, 100, 150)
    kept.get(window(0, 0, 9, 9)).bands[:] = 0
    assert (kept.get(window(0, 0, 9, 9)).bands == STORED[:, :9, :9]).all()


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


def test_complex_integers_which_numpy_has_not_are_read(tmp_path):
    stored = (STORED % 100).astype(np.complex64)
    path = write(tmp_path / "sar.tif", stored, dtype="complex_int16")
    with open_scene(path) as scene, scene.pixels_kept():
        first = scene.read(window(0, 0, 100, 150))
        again = scene.read(window(8, 8, 16, 16))
    assert (again.values == first.values[:, 8:24, 8:24]).all()


def test_what_has_no_room_or_has_a_mask_is_not_kept(monkeypatch):
    kept, whole = KeptPixels(*SHAPE[1:]), window(0, 0, 100, 150)
    kept.put(whole, Raw(STORED, mask=np.ones(SHAPE[1:], bool)))
    assert kept.get(whole) is None
    monkeypatch.setattr(module, "MOST_BYTES", STORED.nbytes - 1)
    kept.put(whole, Raw(STORED))
    assert kept.get(whole) is None
