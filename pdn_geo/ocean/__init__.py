"""Simulated seas with known boats."""

from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.labels import Labels, Negatives, labels_of, negatives_of
from pdn_geo.ocean.random import random_sea, windy_sea
from pdn_geo.ocean.scene import simulate_scene
from pdn_geo.ocean.sea import Sea

__all__ = [
    "Labels",
    "Negatives",
    "Sea",
    "SeaConfig",
    "labels_of",
    "negatives_of",
    "random_sea",
    "simulate_scene",
    "windy_sea",
]
