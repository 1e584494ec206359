"""`pdn-geo report`: a run as one page for the browser."""

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .progress import progress_bar


def report(
    result: Annotated[
        Path,
        typer.Argument(
            metavar="RESULT", help="The GeoPackage that `detect` wrote.", show_default=False
        ),
    ],
    scene: Annotated[str, typer.Option(help="The scene it was found in.")],
    out: Annotated[Path, typer.Option(help="The page, .html.")],
    bands: options.Bands = None,
    gsd: options.Gsd = None,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
) -> None:
    """Show a run as one HTML page: scene, looks, boats, what was not searched."""
    from pdn_geo.report import write_report

    with progress_bar(quiet=quiet) as progress:
        write_report(
            result,
            out,
            scene=scene,
            bands=options.split(bands),
            gsd_m=gsd,
            threads=threads,
            progress=progress,
        )
    if not quiet:
        size = out.stat().st_size / 1e6
        typer.echo(f"wrote {out}: {size:.1f} MB")
