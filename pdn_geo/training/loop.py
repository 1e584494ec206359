"""The loop that fits a network: the same steps whether in one go or in slices."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic

import numpy as np
import torch
from torch import Tensor, nn

from pdn_geo.errors import OptionError, PdnGeoError
from pdn_geo.training.checkpoint import FILE_NAME, Checkpoint, read_checkpoint
from pdn_geo.training.config import LoopConfig
from pdn_geo.training.ema import Ema
from pdn_geo.training.feed import Batches, feed, to_device
from pdn_geo.training.log import Entry, Log
from pdn_geo.training.processes import Processes, processes
from pdn_geo.training.schedule import learning_rate
from pdn_geo.training.stop import stop_on_signals

Loss = Callable[[nn.Module, dict[str, Tensor]], dict[str, Tensor]]
"""From the network and a batch to named scalars; it calls the network once."""


def fit(
    network: nn.Module,
    batches: Batches,
    loss: Loss,
    config: LoopConfig,
    folder: Path,
    *,
    device: str = "cpu",
    resume: bool = False,
    max_seconds: float | None = None,
    progress: Callable[[Entry], None] | None = None,
) -> int:
    """Fit `network` in place and return the step reached: `config.steps`, or fewer.

    `folder` gets `checkpoint.pt`, `log.csv` and, with TensorBoard installed, `tensorboard/`. The
    average of the weights is the checkpoint's `ema`. With `resume` the run goes on from the
    folder's checkpoint, if there is one, and on a CPU ends bit for bit where one go would have
    ended. After `max_seconds`, SIGINT or SIGTERM it finishes its step, writes a checkpoint and
    returns. Under torchrun, step i of process r of n takes batch i * n + r.

    Each step seeds torch by (seed, step, process), so that dropout needs no stored state.
    Raises OptionError for a folder with a checkpoint without `resume`, or with another
    network's; PdnGeoError when the loss is no number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with processes(device) as team:
        run = _Run(network, loss, config, team)
        run.start_from(folder, resume=resume)
        with (
            stop_on_signals(max_seconds) as stop,
            Log(
                folder if team.rank == 0 else None,
                steps=config.steps,
                start=run.step,
                seconds=run.seconds,
                progress=progress if team.rank == 0 else None,
            ) as log,
        ):
            return _steps(run, batches, folder, log, lambda: team.agree(bool(stop)))


def _steps(run: "_Run", batches: Batches, folder: Path, log: Log, stops: Callable[[], bool]) -> int:
    config, team = run.config, run.team
    indices = range(run.step * team.world + team.rank, config.steps * team.world, team.world)
    pin_memory = team.device.type == "cuda"
    before, began, saved = run.seconds, monotonic(), monotonic()
    for batch in feed(batches, indices, workers=config.workers, pin_memory=pin_memory):
        rate, parts = run.take_step(to_device(batch, team.device))
        run.seconds = before + monotonic() - began
        last = stops() or run.step == config.steps
        crops = len(next(iter(batch.values()))) * team.world
        log.add(run.step, parts, learning_rate=rate, crops=crops, seconds=run.seconds, last=last)
        due = monotonic() - saved > 60 * config.checkpoint_minutes
        if last or due or run.step % config.checkpoint_steps == 0:
            run.save(folder)
            saved = monotonic()
        if last:
            break
    return run.step


class _Run:
    """A network with its optimizer and average, after `step` steps."""

    def __init__(self, network: nn.Module, loss: Loss, config: LoopConfig, team: Processes) -> None:
        self.step, self.seconds = 0, 0.0
        self.config, self.team = config, team
        # channels_last: about twice as fast on a CPU, and never slower
        self._network = network.to(team.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._loss = loss
        self._optimizer = _adamw(network, config, team.device)
        self._ema = Ema(network, config.ema)
        self._module: nn.Module | None = None

    def start_from(self, folder: Path, *, resume: bool) -> None:
        path = folder / FILE_NAME
        if not resume and path.exists():
            raise OptionError(f"{path}: a run is here already; resume it or choose another folder")
        stored = read_checkpoint(folder, self.team.device)
        if stored is None:
            return
        try:
            self._network.load_state_dict(stored.network)
            self._optimizer.load_state_dict(stored.optimizer)
            self._ema.load(stored.ema)
        except (KeyError, RuntimeError, ValueError) as error:
            raise OptionError(f"{path}: is of another network") from error
        self.step, self.seconds = stored.step, stored.seconds

    def take_step(self, batch: dict[str, Tensor]) -> tuple[float, dict[str, Tensor]]:
        """One step of the optimizer; its learning rate and the parts of the loss."""
        config, team = self.config, self.team
        module = self._ready()
        seed = np.random.SeedSequence((config.seed, self.step, team.rank)).generate_state(1)
        torch.manual_seed(int(seed[0]))
        rate = learning_rate(
            self.step, steps=config.steps, peak=config.learning_rate, warm_up=config.warm_up
        )
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast(team.device.type, torch.bfloat16, enabled=config.bf16):
            parts = {name: part.float() for name, part in self._loss(module, batch).items()}
        self._optimizer.zero_grad(set_to_none=True)
        torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self._network.parameters(), config.clip)
        if not torch.isfinite(norm):
            values = ", ".join(f"{name} {part.item():g}" for name, part in parts.items())
            raise PdnGeoError(f"training broke down at step {self.step + 1}: {values}")
        self._optimizer.step()
        self._ema.update(self._network, self.step)
        self.step += 1
        return rate, {name: part.detach() for name, part in parts.items()}

    def save(self, folder: Path) -> None:
        if self.team.rank == 0:
            Checkpoint(
                self.step,
                self.seconds,
                self._network.state_dict(),
                self._ema.values,
                self._optimizer.state_dict(),
            ).write(folder)

    def _ready(self) -> nn.Module:
        """The network as the loss calls it; the backbone frozen, statistics too, or learning."""
        if self._module is None or self.step == self.config.freeze_steps:
            frozen = self.step < self.config.freeze_steps
            self._network.train()
            if self.config.freeze_steps:
                backbone = self._network.get_submodule("backbone")
                backbone.requires_grad_(not frozen).train(not frozen)
            self._module = self.team.wrap(self._network)
        return self._module


def _adamw(network: nn.Module, config: LoopConfig, device: torch.device) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019); norms, biases and gates (one axis or none) do not
    decay.
    """
    weights = list(network.parameters())
    groups = [
        {"params": [w for w in weights if w.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [w for w in weights if w.ndim <= 1], "weight_decay": 0.0},
    ]
    fused = device.type in {"cpu", "cuda"}
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=fused)
