"""Many small launches recorded once and given to the GPU as one."""

from collections import Counter
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

import torch
from torch import Tensor

_USES_BEFORE = 8
"""To capture waits for the GPU and empties PyTorch's store of memory: it takes some uses to
pay for that, and one scene of few looks of a shape is better without."""


class Captured:
    """The launches of a function for inputs of one shape, as a CUDA graph.

    run: takes tensors of the device and gives one, and never asks the device anything. It
    has run before on inputs of these shapes: libraries make up their minds at the first
    time, which cannot be recorded. Raises RuntimeError where it cannot be captured.
    """

    def __init__(self, run: Callable[..., Tensor], inputs: tuple[Tensor, ...], pool: Any) -> None:
        self._inputs = [value.clone() for value in inputs]
        self._graph = torch.cuda.CUDAGraph()
        # Threads that decode may talk to the GPU meanwhile: only this one must not.
        with torch.cuda.graph(self._graph, pool=pool, capture_error_mode="thread_local"):
            self._output = run(*self._inputs)

    def __call__(self, *inputs: Tensor) -> Tensor:
        """What `run` gives; overwritten by the next call."""
        for kept, value in zip(self._inputs, inputs, strict=True):
            kept.copy_(value)
        self._graph.replay()
        return self._output


class Graphs:
    """Runs a function; what is asked of it often is captured and from then on replayed.

    run: takes something constant and tensors as `Captured` does; there is a graph for each
    constant and shapes of the tensors. What cannot be captured is run as ever. For one
    thread and one stream: a result is to be copied away before the next call.
    """

    def __init__(self, run: Callable[..., Tensor]) -> None:
        self._run = run
        self._uses: Counter[Hashable] = Counter()
        self._captured: dict[Hashable, Captured] = {}
        # Graphs run one after the other, so what they need for a moment they may share.
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, constant: Hashable, *inputs: Tensor) -> Tensor:
        key = (constant, *(value.shape for value in inputs))
        run = partial(self._run, constant)
        self._uses[key] += 1
        if self._uses[key] == _USES_BEFORE + 1:
            self._capture(key, run, inputs)
        return self._captured.get(key, run)(*inputs)

    def __len__(self) -> int:
        """How many graphs there are."""
        return len(self._captured)

    def forget(self) -> None:
        """Let go of all graphs and of the memory that they hold."""
        torch.cuda.synchronize()  # some may be running
        self._uses.clear()
        self._captured.clear()
        self._pool = torch.cuda.graph_pool_handle()

    def _capture(
        self, key: Hashable, run: Callable[..., Tensor], inputs: tuple[Tensor, ...]
    ) -> None:
        # Where a capture fails, older versions of PyTorch leave its stream current.
        with torch.cuda.stream(torch.cuda.current_stream()):
            try:
                self._captured[key] = Captured(run, inputs, self._pool)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError:
                pass
