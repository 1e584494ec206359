"""Single-pixel statistics of the sea from those of its cells."""

import numpy as np

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.saliency.filters import robust_centre_spread, subsample
from pdn_geo.saliency.prior import SeaView
from pdn_geo.sea import SeaStatistics

_SAMPLE = 50_000


def sea_statistics(anchor: GlobalAnchor, view: SeaView) -> SeaStatistics:
    """Robust pixel mean, and std about the water around, per band over the cells `view.sea`.

    A pixel's variance is what varies within cells plus what varies between them (law of
    total variance), each robust: boats in a few cells change neither. Silt and haze that change
    over many cells are not spread but level, see `sea_level`. Without sea, the valid cells stand
    in for it; without those, mean 0 and std 1.
    """
    picked = view.sample(_SAMPLE)
    at_sea = len(picked) > 0
    if not at_sea:
        picked = subsample(anchor.valid.ravel() > 0, _SAMPLE)
    means, stds = [], []
    for band in range(len(anchor.mean)):
        if not len(picked):
            means.append(0.0)
            stds.append(1.0)
            continue
        centre, between = robust_centre_spread(anchor.mean[band].ravel()[picked])
        if at_sea:
            between = float(view.spread[band])
        within = float(np.sqrt(np.median(np.square(anchor.std[band].ravel()[picked]))))
        # A quantised or saturated sea may not vary at all: a small share of its level then.
        floor = max(1e-3 * abs(centre), 1e-6)
        means.append(centre)
        stds.append(max(float(np.hypot(between, within)), floor))
    return SeaStatistics(np.array(means, np.float32), np.array(stds, np.float32))
