import csv
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pdn_geo.errors import OptionError, OutputError, PdnGeoError
from pdn_geo.training.checkpoint import Checkpoint, read_checkpoint
from pdn_geo.training.config import LoopConfig
from pdn_geo.training.ema import Ema
from pdn_geo.training.feed import feed
from pdn_geo.training.log import Entry
from pdn_geo.training.loop import fit
from pdn_geo.training.schedule import learning_rate


class Tiny(nn.Module):
    """A backbone with statistics, dropout for its random draws, and a head."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.backbone = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Conv2d(4, 1, 1)

    def forward(self, image):
        return self.head(self.dropout(self.backbone(image)))


def batches(step):
    image = np.random.default_rng(step).normal(size=(3, 2, 8, 8)).astype(np.float32)
    return {"image": image, "target": image.mean(axis=1, keepdims=True)}


def squares(network, batch):
    error = network(batch["image"]) - batch["target"]
    return {"near": error.square().mean(), "far": error.abs().mean()}


def config(**changes) -> LoopConfig:
    return LoopConfig(**{"steps": 6, "workers": 0, "learning_rate": 0.01, **changes})


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def stored(folder: Path) -> Checkpoint:
    checkpoint = read_checkpoint(folder)
    assert checkpoint is not None
    return checkpoint


def stop_after(step: int):
    """A loss that asks the run to stop, as Ctrl-C does, while it takes step `step`."""
    calls = []

    def loss(network, batch):
        calls.append(None)
        if len(calls) == step:
            signal.raise_signal(signal.SIGINT)
        return squares(network, batch)

    return loss


def assert_same(a: Checkpoint, b: Checkpoint) -> None:
    torch.testing.assert_close(a.network, b.network, rtol=0, atol=0)
    torch.testing.assert_close(a.ema, b.ema, rtol=0, atol=0)
    torch.testing.assert_close(a.optimizer["state"], b.optimizer["state"], rtol=0, atol=0)


@pytest.mark.parametrize("workers", [0, 2])
def test_slices_end_where_one_go_ends(tmp_path, workers):
    network = Tiny()
    assert fit(network, batches, squares, config(), tmp_path / "straight") == 6
    sliced = Tiny()
    settings = config(workers=workers)
    assert fit(sliced, batches, stop_after(3), settings, tmp_path / "sliced") == 3
    # nothing but the checkpoint carries over: other start weights, other draws
    sliced = Tiny(seed=5)
    assert fit(sliced, batches, squares, settings, tmp_path / "sliced", resume=True) == 6
    assert_same(stored(tmp_path / "straight"), stored(tmp_path / "sliced"))
    torch.testing.assert_close(network.state_dict(), sliced.state_dict(), rtol=0, atol=0)


def test_dropout_draws_anew_each_step_and_by_seed(tmp_path):
    """Else the test above would hold for a run without chance."""
    draws = []

    def loss(network, batch):
        draws.append(float(torch.rand(())))
        return squares(network, batch)

    fit(Tiny(), batches, loss, config(), tmp_path / "a")
    fit(Tiny(), batches, loss, config(seed=1), tmp_path / "b")
    assert len(set(draws)) == 12


def test_fitting_lowers_the_loss(tmp_path):
    fit(Tiny(), batches, squares, config(steps=100, learning_rate=0.03), tmp_path)
    log = rows(tmp_path)
    assert [int(row["step"]) for row in log] == list(range(10, 101, 10))
    assert float(log[-1]["near"]) < 0.4 * float(log[0]["near"])


def test_log_of_a_run_killed_after_its_checkpoint_repeats_no_step(tmp_path):
    def loss(network, batch):
        seen.append(None)
        if len(seen) == 35:
            raise RuntimeError("power failure")
        return squares(network, batch)

    seen: list[None] = []
    settings = config(steps=40, checkpoint_steps=15)
    with pytest.raises(RuntimeError, match="power failure"):
        fit(Tiny(), batches, loss, settings, tmp_path)
    assert [int(row["step"]) for row in rows(tmp_path)] == [10, 20, 30]
    assert stored(tmp_path).step == 30
    (tmp_path / "log.csv").write_text((tmp_path / "log.csv").read_text() + "34,1,1,1,1,1\n")
    entries: list[Entry] = []
    fit(Tiny(), batches, loss, settings, tmp_path, resume=True, progress=entries.append)
    assert [int(row["step"]) for row in rows(tmp_path)] == [10, 20, 30, 40]
    assert [entry.step for entry in entries] == [40]
    assert entries[0].losses.keys() == {"near", "far"}
    seconds = [float(row["seconds"]) for row in rows(tmp_path)]
    assert seconds == sorted(seconds)


def test_stops_when_time_is_up_and_goes_on(tmp_path):
    settings = config(steps=100000)
    reached = fit(Tiny(), batches, squares, settings, tmp_path, max_seconds=0.3)
    assert 1 <= reached < 100000
    assert stored(tmp_path).step == reached
    further = fit(Tiny(), batches, squares, settings, tmp_path, resume=True, max_seconds=0.0)
    assert further == reached + 1
    assert int(rows(tmp_path)[-1]["step"]) == further


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_run_and_leaves_the_former_handlers(tmp_path, number):
    former = signal.getsignal(number)

    def loss(network, batch):
        os.kill(os.getpid(), number)
        return squares(network, batch)

    assert fit(Tiny(), batches, loss, config(workers=1), tmp_path) == 1
    assert stored(tmp_path).step == 1
    assert signal.getsignal(number) is former


def test_runs_in_a_thread_where_signals_cannot_be_caught(tmp_path):
    done: list[int] = []
    work = threading.Thread(
        target=lambda: done.append(fit(Tiny(), batches, squares, config(), tmp_path))
    )
    work.start()
    work.join()
    assert done == [6]


def test_a_second_run_does_not_overwrite_the_first(tmp_path):
    fit(Tiny(), batches, squares, config(steps=1), tmp_path)
    with pytest.raises(OptionError, match="a run is here already"):
        fit(Tiny(), batches, squares, config(), tmp_path)


def test_resume_without_a_checkpoint_starts_and_after_the_end_does_nothing(tmp_path):
    assert fit(Tiny(), batches, squares, config(steps=2), tmp_path, resume=True) == 2
    before = stored(tmp_path)
    assert fit(Tiny(), batches, squares, config(steps=2), tmp_path, resume=True) == 2
    assert_same(before, stored(tmp_path))


def test_a_checkpoint_that_fits_not_is_refused(tmp_path):
    fit(Tiny(), batches, squares, config(steps=1), tmp_path)
    with pytest.raises(OptionError, match="another network"):
        fit(nn.Conv2d(2, 1, 1), batches, squares, config(), tmp_path, resume=True)
    (tmp_path / "checkpoint.pt").write_bytes(b"half")
    with pytest.raises(OptionError, match="not a checkpoint"):
        fit(Tiny(), batches, squares, config(), tmp_path, resume=True)


def test_a_checkpoint_that_cannot_be_written_leaves_the_last_one(tmp_path, monkeypatch):
    fit(Tiny(), batches, squares, config(steps=1), tmp_path)

    def fail(state, path):
        Path(path).write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OutputError, match="no space left"):
        fit(Tiny(), batches, squares, config(), tmp_path, resume=True)
    assert stored(tmp_path).step == 1
    assert not list(tmp_path.glob("*.part"))


def test_broken_training_stops_and_keeps_the_checkpoint(tmp_path):
    def loss(network, batch):
        seen.append(None)
        return {"near": squares(network, batch)["near"] * (np.nan if len(seen) == 4 else 1)}

    seen: list[None] = []
    with pytest.raises(PdnGeoError, match="step 4: near nan"):
        fit(Tiny(), batches, loss, config(checkpoint_steps=2), tmp_path)
    checkpoint = stored(tmp_path)
    assert checkpoint.step == 2
    assert all(value.isfinite().all() for value in checkpoint.network.values())


def test_a_frozen_backbone_keeps_weights_and_statistics_until_it_learns(tmp_path):
    network = Tiny()
    start = {name: value.clone() for name, value in network.state_dict().items()}
    frozen = config(freeze_steps=3)
    fit(network, batches, stop_after(3), frozen, tmp_path)
    for name, value in network.state_dict().items():
        assert torch.equal(value, start[name]) == name.startswith("backbone"), name
    fit(network, batches, squares, frozen, tmp_path, resume=True)
    assert not any(torch.equal(v, start[name]) for name, v in network.state_dict().items())


def test_clip_limits_the_gradient(tmp_path):
    norms = []

    class Watched(torch.optim.AdamW):
        def step(self, closure=None):
            weights = [w for group in self.param_groups for w in group["params"]]
            norms.append(float(torch.stack([w.grad.norm() for w in weights]).norm()))
            return super().step(closure)

    def steep(network, batch):
        return {"steep": 1000 * squares(network, batch)["near"]}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim, "AdamW", Watched)
        fit(Tiny(), batches, steep, config(clip=0.5), tmp_path)
    assert norms == pytest.approx([0.5] * 6, rel=1e-3)


def test_bf16_computes_in_bf16_and_learns_in_float(tmp_path):
    kinds = set()

    def loss(network, batch):
        kinds.add(network(batch["image"]).dtype)
        return squares(network, batch)

    network = Tiny()
    fit(network, batches, loss, config(bf16=True, steps=2), tmp_path)
    assert kinds == {torch.bfloat16}
    assert next(network.parameters()).dtype == torch.float32


def test_images_and_weights_are_channels_last(tmp_path):
    def loss(network, batch):
        assert batch["image"].is_contiguous(memory_format=torch.channels_last)
        weight = network.backbone[0].weight
        assert weight.is_contiguous(memory_format=torch.channels_last)
        return squares(network, batch)

    assert fit(Tiny(), batches, loss, config(steps=1), tmp_path) == 1


def test_only_matrices_decay(tmp_path):
    def still(network, batch):
        return {"nothing": 0 * network(batch["image"]).sum()}

    network = Tiny()
    with torch.no_grad():
        for weight in network.parameters():
            weight.fill_(1.0)
    fit(network, batches, still, config(weight_decay=1.0), tmp_path)
    for name, weight in network.named_parameters():
        assert bool((weight < 1).all()) == (weight.ndim > 1), name


def test_average_follows_weights_and_statistics():
    network = Tiny()
    average = Ema(network, decay=0.9)
    means = [network.backbone[1].running_mean.clone()]
    expected = {name: value.clone() for name, value in network.state_dict().items()}
    for step in range(200):
        network(torch.full((2, 2, 4, 4), float(step)))
        with torch.no_grad():
            network.head.bias.add_(1.0)
        average.update(network, step)
        decay = min(0.9, (1 + step) / (10 + step))
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                expected[name] = decay * expected[name] + (1 - decay) * value
        means.append(network.backbone[1].running_mean.clone())
    assert average.values["backbone.1.num_batches_tracked"] == 200
    for name in ("head.bias", "backbone.1.running_mean"):
        torch.testing.assert_close(average.values[name], expected[name])
    assert not torch.allclose(expected["backbone.1.running_mean"], means[-1])


def test_learning_rate_rises_then_falls_to_a_hundredth():
    rates = [learning_rate(step, steps=1000, peak=2.0, warm_up=0.1) for step in range(1000)]
    assert rates[0] == pytest.approx(0.02)
    assert rates[99] == rates[100] == 2.0
    assert np.all(np.diff(rates[:100]) > 0)
    assert np.all(np.diff(rates[100:]) < 0)
    assert rates[100 + 899 // 2] == pytest.approx(1.01, rel=2e-3)
    assert rates[-1] == pytest.approx(0.02)
    assert learning_rate(0, steps=1, peak=2.0, warm_up=0.0) == 2.0


def describe_worker(step):
    ignored = [signal.getsignal(n) is signal.SIG_IGN for n in (signal.SIGINT, signal.SIGTERM)]
    return {"step": np.array([step, torch.get_num_threads()]), "ignored": np.array(ignored)}


def test_workers_keep_the_order_have_one_thread_and_outlive_ctrl_c():
    """A terminal sends Ctrl-C to the workers as well."""
    found = list(feed(describe_worker, range(3, 12, 2), workers=2))
    assert [batch["step"].tolist() for batch in found] == [[n, 1] for n in (3, 5, 7, 9, 11)]
    assert all(batch["ignored"].all() for batch in found)


def test_read_only_arrays_are_copied():
    fixed = np.broadcast_to(np.float32(1), (2, 3))
    (batch,) = feed(lambda step: {"fixed": fixed}, range(1), workers=0)
    batch["fixed"][0, 0] = 5
    assert fixed[0, 0] == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("learning_rate", 0.0),
        ("warm_up", 1.0),
        ("ema", 1.0),
        ("clip", 0.0),
        ("workers", -1),
        ("checkpoint_minutes", 0.0),
    ],
)
def test_impossible_settings_are_named(name, value):
    with pytest.raises(OptionError, match=rf"{name} must be .*, got {value}"):
        config(**{name: value})
