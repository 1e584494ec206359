"""From saliency and a budget to looks."""

from pdn_geo.drive.base import Drive
from pdn_geo.drive.budget import Budget
from pdn_geo.drive.greedy import GreedyDrive
from pdn_geo.drive.look import Look

__all__ = ["Budget", "Drive", "GreedyDrive", "Look"]
