"""One process, or several under torchrun."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Processes:
    """One process among `world`: its rank and its device."""

    rank: int
    world: int
    device: torch.device

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network as the loss calls it: one whose gradients are averaged over processes.

        To be wrapped again when the set of weights that learn changes.
        """
        if self.world == 1:
            return network
        ids = [self.device] if self.device.type == "cuda" else None
        return DistributedDataParallel(network, device_ids=ids)

    def agree(self, flag: bool) -> bool:
        """True for all processes when it is true for one."""
        if self.world == 1:
            return flag
        raised = torch.tensor(int(flag), device=self.device)
        dist.all_reduce(raised, dist.ReduceOp.MAX)
        return bool(raised.item())


@contextmanager
def processes(device: str) -> Iterator[Processes]:
    """Join the processes that torchrun started (WORLD_SIZE in the environment), if it did.

    Once per launch: gloo hung on joining a second time.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Processes(0, 1, torch.device(device))
        return
    where = torch.device(device)
    if where.type == "cuda":
        where = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(where)
    dist.init_process_group("nccl" if where.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), world, where)
        dist.barrier()  # until the first process has written its files
    finally:
        dist.destroy_process_group()
