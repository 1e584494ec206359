"""The recurrent controller: what the looks found so far says where to look next."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pdn_geo.drive.look import Look

INPUTS, STATE = 512, 256
BLOCK_PX = 128
"""Side of the blocks of cells that the controller ranks: the smallest window."""

State = tuple[Tensor, Tensor]


class DriveLSTM(nn.Module):
    """Reads looks one by one, and says what it then thinks of every block of cells.

    look_features: length of what is told of a look: its token (`Tokens.summary`, which ends in
    what was found and what was expected) and the mean of the global features over its window.
    cell_features: of the global stream. Starts by leaving the map as it is: its gate is zero.
    """

    def __init__(
        self, look_features: int, cell_features: int = 256, *, inputs: int = INPUTS,
        state: int = STATE,
    ) -> None:  # fmt: skip
        super().__init__()
        self.read = nn.Sequential(nn.Linear(look_features, inputs), nn.GELU())
        self.memory = nn.LSTM(inputs, state, batch_first=True)
        self.ask = nn.Linear(state, state)
        self.answer = nn.Sequential(nn.LayerNorm(cell_features), nn.Linear(cell_features, state))
        self.gate = nn.Parameter(torch.zeros(state))

    def forward(self, looks: Tensor, cells: Tensor, every: int) -> Tensor:
        """(B, K, look_features) looks and (B, N, cell_features) blocks to log-ratios
        (B, K // every, N): of each block after every round of `every` looks.
        """
        hidden, _ = self.listen(looks)
        return self.rank(hidden[:, every - 1 :: every], cells)

    def listen(self, looks: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Hidden states (B, K, 256) after each look, and the state to go on from."""
        hidden, state = self.memory(self.read(looks), state)
        return hidden, state

    def rank(self, hidden: Tensor, cells: Tensor) -> Tensor:
        """Hidden states (B, R, 256) and blocks (B, N, G) to log-ratios (B, R, N)."""
        asked = self.gate * self.ask(hidden)
        return asked @ self.answer(cells).transpose(1, 2) / asked.shape[-1] ** 0.5


def blocks_of(planes: Tensor, block: int, *, mean: bool) -> Tensor:
    """(C, h, w) in blocks of `block` x `block` cells: (C, ceil(h / block), ceil(w / block)).

    Means over the cells that there are, or sums.
    """
    down, right = -planes.shape[1] % block, -planes.shape[2] % block
    sums = functional.avg_pool2d(functional.pad(planes, (0, right, 0, down)), block) * block**2
    if not mean:
        return sums
    return sums / blocks_of(torch.ones_like(planes[:1]), block, mean=False)


def mean_under(features: Tensor, look: Look, stride: int) -> Tensor:
    """Mean (G,) of the global features (G, h, w) over the cells that a look touches."""
    window = look.window
    rows = slice(window.row_off // stride, -(-window.row_end // stride))
    cols = slice(window.col_off // stride, -(-window.col_end // stride))
    return features[:, rows, cols].mean((1, 2))


class LSTMController:
    """A `Controller` of `RecurrentDrive`, for one run over one scene.

    features: (G, h, w) of the global stream, `stride` pixels a cell. `tell` it the token of a
    look before the drive hears of its scores; threads may.
    """

    def __init__(self, network: DriveLSTM, features: Tensor, stride: int) -> None:
        self._network = network.eval()
        self._features = features
        self._stride = stride
        self._block = max(1, BLOCK_PX // stride)
        blocks = blocks_of(features, self._block, mean=True)
        self._grid = blocks.shape[1:]
        self._cells = blocks.flatten(1).T[None]
        self._summaries: dict[int, Tensor] = {}
        self._state: State | None = None

    def tell(self, order: int, summary: Tensor) -> None:
        """The token (F + TOTALS,) of the look with that order."""
        self._summaries[order] = summary

    @torch.inference_mode()
    def __call__(
        self, looks: Sequence[Look], detection_scores: Sequence[NDArray[np.floating]]
    ) -> NDArray[np.float32]:
        """Log-ratio per cell (h, w), by all looks so far."""
        told = [torch.cat([self._summaries.pop(look.order), self._under(look)]) for look in looks]
        hidden, self._state = self._network.listen(torch.stack(told)[None], self._state)
        ranked = self._network.rank(hidden[:, -1:], self._cells).view(self._grid)
        fine = ranked.repeat_interleave(self._block, 0).repeat_interleave(self._block, 1)
        height, width = self._features.shape[1:]
        return np.asarray(fine[:height, :width].numpy(), dtype=np.float32)

    def _under(self, look: Look) -> Tensor:
        return mean_under(self._features, look, self._stride)
