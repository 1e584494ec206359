"""Options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class AnchorSource(StrEnum):
    """What the coarse look is made from."""

    pixels = "pixels"
    overviews = "overviews"
    auto = "auto"


Scene = Annotated[
    str, typer.Argument(metavar="SCENE", help="Raster that GDAL opens: path, URL or /vsi path.")
]
Bands = Annotated[
    str | None,
    typer.Option(
        help='Bands by number or name, "4,3,2" or "B04,B03,B02", or with roles, '
        '"red=3,green=2,blue=1,nir=4". Default: by colour and description.'
    ),
]
Gsd = Annotated[
    float | None, typer.Option("--gsd", help="Metres per pixel of a scene without georeferencing.")
]
Aoi = Annotated[Path | None, typer.Option(help="Search only inside these polygons.")]
Water = Annotated[Path | None, typer.Option(help="Take these polygons as the water.")]
Land = Annotated[Path | None, typer.Option(help="Take these polygons as land.")]
Anchor = Annotated[
    AnchorSource,
    typer.Option(
        help="Look coarsely at all pixels, or at stored overviews only. auto: at those if they "
        "are fine enough for small boats."
    ),
]
KeepPartial = Annotated[
    bool,
    typer.Option(
        "--keep-partial",
        help="On Ctrl-C during the looks write what was found so far (exit code 130); "
        "a second Ctrl-C gives up.",
    ),
]
Threads = Annotated[int | None, typer.Option(help="Default: one per core.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def split(bands: str | None) -> list[int | str] | None:
    """What `--bands` says as numbers and names: 4,red as [4, "red"]."""
    if bands is None:
        return None
    words = [word.strip() for word in bands.split(",")]
    return [int(word) if word.isdigit() else word for word in words if word]
