"""`pdn-geo detect`: the main job."""

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pdn_geo.interrupt import first_interrupt_held

from . import options
from .interrupts import one_line_when_interrupted
from .progress import progress_bar

if TYPE_CHECKING:
    from pdn_geo.result import DetectionResult


class Model(StrEnum):
    """What tells boats in a look."""

    auto = "auto"
    network = "network"
    classical = "classical"


class Engine(StrEnum):
    """What runs the network."""

    onnx = "onnx"
    torch = "torch"


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
    qgis_project: Annotated[
        Path | None,
        typer.Option(help="Also write a QGIS project, .qgz; needs a .gpkg among --out."),
    ] = None,
    stac_item: Annotated[
        Path | None, typer.Option(help="Describe the run as a STAC Item (.json).")
    ] = None,
    patches: Annotated[
        float | None, typer.Option(help="Look at this many patches of 512 x 512 px at most.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Stop looking after so long.")] = None,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Look at everything, land included.")
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(help="Least score of a boat, 0-1. Default: what suits the model."),
    ] = None,
    model: Annotated[
        Model, typer.Option(help="What tells boats in a look. auto: the network where it suits.")
    ] = Model.auto,
    weights: Annotated[
        Path | None,
        typer.Option(help="Weights of your own, .onnx or .safetensors, with the .json beside."),
    ] = None,
    engine: Annotated[
        Engine | None, typer.Option(help="What runs the network. Default: what the weights say.")
    ] = None,
    device: Annotated[
        str, typer.Option(help="What the network runs on: cpu, or cuda with --engine torch.")
    ] = "cpu",
    bands: options.Bands = None,
    gsd: options.Gsd = None,
    aoi: options.Aoi = None,
    water: options.Water = None,
    land: options.Land = None,
    anchor: options.Anchor = options.AnchorSource.pixels,
    on_error: Annotated[
        OnError, typer.Option(help="Parts that cannot be decoded: fail, or skip (exit code 3).")
    ] = OnError.fail,
    keep_partial: options.KeepPartial = False,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Find the boats in a scene and say what was searched."""
    written: list[Path] = []
    with one_line_when_interrupted(written):
        if aoi or water or land or any(path.suffix in (".gpkg", ".fgb") for path in out or []):
            _import_pyogrio_alone()
        import pdn_geo
        from pdn_geo.products import check_output_paths

        check_output_paths(
            out or [], preview=preview, qgis_project=qgis_project, stac_item=stac_item, scene=scene
        )
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
                model=model.value,
                weights=weights,
                engine=engine.value if engine else None,
                device=device,
                threshold=threshold,
                anchor=anchor.value,
                on_error=on_error.value,
                keep_partial=keep_partial,
                threads=threads,
                progress=progress,
            )
        with first_interrupt_held(keep_partial and not result.interrupted):
            for path in _write(result, out or [], preview, qgis_project, stac_item):
                written.append(path)
    _report(result, written, quiet=quiet, json=json)
    if result.failed:
        typer.echo(f"pdn-geo: {scene}: {len(result.failed)} windows could not be read", err=True)
    if result.interrupted:
        typer.echo(f"pdn-geo: {scene}: {result.findings.notes[0]}", err=True)
        raise typer.Exit(130)
    if result.failed:
        raise typer.Exit(3)


def _write(
    result: "DetectionResult",
    out: list[Path],
    preview: Path | None,
    qgis_project: Path | None,
    stac_item: Path | None,
) -> Iterator[Path]:
    """Write what was asked for; yields each file as soon as it is there."""
    outputs = [*out, *(path for path in (preview, qgis_project) if path)]
    result.write(*out)
    yield from out
    if preview:
        result.save_preview(preview)
        yield preview
    if qgis_project:
        geopackage = next(path for path in out if path.suffix.lower() == ".gpkg")
        result.save_qgis_project(qgis_project, geopackage)
        yield qgis_project
    if stac_item:
        result.save_stac_item(stac_item, outputs)
        yield stac_item


def _import_pyogrio_alone() -> None:
    """Import pyogrio, which takes geopandas, pandas and pyarrow along where it can, without them.

    They are for data frames and Arrow tables, of which this command makes none with pyogrio,
    and took three quarters of the whole import.
    """
    tables = ("geopandas", "pandas", "pyarrow")
    absent = [name for name in tables if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type] # None: cannot be imported
    try:
        import pyogrio  # noqa: F401
    finally:
        for name in absent:
            del sys.modules[name]


def _report(result: "DetectionResult", outputs: list[Path], *, quiet: bool, json: bool) -> None:
    if json:
        from json import dumps

        written = [str(path) for path in outputs]
        typer.echo(dumps({**result.summary, "outputs": written}, indent=2))
    elif not quiet:
        times = ", ".join(f"{stage} {value:.1f}" for stage, value in result.seconds.items())
        found = result.findings
        typer.echo("\n".join(result.lines()))
        typer.echo(f"model     {found.model}")
        for note in found.notes:
            typer.echo(f"note      {note}")
        typer.echo(f"seconds   {times}")
        if outputs:
            typer.echo(f"wrote     {', '.join(str(path) for path in outputs)}")
