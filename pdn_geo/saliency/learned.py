"""The trained global stream on an anchor tile, by ONNX Runtime."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pdn_geo.errors import OptionError
from pdn_geo.saliency.filters import Field
from pdn_geo.saliency.planes import CHANNELS

# How far a cell's output looks, and the network's coarsest grid, in cells: strips with that
# halo that start on that grid give what the whole tile would.
HALO = 24
_MULTIPLE = 4
_CELLS_AT_ONCE = 300_000
_MOST_THREADS = 4


class LearnedSaliency:
    """Expected boats per cell from the planes of `network_planes`.

    model: an ONNX file that `benchmarks/train_saliency.py` wrote. Raises OptionError for
    any other. Every strip runs on one thread, so results do not depend on their number.
    """

    def __init__(self, model: str | Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                str(model), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime has a class for every reason, all private
            raise OptionError(f"{model}: not a saliency model for ONNX Runtime") from error
        (planes,) = self._session.get_inputs()
        if planes.shape[1] != len(CHANNELS):
            raise OptionError(
                f"{model}: wants {planes.shape[1]} planes, this version has {len(CHANNELS)}"
            )
        self._input = planes.name

    def expected_boats(self, planes: NDArray[np.float16]) -> Field:
        """(rows, cols) float32, >= 0, from (CHANNELS, rows, cols)."""
        rows, cols = planes.shape[1:]
        step = max(_CELLS_AT_ONCE // cols - 2 * HALO, HALO) // _MULTIPLE * _MULTIPLE
        starts = range(0, rows, step)
        expected = np.empty((rows, cols), np.float32)

        def strip(start: int) -> None:
            stop = min(start + step, rows)
            top, bottom = max(start - HALO, 0), min(stop + HALO, rows)
            shape = (1, len(planes), _whole(bottom - top), _whole(cols))
            part = np.zeros(shape, np.float32)
            part[0, :, : bottom - top, :cols] = planes[:, top:bottom]
            boats = self._session.run(None, {self._input: part})[0][0]
            expected[start:stop] = boats[start - top : stop - top, :cols]

        with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS)) as pool:
            list(pool.map(strip, starts))
        return expected


@cache
def shipped_saliency() -> LearnedSaliency:
    """The one that comes with the package, opened once."""
    return LearnedSaliency(Path(str(files("pdn_geo"))) / "weights" / "saliency.onnx")


def _whole(cells: int) -> int:
    return -(-cells // _MULTIPLE) * _MULTIPLE
