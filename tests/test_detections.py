import numpy as np
import pytest

from pdn_geo.detections import Detections


def boats(n: int) -> Detections:
    return Detections(
        x=np.arange(n), y=np.arange(n) + 0.5, length=np.full(n, 9), width=np.full(n, 3),
        angle=np.zeros(n), score=np.linspace(0, 1, n), wake=np.zeros(n),
        bow_known=np.ones(n), cut=np.zeros(n), look=np.arange(n),
    )  # fmt: skip


def test_fields_take_their_types() -> None:
    d = boats(3)
    assert d.x.dtype == np.float64
    assert d.bow_known.dtype == np.bool_
    assert d.look.dtype == np.int32


def test_concatenate_and_index_are_inverse() -> None:
    d = boats(5)
    again = Detections.concatenate([d[:2], d[np.array([2, 3])], d[d.x == 4]])
    np.testing.assert_array_equal(again.x, d.x)
    np.testing.assert_array_equal(again.look, d.look)
    assert len(Detections.concatenate([])) == 0


def test_shifted_moves_only_the_centre() -> None:
    d = boats(2).shifted(100, -7)
    assert d.x.tolist() == [100, 101]
    assert d.y.tolist() == [-6.5, -5.5]
    assert d.length.tolist() == [9, 9]


def test_unequal_fields_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        Detections(**{**vars_of(boats(3)), "x": np.zeros(2)})


def vars_of(d: Detections) -> dict:
    return {name: getattr(d, name) for name in d.__dataclass_fields__}
