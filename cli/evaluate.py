"""`pdn-geo evaluate`: how good were the detections?"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .options import Gsd, Json


class TruthCoordinates(StrEnum):
    """How to take the numbers of a truth file."""

    auto = "auto"
    pixels = "pixels"
    crs = "crs"


def evaluate(
    detections: Annotated[Path, typer.Argument(help="What `detect` wrote.", show_default=False)],
    truth: Annotated[
        Path,
        typer.Argument(
            help="Labels, any vector file: points, boxes, polygons or hull lines with a beam.",
            show_default=False,
        ),
    ],
    scene: Annotated[
        str | None,
        typer.Option(help="The scene; needed when labels or detections are in its pixels."),
    ] = None,
    gsd: Gsd = None,
    threshold: Annotated[float, typer.Option(help="Count detections from this score up.")] = 0.0,
    truth_layer: Annotated[
        str | None,
        typer.Option(help="Layer of TRUTH with the boats (default: hulls, or the only one)."),
    ] = None,
    truth_coords: Annotated[
        TruthCoordinates, typer.Option(help="Whether TRUTH is in scene pixels or in its CRS.")
    ] = TruthCoordinates.auto,
    as_json: Json = False,
) -> None:
    """Compare detections with labelled boats: recall, precision, false alarms, lengths."""
    import json

    from pdn_geo.evaluation import evaluate as compare
    from pdn_geo.evaluation.table import format_table

    result = compare(
        detections,
        truth,
        scene=scene,
        gsd_m=gsd,
        truth_layer=truth_layer,
        truth_coordinates=truth_coords.value,
        threshold=threshold,
    )
    typer.echo(json.dumps(result.to_dict(), indent=2) if as_json else format_table(result))
