"""A small random network for tests of what runs it."""

import torch

from pdn_geo.models.patch_network import PatchNetwork


def excited_network() -> PatchNetwork:
    """One that sees boats everywhere, whose batch norms are not trivial; set to `eval`."""
    torch.manual_seed(0)
    network = PatchNetwork()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    with torch.no_grad():
        network.head[1].weight *= 4
        network.head[1].bias.zero_()
    return network.eval()
