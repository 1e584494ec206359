"""What was found tells how many boats the rest holds: by how far, and how steeply, the saliency
map is off (Gamma-Poisson).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special

# As much trust in the saliency map as this many boats would earn it.
PRIOR_BOATS = 2.0
# Harbours hold up to five times what was expected; what is beyond is more likely a
# detector that takes whitecaps for boats, and says nothing of what was missed.
MOST_RATIO = 5.0
# Boats fall off with the map's density to the power of 1 + steepness: a map that expects
# something everywhere is too flat. Each is half as likely beforehand as the one before.
STEEPNESS = np.array([0.0, 0.5, 1.0, 1.5, 2.0])
_PRIOR = -np.log(2) * np.arange(len(STEEPNESS))
# Boats of one look that count when steepness is judged: one harbour is one piece of evidence.
_MOST_OF_ONE_LOOK = 2.0
_ROUNDING = 1e-9

Floats = NDArray[np.float64]


class Feedback:
    """Boats are Poisson with ratio x expectation; the ratio is Gamma(a, a), a = PRIOR_BOATS,
    beforehand. With n boats found where e were expected it is Gamma(a + n, a + e) (Gelman et
    al., Bayesian Data Analysis, 2.6), for each steepness with its own e. Steepnesses weigh
    as likely as they make what the single looks found.

    total: boats expected in the scene, the same for each.
    """

    def __init__(self, total: float) -> None:
        self._total = total
        self._found = 0.0
        self._judged = 0.0
        self._rest: Floats = np.full(len(STEEPNESS), total)
        self._looked_for: Floats = np.zeros(len(STEEPNESS))
        self._fit: Floats = np.zeros(len(STEEPNESS))

    def see(self, expected: Floats) -> None:
        """A look is being made where `expected` are, (steepnesses,), that no look has seen."""
        rest = self._rest - expected
        self._rest = np.where(rest > _ROUNDING * self._total, rest, 0.0)

    def add(self, *, found: float, expected: Floats) -> None:
        """A look that was made found boats where `expected` were."""
        self._found += found
        self._looked_for = self._looked_for + expected
        if expected.min() > 0:
            judged = min(found, _MOST_OF_ONE_LOOK)
            self._judged += judged
            self._fit = self._fit + judged * np.log(expected)

    @property
    def missed(self) -> float:
        """Boats expected in the rest: the posterior mean."""
        return float(self._weights @ (self._rest * self._shape / self._rate))

    @property
    def ratio(self) -> float:
        """Boats in the rest per boat that the map expects there; 1 before any look."""
        left = float(self._rest[0])
        return self.missed / left if left else 1.0

    def upper(self, level: float = 0.9) -> int:
        """Boats in the rest that are not exceeded with probability `level`.

        The quantile of the posterior predictive, a mixture of negative binomial laws.
        """
        if self._rest[0] <= 0:
            return 0
        low, high = -1, 1
        while self._chance_of_at_most(high) < level:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            if self._chance_of_at_most(middle) < level:
                low = middle
            else:
                high = middle
        return high

    def _chance_of_at_most(self, boats: int) -> float:
        # P(N <= k) = I_success(shape, k + 1)
        success = self._rate / (self._rate + np.maximum(self._rest, 1e-12))
        return float(self._weights @ special.betainc(self._shape, boats + 1, success))

    @property
    def _rate(self) -> Floats:
        return PRIOR_BOATS + self._looked_for

    @property
    def _shape(self) -> Floats:
        return np.minimum(PRIOR_BOATS + self._found, MOST_RATIO * self._rate)

    @property
    def _weights(self) -> Floats:
        """Posterior of the steepnesses: the ratio integrated out of the Poisson likelihood."""
        log = _PRIOR + self._fit - (PRIOR_BOATS + self._judged) * np.log(self._rate)
        weights = np.exp(log - log.max())
        return np.asarray(weights / weights.sum())
