"""Detections against truth: matching, metrics, and how sure they are."""

from pdn_geo.evaluation.compare import evaluate
from pdn_geo.evaluation.hulls import Hulls
from pdn_geo.evaluation.matching import Match, match_detections, match_hulls
from pdn_geo.evaluation.result import Evaluation, pool
from pdn_geo.evaluation.truth import Truth

__all__ = [
    "Evaluation",
    "Hulls",
    "Match",
    "Truth",
    "evaluate",
    "match_detections",
    "match_hulls",
    "pool",
]
