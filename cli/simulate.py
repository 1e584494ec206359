"""`pdn-geo simulate`: a sea with known boats."""

from pathlib import Path
from typing import Annotated

import typer


def simulate(
    out: Annotated[Path, typer.Option(help="GeoTIFF to write; its truth goes beside it.")],
    size: Annotated[int, typer.Option(help="Pixels a side.")] = 10240,
    gsd: Annotated[float, typer.Option(help="Ground sampling distance, metres.")] = 1.0,
    wind: Annotated[float, typer.Option(help="Wind at 10 m, metres per second.")] = 8.0,
    boats: Annotated[int, typer.Option(help="How many boats.")] = 40,
    seed: Annotated[int, typer.Option(help="The same seed gives the same sea.")] = 0,
    clouds: Annotated[float, typer.Option(help="Share under cloud, 0 to 1.")] = 0.0,
    dtype: Annotated[str, typer.Option(help="uint8 or uint16 (reflectance x 10000).")] = "uint8",
    bands: Annotated[int, typer.Option(help="3 (RGB) or 4 (and near infrared).")] = 3,
    swell: Annotated[float, typer.Option(help="Significant height of the swell, metres.")] = 0.8,
    land: Annotated[float, typer.Option(help="Share of the scene that is land, 0 to 1.")] = 0.0,
    beach: Annotated[float, typer.Option(help="Share of the shore that is sand.")] = 0.5,
    town: Annotated[float, typer.Option(help="Share of the land that is built up.")] = 0.4,
    marinas: Annotated[int, typer.Option(help="Marinas, with boats at their pontoons.")] = 0,
    quays: Annotated[int, typer.Option(help="Quays, with ships alongside.")] = 0,
    piers: Annotated[int, typer.Option(help="Piers on piles.")] = 0,
    moorings: Annotated[int, typer.Option(help="Boats on moorings.")] = 0,
    buoys: Annotated[int, typer.Option(help="Buoys.")] = 0,
    rocks: Annotated[int, typer.Option(help="Rocks awash.")] = 0,
    look: Annotated[
        str, typer.Option(help="linear, or photo (8 bit): a visual product.")
    ] = "linear",
    jpeg: Annotated[int | None, typer.Option(help="Compress as JPEG of this quality.")] = None,
    whitecap_mask: Annotated[
        Path | None, typer.Option(help="Also write the percentage of foam per pixel here.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing.")] = False,
) -> None:
    """Make a georeferenced sea or coast with boats, wakes and whitecaps, and their truth."""
    from rich.console import Console
    from rich.progress import Progress

    from pdn_geo.ocean.config import SeaConfig
    from pdn_geo.ocean.scene import simulate_scene, truth_path

    config = SeaConfig(
        size=size,
        gsd_m=gsd,
        wind_mps=wind,
        boats=boats,
        seed=seed,
        clouds=clouds,
        dtype=dtype,  # type: ignore[arg-type] # checked by SeaConfig, in its own words
        bands=bands,
        swell_m=swell,
        land=land,
        beach=beach,
        town=town,
        marinas=marinas,
        quays=quays,
        piers=piers,
        moorings=moorings,
        buoys=buoys,
        rocks=rocks,
        look=look,  # type: ignore[arg-type] # likewise
        jpeg=jpeg,
    )
    console = Console(stderr=True, quiet=quiet)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("simulating", total=1.0)
        truth = simulate_scene(
            out,
            config,
            whitecap_mask=whitecap_mask,
            progress=lambda share: bar.update(task, completed=share),
        )
    if not quiet:
        status = truth.hulls.fields["status"]
        underway, berthed = (int((status == name).sum()) for name in ("underway", "berthed"))
        typer.echo(f"{out}: {size} x {size} px at {gsd:g} m, wind {wind:g} m/s")
        typer.echo(
            f"{truth_path(out)}: {len(truth.hulls)} boats, {underway} under way"
            + (f", {berthed} berthed" if berthed else "")
        )
