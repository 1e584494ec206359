"""Pictures that travel inside a page."""

import base64
import warnings

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile


def jpeg_uri(rgb: NDArray[np.uint8], *, quality: int) -> str:
    """A `data:` address of a picture, (rows, cols, 3) uint8, as JPEG; quality 1-100."""
    rows, cols, bands = rgb.shape
    with warnings.catch_warnings(), MemoryFile(ext=".jpg") as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(
            driver="JPEG", height=rows, width=cols, count=bands, dtype="uint8", quality=quality
        ) as picture:
            picture.write(np.moveaxis(rgb, -1, 0))
        return f"data:image/jpeg;base64,{base64.b64encode(memory.getbuffer()).decode('ascii')}"
