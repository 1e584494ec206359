"""`pdn-geo detect`: the main job."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options
from .progress import progress_bar

if TYPE_CHECKING:
    from pdn_geo.result import DetectionResult


class OnError(StrEnum):
    """What to do about parts of the scene that cannot be decoded."""

    fail = "fail"
    skip = "skip"


def detect(
    scene: options.Scene,
    out: Annotated[
        list[Path] | None,
        typer.Option(help="Result: .gpkg, .geojson, .parquet or .fgb. May be given repeatedly."),
    ] = None,
    preview: Annotated[
        Path | None, typer.Option(help="Draw the scene small, with looks and boats, as PNG.")
    ] = None,
    patches: Annotated[
        float | None, typer.Option(help="Look at this many patches of 512 x 512 px at most.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Stop looking after so long.")] = None,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Look at everything, land included.")
    ] = False,
    threshold: Annotated[float, typer.Option(help="Least score of a boat, 0-1.")] = 0.5,
    model: Annotated[
        str, typer.Option(help="What tells boats in a look: classical.")
    ] = "classical",
    bands: options.Bands = None,
    gsd: options.Gsd = None,
    aoi: options.Aoi = None,
    water: options.Water = None,
    land: options.Land = None,
    anchor: options.Anchor = options.AnchorSource.pixels,
    on_error: Annotated[
        OnError, typer.Option(help="Parts that cannot be decoded: fail, or skip (exit code 3).")
    ] = OnError.fail,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Find the boats in a scene and say what was searched."""
    import pdn_geo
    from pdn_geo.products import check_output_paths

    outputs = [*(out or []), *([preview] if preview else [])]
    check_output_paths(out or [], preview=preview, scene=scene)
    with progress_bar(quiet=quiet or json) as progress:
        result = pdn_geo.detect(
            scene,
            bands=options.split(bands),
            gsd_m=gsd,
            aoi=aoi,
            water=water,
            land=land,
            patches=patches,
            seconds=seconds,
            exhaustive=exhaustive,
            model=model,
            threshold=threshold,
            anchor=anchor.value,
            on_error=on_error.value,
            threads=threads,
            progress=progress,
        )
    result.write(*(out or []))
    if preview:
        result.save_preview(preview)
    _report(result, outputs, quiet=quiet, json=json)
    if result.failed:
        typer.echo(f"pdn-geo: {scene}: {len(result.failed)} windows could not be read", err=True)
        raise typer.Exit(3)


def _report(result: "DetectionResult", outputs: list[Path], *, quiet: bool, json: bool) -> None:
    if json:
        from json import dumps

        written = [str(path) for path in outputs]
        typer.echo(dumps({**result.summary, "outputs": written}, indent=2))
    elif not quiet:
        times = ", ".join(f"{stage} {value:.1f}" for stage, value in result.seconds.items())
        typer.echo("\n".join(result.lines()))
        typer.echo(f"seconds   {times}")
        if outputs:
            typer.echo(f"wrote     {', '.join(str(path) for path in outputs)}")
