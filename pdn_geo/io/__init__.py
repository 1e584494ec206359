"""The only place that opens rasters."""

from pdn_geo.io.anchor import AnchorReader, plan_anchor
from pdn_geo.io.cog import write_cog
from pdn_geo.io.scene import RasterScene, open_scene
from pdn_geo.io.sweep import read_salvaging
from pdn_geo.io.vectors import VectorMasks

__all__ = [
    "AnchorReader",
    "RasterScene",
    "VectorMasks",
    "open_scene",
    "plan_anchor",
    "read_salvaging",
    "write_cog",
]
