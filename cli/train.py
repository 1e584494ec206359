"""`pdn-geo train`: the network on your own scenes."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Quiet

if TYPE_CHECKING:
    from pdn_geo.training.log import Entry


def train(
    config: Annotated[
        Path,
        typer.Argument(metavar="CONFIG.toml", help="What to train on and how.", show_default=False),
    ],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the run's checkpoint, if it has one.")
    ] = False,
    max_minutes: Annotated[
        float | None, typer.Option(help="Stop after so long; --resume goes on.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Train the network on your scenes and labels; needs the extra "torch"."""
    from pdn_geo.errors import OptionError

    try:
        from pdn_geo.training.config_file import read_config
        from pdn_geo.training.train import train as fit
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "timm", "safetensors"}:
            raise
        raise OptionError(
            'training needs the extra "torch": pip install "pdn-geo[torch]"'
        ) from None

    settings = read_config(config)
    with _progress(settings.run.steps, quiet=quiet) as show:
        outcome = fit(settings, resume=resume, max_minutes=max_minutes, progress=show)
    if quiet:
        return
    if outcome.weights:
        typer.echo(f"wrote {outcome.weights}; use it by pdn-geo detect --weights")
    elif outcome.step < outcome.steps:
        typer.echo(f"stopped at step {outcome.step} of {outcome.steps}; --resume goes on")


@contextmanager
def _progress(steps: int, *, quiet: bool) -> Iterator[Callable[[str, "Entry | None"], None] | None]:
    """A bar with the loss on a terminal, a line now and then into a file."""
    if quiet:
        yield None
        return
    if not sys.stderr.isatty():
        yield _print_line
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("starting", total=steps)

        def show(stage: str, entry: "Entry | None") -> None:
            if entry is None:
                bars.update(task, description=stage)
            else:
                text = (
                    f"loss {sum(entry.losses.values()):.3f}, {entry.crops_per_second:.0f} crops/s"
                )
                bars.update(task, description=text, completed=entry.step)

        yield show


def _print_line(stage: str, entry: "Entry | None") -> None:
    if entry is None:
        typer.echo(stage, err=True)
    elif entry.step % 100 == 0 or entry.step == entry.steps:
        typer.echo(
            f"step {entry.step} of {entry.steps}, loss {sum(entry.losses.values()):.3f}, "
            f"{entry.seconds:.0f} s",
            err=True,
        )
