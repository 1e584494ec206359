"""Simulated seas as training scenes."""

from pdn_geo.training.simulated import SimulatedSeas


def test_seas_are_kept_and_the_same_again(tmp_path):
    seas = SimulatedSeas(tmp_path / "one", 3, size=96, seed=5)
    first = seas.scene(1)
    assert len(seas) == 3
    assert len(list((tmp_path / "one").iterdir())) == 1
    again = SimulatedSeas(tmp_path / "other", 3, size=96, seed=5).scene(1)
    assert (again.values == first.values).all()
