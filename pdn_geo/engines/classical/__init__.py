"""The classical patch detector: contrast, regions, hulls and an honest score."""

from pdn_geo.engines.classical.detector import ClassicalDetector
from pdn_geo.engines.classical.score import ScoreModel

__all__ = ["ClassicalDetector", "ScoreModel"]
