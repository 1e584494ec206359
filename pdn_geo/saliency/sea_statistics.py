"""Single-pixel statistics of the sea from those of its cells."""

import numpy as np

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.saliency.filters import robust_centre_spread, subsample
from pdn_geo.saliency.prior import SeaView
from pdn_geo.sea import LEAST_SPREAD, SeaStatistics

_SAMPLE = 50_000
_FEW = 0.01


def sea_statistics(anchor: GlobalAnchor, view: SeaView) -> SeaStatistics:
    """Robust pixel mean, and std about the water around, per band over the cells `view.sea`.

    A pixel's variance is what varies within cells plus what varies between them (law of
    total variance), each robust: boats in a few cells change neither. Silt and haze that change
    over many cells are not spread but level, see `sea_level`. Without sea, the valid cells stand
    in for it; without those, mean 0 and std 1.
    """
    everywhere = subsample(anchor.valid.ravel() > 0, _SAMPLE)
    if not len(everywhere):
        nothing = np.zeros(len(anchor.mean), np.float32)
        return SeaStatistics(nothing, nothing + 1)
    picked = view.sample(_SAMPLE)
    at_sea = len(picked) > 0
    if not at_sea:
        picked = everywhere
    means, stds, extremes = [], [], []
    for band in range(len(anchor.mean)):
        centre, between = robust_centre_spread(anchor.mean[band].ravel()[picked])
        if at_sea:
            between = float(view.spread[band])
        within = float(np.sqrt(np.median(np.square(anchor.std[band].ravel()[picked]))))
        means.append(centre)
        # A quantised or saturated sea may not vary at all.
        stds.append(max(float(np.hypot(between, within)), LEAST_SPREAD))
        darkest, brightest = (at[band].ravel()[everywhere] for at in (anchor.min, anchor.max))
        extremes.append((np.quantile(darkest, _FEW), np.quantile(brightest, 1 - _FEW)))
    return SeaStatistics(
        np.array(means, np.float32),
        np.array(stds, np.float32),
        extremes=np.array(extremes, np.float32).T,
    )
