"""Where boats may be, from the coarse view alone."""

from pdn_geo.saliency.builder import SaliencyBuilder
from pdn_geo.saliency.map import SaliencyMap

__all__ = ["SaliencyBuilder", "SaliencyMap"]
