"""What was found tells how far to trust what was expected (Gamma-Poisson)."""

from dataclasses import dataclass

from scipy import special

# As much trust in the saliency map as this many boats would earn it.
PRIOR_BOATS = 2.0
# Harbours hold up to five times what was expected; what is beyond is more likely a
# detector that takes whitecaps for boats, and says nothing of what was missed.
MOST_RATIO = 5.0


@dataclass(slots=True)
class Feedback:
    """The ratio of boats to expectation: Gamma(a, a) before any look, a = PRIOR_BOATS.

    With n boats found where e were expected it is Gamma(a + n, a + e) (Gelman et al.,
    Bayesian Data Analysis, 2.6).
    """

    found: float = 0.0
    looked_for: float = 0.0

    def add(self, *, found: float, expected: float) -> None:
        self.found += found
        self.looked_for += expected

    @property
    def ratio(self) -> float:
        """Posterior mean of boats per expected boat; 1 before any look."""
        return self._shape / (PRIOR_BOATS + self.looked_for)

    @property
    def _shape(self) -> float:
        return min(PRIOR_BOATS + self.found, MOST_RATIO * (PRIOR_BOATS + self.looked_for))

    def upper(self, rest: float, level: float = 0.9) -> int:
        """Boats that are not exceeded with probability `level` where `rest` are expected.

        The quantile of the posterior predictive, a negative binomial law.
        """
        if rest <= 0:
            return 0
        shape = self._shape
        success = (PRIOR_BOATS + self.looked_for) / (PRIOR_BOATS + self.looked_for + rest)
        # P(N <= k) = I_success(shape, k + 1): the smallest such whole k, by bisection.
        low, high = -1, 1
        while special.betainc(shape, high + 1, success) < level:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            if special.betainc(shape, middle + 1, success) < level:
                low = middle
            else:
                high = middle
        return high
