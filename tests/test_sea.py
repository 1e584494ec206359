import numpy as np
import pytest

from pdn_geo.sea import SeaStatistics


def test_pooled_is_the_statistics_of_the_union() -> None:
    rng = np.random.default_rng(0)
    parts = [rng.normal(10, 2, 4000), rng.normal(14, 3, 1000)]
    stats = [SeaStatistics(np.float32([p.mean()]), np.float32([p.std()])) for p in parts]
    pooled = SeaStatistics.pooled(stats, [4000, 1000])
    union = np.concatenate(parts)
    assert pooled.mean[0] == pytest.approx(union.mean(), rel=1e-5)
    assert pooled.std[0] == pytest.approx(union.std(), rel=1e-5)


def test_zero_spread_is_refused() -> None:
    with pytest.raises(ValueError, match="std must be positive"):
        SeaStatistics(np.zeros(2, np.float32), np.zeros(2, np.float32))
