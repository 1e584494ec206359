"""`pdn-geo info`: what the reader makes of a scene."""

import typer

from .options import Bands, Gsd, Json, Scene, split


def info(scene: Scene, bands: Bands = None, gsd: Gsd = None, as_json: Json = False) -> None:
    """Show a scene's size, bands, pixel size on the ground, nodata, and the cost of a run."""
    import json

    from pdn_geo.io import open_scene
    from pdn_geo.io.info import describe_scene, format_scene

    with open_scene(scene, bands=split(bands), gsd_m=gsd) as opened:
        described = describe_scene(opened)
    typer.echo(json.dumps(described, indent=2) if as_json else format_scene(described))
