"""The trained global stream on an anchor tile, by ONNX Runtime."""

from functools import cache
from importlib.resources import files
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pdn_geo.cores import cores
from pdn_geo.errors import OptionError
from pdn_geo.saliency.filters import Field
from pdn_geo.saliency.planes import CHANNELS, NetworkPlanes

# How far a cell's output looks, and the network's coarsest grid, in cells: squares with that
# halo that start on that grid give what the whole tile would.
HALO = 24
_MULTIPLE = 4
_SQUARE = 256


class LearnedSaliency:
    """Expected boats per cell from `NetworkPlanes`.

    model: an ONNX file that `benchmarks/train_saliency.py` wrote. Raises OptionError for
    any other. Squares are judged one after the other, to hold the memory of one.
    """

    def __init__(self, model: str | Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = cores()
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # it would keep what one survey needs for ever
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

    def expected_boats(self, planes: NetworkPlanes | NDArray[np.floating]) -> Field:
        """(rows, cols) float32, >= 0, from (CHANNELS, rows, cols)."""
        _, rows, cols = planes.shape
        expected = np.empty((rows, cols), np.float32)

        for corner in product(range(0, rows, _SQUARE), range(0, cols, _SQUARE)):
            (above, inside, within), (left, across, beside) = (
                _with_halo(start, size) for start, size in zip(corner, (rows, cols), strict=True)
            )
            part = planes[:, above, left].astype(np.float32, copy=False)
            missing = [(0, -size % _MULTIPLE) for size in part.shape[1:]]
            part = np.pad(part, [(0, 0), *missing])
            boats = self._session.run(None, {self._input: part[None]})[0][0]
            expected[inside, across] = boats[within, beside]
        return expected


def _with_halo(start: int, size: int) -> tuple[slice, slice, slice]:
    """Of a square's side from `start`: with halo, without, and where the latter lies in the
    former.
    """
    stop = min(start + _SQUARE, size)
    first = max(start - HALO, 0)
    return (
        slice(first, min(stop + HALO, size)),
        slice(start, stop),
        slice(start - first, stop - first),
    )


@cache
def shipped_saliency() -> LearnedSaliency:
    """The one that comes with the package, opened once."""
    return LearnedSaliency(Path(str(files("pdn_geo"))) / "weights" / "saliency.onnx")
