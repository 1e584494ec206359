"""The learning rate of a step."""

from math import cos, pi

LAST_SHARE = 0.01


def learning_rate(step: int, *, steps: int, peak: float, warm_up: float) -> float:
    """Learning rate of `step` (from 0) in a run of `steps`.

    It rises linearly over the first `warm_up` (a share of the run) to `peak`, then falls along
    half a cosine to 1 % of it at the last step (Loshchilov and Hutter 2017, equation 5, without
    restarts). A function of the step alone: a resumed run needs no more than its step.
    """
    rising = round(warm_up * steps)
    if step < rising:
        return peak * (step + 1) / rising
    falling = max(1, steps - 1 - rising)
    share = min(1.0, (step - rising) / falling)
    return peak * (LAST_SHARE + (1 - LAST_SHARE) * (1 + cos(pi * share)) / 2)
