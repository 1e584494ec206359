"""`pdn-geo`: the commands, and how an error reaches the user.

Starting imports neither numpy nor GDAL: each command imports what it needs when it runs.
"""

import sys

import typer

from pdn_geo.errors import PdnGeoError
from pdn_geo.heap import reuse_freed_arrays

from .detect import detect
from .doctor import doctor
from .evaluate import evaluate
from .info import info
from .interrupts import one_line_when_interrupted, raise_on_sigterm
from .overviews import overviews
from .report import report
from .saliency import saliency
from .simulate import simulate
from .train import train

app = typer.Typer(
    name="pdn-geo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Find boats in scenes far too large for a network, and say where nobody looked.",
)
for command in (
    detect, report, info, saliency, overviews, simulate, train, evaluate, doctor
):  # fmt: skip
    app.command()(one_line_when_interrupted()(command))


def _print_version(wanted: bool) -> None:
    if wanted:
        from pdn_geo.versions import versions

        installed = {name: version for name, version in versions().items() if version}
        typer.echo("\n".join(f"{name} {version}" for name, version in installed.items()))
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the versions."
    ),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    """Options of every command; `main` has taken --debug out wherever it stood."""


def main() -> None:
    """Run the command line.

    Exit codes: 0 done, 2 bad input, 3 done but for unreadable parts, 130 interrupted by
    Ctrl-C, 143 by SIGTERM.
    """
    raise_on_sigterm()
    reuse_freed_arrays()
    debug = "--debug" in sys.argv
    sys.argv = [word for word in sys.argv if word != "--debug"]
    try:
        app()
    except PdnGeoError as error:
        if debug:
            raise
        typer.echo(f"pdn-geo: {error}", err=True)
        sys.exit(2)
