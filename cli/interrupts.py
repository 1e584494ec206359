"""Ctrl-C and a polite kill (SIGTERM): one line, an exit code, nothing half-written."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import typer


class Terminated(KeyboardInterrupt):
    """SIGTERM came: the process ends like after Ctrl-C, and cleans up behind it."""


def raise_on_sigterm() -> None:
    """Make SIGTERM an exception, so that unfinished files are taken away."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)


@contextmanager
def one_line_when_interrupted(written: Sequence[Path] | None = None) -> Iterator[None]:
    """End with exit code 130 (Ctrl-C) or 143 (SIGTERM) and a line on stderr.

    written: the files that are complete by then, for that line; None where the command
    cannot tell.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        number = signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT
        typer.echo(f"pdn-geo: interrupted{_what_is_there(written)}", err=True)
        raise typer.Exit(128 + number) from error


def _what_is_there(written: Sequence[Path] | None) -> str:
    if written is None:
        return ""
    return f"; wrote only {', '.join(map(str, written))}" if written else "; nothing was written"
