"""Find boats in scenes far too large for a network, and say where nobody looked.

`detect` runs the whole path; `open_scene` reads any raster window by window.
Both are imported on first use, so that ``import pdn_geo`` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pdn_geo.io import open_scene
    from pdn_geo.pipeline import detect

__all__ = ["__version__", "detect", "open_scene"]
__version__ = "0.1.0"

_HOMES = {"detect": "pdn_geo.pipeline", "open_scene": "pdn_geo.io"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'pdn_geo' has no attribute {name!r}")
