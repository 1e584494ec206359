"""The learned saliency that was trained without a fold of the real sites."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from unittest import mock

from real_scenes import folds_of_sites

from pdn_geo.saliency.learned import LearnedSaliency

WEIGHTS = Path(__file__).parent / "weights"


def fold_file(fold: int) -> Path:
    return WEIGHTS / f"saliency_fold_{fold}.onnx"


@cache
def network(fold: int | None) -> LearnedSaliency:
    """The network that has not seen a fold; a simulated sea is in none, so that any will do."""
    return LearnedSaliency(fold_file(fold or 0))


@contextmanager
def held_out_saliency(site: str) -> Iterator[None]:
    """Within, `pdn_geo.detect` asks the network that has not seen a site; what ships for places
    in no fold.
    """
    fold = folds_of_sites().get(site)
    if fold is None:
        yield
        return
    with mock.patch("pdn_geo.survey.shipped_saliency", return_value=network(fold)):
        yield
