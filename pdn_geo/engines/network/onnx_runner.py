"""The patch network in ONNX Runtime, on the CPU: what the base install runs."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pdn_geo.engines.network.inputs import CHANNELS
from pdn_geo.engines.network.maps import MAPS
from pdn_geo.errors import WeightsError


class OnnxRunner:
    """One session, for as many threads as like to call it, each running one patch alone.

    path: an .onnx file as `export` writes it. Raises WeightsError for any other.
    """

    batch_size = 1
    """On a CPU a batch is no faster than its patches one by one."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        # Callers bring the threads: a thread pool over looks wastes less than one inside.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what goes wrong is raised; stderr is the user's
        try:
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors have no root but this
            raise WeightsError(path, "damaged, or no ONNX network") from error
        takes, gives = self._session.get_inputs(), self._session.get_outputs()
        if [_channels(takes), _channels(gives)] != [len(CHANNELS), len(MAPS)]:
            raise WeightsError(path, "an ONNX network, but none that pdn-geo has exported")
        self._name = takes[0].name

    def run(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """As `Runner.run`."""
        (maps,) = self._session.run(None, {self._name: patches})
        return np.asarray(maps)


def _channels(nodes: list[onnxruntime.NodeArg]) -> object:
    """Channels of the only input or output; None where there are several, or not four
    dimensions.
    """
    if len(nodes) != 1 or len(nodes[0].shape) != 4 or nodes[0].type != "tensor(float)":
        return None
    return nodes[0].shape[1]
