"""Simulated seas as training scenes."""

import numpy as np

from pdn_geo.training.simulated import SimulatedSeas


def test_seas_are_kept_and_the_same_again(tmp_path):
    seas = SimulatedSeas(tmp_path / "one", 3, size=96, seed=5)
    first = seas.scene(1)
    assert len(seas) == 3
    assert len(list((tmp_path / "one").iterdir())) == 1
    again = SimulatedSeas(tmp_path / "other", 3, size=96, seed=5).scene(1)
    assert (again.values == first.values).all()


def test_windy_seas_are_of_the_asked_resolution_and_hold_whitecaps(tmp_path):
    seas = SimulatedSeas(tmp_path, 4, size=256, gsd_m=(0.5, 2.0), windy=True)
    scenes = [seas.scene(number) for number in range(4)]
    assert all(0.5 <= scene.gsd_m <= 2 for scene in scenes)
    assert len({scene.gsd_m for scene in scenes}) == 4
    for scene in scenes:
        over = (scene.values[:3] - scene.sea.mean[:3, None, None]) / scene.sea.std[:3, None, None]
        assert np.percentile(over.min(axis=0), 99.9) > 4
