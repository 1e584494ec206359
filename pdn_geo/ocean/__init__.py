"""Simulated seas with known boats."""

from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.scene import simulate_scene

__all__ = ["SeaConfig", "simulate_scene"]
