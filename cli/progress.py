"""A progress bar on stderr; none where nobody watches."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Callable[[str, float], None] | None]:
    """Yields a function of (stage, share done from 0 to 1), or None.

    For programs that watch (the QGIS plugin), PDN_GEO_PROGRESS=lines in the environment
    gives lines `progress <stage> <share>` instead of a bar.
    """
    if not quiet and os.environ.get("PDN_GEO_PROGRESS") == "lines":
        yield _print_line
        return
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<10}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, int] = {}

        def show(stage: str, share: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=1.0)
            bars.update(tasks[stage], completed=share)  # type: ignore[arg-type]

        yield show


def _print_line(stage: str, share: float) -> None:
    print(f"progress {stage} {share:.3f}", file=sys.stderr, flush=True)  # noqa: T201
