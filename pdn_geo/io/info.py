"""What the reader made of a scene, for people and for programs."""

from typing import Any

import numpy as np

from pdn_geo.errors import BlockReadError
from pdn_geo.geometry import Window
from pdn_geo.grid import AffineMapping, PixelGrid
from pdn_geo.io.bands import band_roles
from pdn_geo.io.gcps import GcpMapping
from pdn_geo.io.rpcs import RpcMapping
from pdn_geo.io.scene import RasterScene

DECODE_MPX_PER_S = 45.0
"""Megapixels of three 8-bit bands per second of one core, deflate, as `RasterScene.read`
gives them; measured from 10 (16-bit LZW) to 110 (uncompressed tiles)."""

_LOOK_PIXELS = 512
_SAMPLES_A_SIDE = 5
_SAMPLE_PIXELS = 64
_EDGE = np.linspace(0, 1, 33)
_KINDS = {AffineMapping: "affine", GcpMapping: "gcps", RpcMapping: "rpcs", type(None): "none"}


def describe_scene(scene: RasterScene) -> dict[str, Any]:
    """Everything that `pdn-geo info` prints, ready for JSON (None where unknown).

    Reads 25 small windows to estimate the share of nodata, and nothing else.
    """
    grid, header = scene.grid, scene.header
    roles = band_roles(header)
    megapixels = grid.width * grid.height / 1e6
    nodata_share, unreadable = _sample_nodata(scene)
    return {
        "scene": scene.name,
        "width": grid.width,
        "height": grid.height,
        "dtype": scene.dtype,
        "bands": list(scene.band_names),
        "bands_available": [
            {"band": i + 1, "name": header.descriptions[i], "role": roles[i] or header.colour[i]}
            for i in range(header.count)
        ],
        "storage": list(header.storage),
        "crs": scene.crs_text,
        "georeferencing": _KINDS[type(grid.mapping)],
        "gsd_m": _gsd(grid),
        "bounds_lonlat": _bounds(grid),
        "nodata_share_sampled": nodata_share,
        "unreadable_samples": unreadable,
        "overviews": scene.overview_factors,
        "cost": {
            "megapixels": megapixels,
            "windows_512": -(-grid.width // _LOOK_PIXELS) * -(-grid.height // _LOOK_PIXELS),
            "decode_seconds": megapixels * len(scene.band_names) / 3 / DECODE_MPX_PER_S,
        },
        "notes": scene.notes,
    }


def format_scene(info: dict[str, Any]) -> str:
    """`describe_scene` as a few aligned lines."""
    gsd, bounds, cost = info["gsd_m"], info["bounds_lonlat"], info["cost"]
    share = info["nodata_share_sampled"]
    nodata = "unknown: no sample can be read" if share is None else f"{share:.1%} (sampled)"
    if info["unreadable_samples"]:
        nodata += f"; {info['unreadable_samples']} of {_SAMPLES_A_SIDE**2} samples are unreadable"
    rows = {
        "scene": info["scene"],
        "size": f"{info['width']} x {info['height']} px, {cost['megapixels']:,.1f} Mpx",
        "bands": f"{', '.join(info['bands'])} of {len(info['bands_available'])}, {info['dtype']}",
        "storage": ", ".join(info["storage"]),
        "crs": info["crs"] or "none",
        "pixel": "size unknown" if gsd is None else f"{gsd['x']:.4g} x {gsd['y']:.4g} m",
        "bounds": None
        if bounds is None
        else "{:.5f} {:.5f} {:.5f} {:.5f} (W S E N)".format(*bounds),
        "nodata": nodata,
        "overviews": ", ".join(f"1/{f}" for f in info["overviews"]) or "none",
        "cost": f"about {cost['decode_seconds']:.1f} s to decode on one core; "
        f"{cost['windows_512']:,} windows of {_LOOK_PIXELS} px if searched whole",
    }
    lines = [f"{name:<10} {text}" for name, text in rows.items() if text is not None]
    return "\n".join(lines + [f"{'note':<10} {note}" for note in info["notes"]])


def _gsd(grid: PixelGrid) -> dict[str, float] | None:
    """Metres per pixel along x and y and of the equal square, at the centre."""
    jacobian = grid.ground_jacobian(grid.width / 2, grid.height / 2)
    x, y = np.hypot(jacobian[0], jacobian[1])
    if not (np.isfinite(x) and np.isfinite(y)):
        return None
    return {"x": float(x), "y": float(y), "mean": grid.gsd_m}


def _bounds(grid: PixelGrid) -> list[float] | None:
    """West, south, east, north in degrees; west is above east across the antimeridian."""
    low, high = np.zeros_like(_EDGE), np.ones_like(_EDGE)
    x = np.concatenate([_EDGE, high, _EDGE, low]) * grid.width
    y = np.concatenate([low, _EDGE, high, _EDGE]) * grid.height
    lon, lat = grid.to_lonlat(x, y)
    known = np.isfinite(lon) & np.isfinite(lat)
    if not known.any():
        return None
    lon, lat = lon[known], lat[known]
    west, east = lon.min(), lon.max()
    if east - west > 180:
        west, east = lon[lon > 0].min(), lon[lon <= 0].max()
    return [float(v) for v in (west, lat.min(), east, lat.max())]


def _sample_nodata(scene: RasterScene) -> tuple[float | None, int]:
    """The share of pixels that are not valid in an even grid of windows, and how many of
    these could not be read.
    """
    width, height = scene.grid.width, scene.grid.height
    cols, rows = min(_SAMPLE_PIXELS, width), min(_SAMPLE_PIXELS, height)
    valid, unreadable = [], 0
    for row in np.linspace(0, height - rows, _SAMPLES_A_SIDE).astype(int):
        for col in np.linspace(0, width - cols, _SAMPLES_A_SIDE).astype(int):
            window = Window(col_off=int(col), row_off=int(row), width=cols, height=rows)
            try:
                valid.append(float(scene.read(window).valid.mean()))
            except BlockReadError:
                unreadable += 1
    return (1 - float(np.mean(valid)) if valid else None), unreadable
