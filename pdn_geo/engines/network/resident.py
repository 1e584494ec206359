"""A whole scene in the memory of a device, from where patches are cut without the host."""

from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pdn_geo.cores import cores
from pdn_geo.errors import BlockReadError
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.io.byte_cells import ByteScene
from pdn_geo.io.scene import RasterScene
from pdn_geo.io.sweep import in_threads, plan_units, read_salvaging, unit_pixels
from pdn_geo.scene import Scene

# PyTorch can move and index bytes of every kind, but hardly compute with uint16: its bits
# are kept as int16 until they become numbers.
_STORED_AS = {"uint8": torch.uint8, "uint16": torch.int16, "float32": torch.float32}

_WORKING_BYTES = 2 << 30
"""Kept free beside the scene: the network's weights, maps and captured graphs."""
_MOST_SHARE = 0.9
"""Of what is free: another program may want some, too."""


class ResidentScene:
    """Pixels of a scene on one device; nothing is valid until it has been put there.

    values: (bands, rows, cols), the file's own numbers: uint8, the bits of uint16 in int16,
    or float32; see `numbers`. valid: (rows, cols) bool. lost: windows that could not be
    decoded. Raises torch.OutOfMemoryError, see `fits`.
    """

    def __init__(self, scene: Scene, device: torch.device) -> None:
        self.grid: PixelGrid = scene.grid
        self.band_names = tuple(scene.band_names)
        self.lost: tuple[Window, ...] = ()
        self._dtype = _dtype(scene)
        shape = self.grid.height, self.grid.width
        stored = _STORED_AS[self._dtype.name]
        self.values = torch.zeros((len(self.band_names), *shape), dtype=stored, device=device)
        self.valid = torch.zeros(shape, dtype=torch.bool, device=device)

    def put(self, window: Window, values: NDArray[Any], valid: NDArray[np.bool_]) -> None:
        """Copy pixels to their place. values: (bands, rows, cols), numbers that the file's own
        type holds. Returns before a GPU has them; what is launched later finds them there.
        """
        values = np.asarray(values, dtype=self._dtype)
        if self._dtype == np.uint16:
            values = values.view(np.int16)
        _copy(values, self.values[:, *window.slices])
        _copy(valid, self.valid[window.slices])


def load_resident(
    scene: Scene, device: torch.device, *, threads: int | None = None
) -> ResidentScene:
    """Decode a scene once, in threads, onto a device; what cannot be decoded is `lost`."""
    resident = ResidentScene(scene, device)
    threads = threads or min(cores(), 8)
    limit = unit_pixels(scene.grid, bands=len(resident.band_names), threads=threads)
    units = plan_units(scene.grid, scene.block_shape, stride=1, limit=limit)
    lost: list[Window] = []
    for window, (values, valid, failed) in in_threads(
        partial(_read, scene), units, threads=threads
    ):
        resident.put(window, values, valid)
        lost += failed
    resident.lost = tuple(lost)
    return resident


def fits(scene: Scene, device: torch.device) -> bool:
    """Whether a GPU has the memory for a scene and for the network beside it.

    Elsewhere False: patches cut from memory on a CPU are no faster than those read.
    """
    if device.type != "cuda":
        return False
    per_pixel = len(scene.band_names) * _dtype(scene).itemsize + 1
    needed = scene.grid.height * scene.grid.width * per_pixel + _WORKING_BYTES
    free, _ = torch.cuda.mem_get_info(device)
    return needed < _MOST_SHARE * free


def numbers(stored: Tensor) -> Tensor:
    """What `ResidentScene.values` stand for, float32."""
    if stored.dtype == torch.int16:
        stored = stored.to(torch.int32) & 0xFFFF
    return stored.to(torch.float32)


def _dtype(scene: Scene) -> np.dtype[Any]:
    """The smallest type that holds all that the scene reads as: uint8, uint16 or float32."""
    if isinstance(scene, RasterScene) and scene.choice.expand == "none":
        names = {scene.header.dtypes[i - 1] for i in scene.choice.indexes}
        if names <= {"uint8", "uint16"}:
            return np.result_type(*names)
    return np.dtype(np.float32)


def _read(scene: Scene, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_], list[Window]]:
    """Values, where they are valid, and the parts of the window that are lost."""
    if isinstance(scene, ByteScene) and scene.is_bytes:
        try:
            found = scene.read_bytes(window)
            return found.values, found.valid, []
        except BlockReadError:
            pass
    pixels, lost = read_salvaging(scene, window)
    return pixels.values, pixels.valid, lost


def _copy(host: NDArray[Any], place: Tensor) -> None:
    # PyTorch takes only arrays that could be written to.
    source = torch.from_numpy(np.require(host, requirements="W"))
    if place.is_cuda:
        # From pinned memory the copy runs beside the decoding of the next pixels.
        source = source.pin_memory()
    place.copy_(source, non_blocking=True)
