"""`pdn-geo saliency`: where a look is worth it, as a map."""

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .progress import progress_bar


def saliency(
    scene: options.Scene,
    out: Annotated[Path, typer.Option(help="The map, a Cloud Optimized GeoTIFF.")],
    bands: options.Bands = None,
    gsd: options.Gsd = None,
    aoi: options.Aoi = None,
    water: options.Water = None,
    land: options.Land = None,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
) -> None:
    """Write expected boats per cell, and how surely a cell is water, in the scene's CRS."""
    from pdn_geo.survey import write_saliency

    with progress_bar(quiet=quiet) as progress:
        total = write_saliency(
            scene,
            out,
            bands=options.split(bands),
            gsd_m=gsd,
            aoi=aoi,
            water=water,
            land=land,
            threads=threads,
            progress=progress,
        )
    if not quiet:
        typer.echo(f"wrote {out}: {total:.1f} boats expected in the whole scene")
