"""The running average of a network: what is kept of a training run."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class Ema:
    """Exponential moving average of all that a network's `state_dict` holds.

    Weights and floating buffers (the statistics of batch norms) are averaged alike, because
    averaged weights do not fit the statistics of the last step; counters are copied.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._decay = decay
        self.values = {name: value.clone() for name, value in _state(network).items()}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the network after `step` (from 0).

        The decay grows as (1 + step) / (10 + step) up to its setting, so that the average of a
        short run is not ruled by where it started.
        """
        decay = min(self._decay, (1 + step) / (10 + step))
        averages, news = [], []
        for name, new in _state(network).items():
            if new.is_floating_point():
                averages.append(self.values[name])
                news.append(new)
            else:
                self.values[name].copy_(new)
        torch._foreach_lerp_(averages, news, 1 - decay)

    @torch.no_grad()
    def load(self, values: Mapping[str, Tensor]) -> None:
        """Go on from an average stored earlier, of the same network."""
        for name, value in self.values.items():
            value.copy_(values[name])


def _state(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach() for name, value in network.state_dict().items()}
