"""`pdn-geo overviews`: the coarse look at the scene, as a file."""

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .progress import progress_bar


def overviews(
    scene: options.Scene,
    out: Annotated[Path, typer.Option(help="The coarse look, a Cloud Optimized GeoTIFF.")],
    bands: options.Bands = None,
    anchor: options.Anchor = options.AnchorSource.pixels,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
) -> None:
    """Write the mean, max, min and std of each cell of 8 x 8 pixels (more in huge scenes)."""
    from pdn_geo.io.anchor_file import write_anchor

    with progress_bar(quiet=quiet) as progress:
        note = write_anchor(
            scene,
            out,
            bands=options.split(bands),
            anchor=anchor.value,
            threads=threads,
            progress=progress,
        )
    if not quiet:
        typer.echo(f"wrote {out}: {note}")
