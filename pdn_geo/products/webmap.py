"""One run on a map to pan and zoom, for Jupyter: the scene, the looks, the boats."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from pdn_geo.errors import OptionError, PdnGeoError
from pdn_geo.grid import PixelGrid
from pdn_geo.products.colours import BOAT_COLOURS, LOOK_COLOURS
from pdn_geo.products.georeference import georeference
from pdn_geo.products.outline import scene_outline
from pdn_geo.products.result import Findings
from pdn_geo.products.searched_area import looks_table

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import Series

Bounds = tuple[float, float, float, float]

_SIDE = 1024
"""Pixels of the scene's picture on the map, along its longer side."""
_MOST_LAT = 85.0


class NoMapLibraryError(PdnGeoError, ImportError):
    """Neither of the libraries that draw maps in Jupyter is installed."""


def explore(findings: Findings, rgb: NDArray[np.uint8], stride: float) -> Any:
    """A `lonboard.Map` where lonboard is installed, else a `folium.Map` (comes with leafmap).

    rgb: (rows, cols, 3), the scene small, each pixel `stride` scene pixels wide. Raises
    NoMapLibraryError without either, OptionError for a scene that has no place on a web map.
    """
    libraries = {"lonboard": _with_lonboard, "folium": _with_folium}
    draw = next((draw for name, draw in libraries.items() if find_spec(name)), None)
    if draw is None:
        raise NoMapLibraryError(
            "maps in Jupyter need lonboard, folium or leafmap: pip install lonboard"
        )
    picture, bounds = on_mercator(rgb, stride, findings.grid)
    looks = looks_table(findings, lonlat=True).to_geodataframe()
    boats = georeference(findings, lonlat=True).to_geodataframe()
    layers = (
        _Layer.of("looks", looks, looks["order"] / max(len(looks), 1), LOOK_COLOURS),
        _Layer.of("boats", boats, boats["score"], BOAT_COLOURS),
    )
    return draw(picture, bounds, [layer for layer in layers if len(layer.table)])


@dataclass(frozen=True, slots=True)
class _Layer:
    """table: in longitude and latitude. colours: (N, 3) uint8, one a row."""

    name: str
    table: "GeoDataFrame"
    colours: NDArray[np.uint8]

    @classmethod
    def of(
        cls, name: str, table: "GeoDataFrame", shares: "Series", colours: Sequence[str]
    ) -> "_Layer":
        """shares: 0-1, where on the scale of `colours` each row is."""
        from matplotlib.colors import LinearSegmentedColormap

        scale = LinearSegmentedColormap.from_list(name, colours)
        picked = np.asarray(scale(shares.to_numpy(dtype=float), bytes=True))[:, :3]
        on_map = ~table.geometry.isna().to_numpy()
        return cls(name, table[on_map], picked[on_map])


def on_mercator(
    rgb: NDArray[np.uint8], stride: float, grid: PixelGrid
) -> tuple[NDArray[np.uint8], Bounds]:
    """A picture of the scene as web maps lay it out: (rows, cols, 4), transparent outside.

    The bounds are west, south, east, north in degrees, east above 180 across the
    antimeridian. Rows are evenly spaced in Mercator's y, columns in longitude. Raises
    OptionError for a scene without georeferencing, on another body, partly off the map, or
    wholly near a pole.
    """
    outline = scene_outline(grid)
    bounds = None if outline is None else outline.bounds
    if bounds is None or bounds[3] < -_MOST_LAT or bounds[1] > _MOST_LAT:
        raise OptionError("the scene has no place on a web map; use plot()")
    west, south, east, north = bounds
    south, north = max(south, -_MOST_LAT), min(north, _MOST_LAT)
    low, high = np.arcsinh(np.tan(np.radians([south, north])))
    tall = (high - low) / np.radians(east - west)
    rows, cols = (max(1, round(_SIDE * min(1, side))) for side in (tall, 1 / tall))
    lon = west + (np.arange(cols) + 0.5) * (east - west) / cols
    y = high - (np.arange(rows) + 0.5) * (high - low) / rows
    lon, lat = np.meshgrid(lon, np.degrees(np.arctan(np.sinh(y))))
    to_crs = Transformer.from_crs(grid.lonlat_crs, grid.crs, always_xy=True)
    x, y = grid.to_pixel(*to_crs.transform(lon, lat))
    inside = (x >= 0) & (x < grid.width) & (y >= 0) & (y < grid.height)
    col, row = (np.where(inside, v / stride, 0).astype(int) for v in (x, y))
    picture = np.concatenate([rgb[row, col], np.where(inside, 255, 0)[..., None]], axis=-1)
    return picture.astype(np.uint8), (west, south, east, north)


def _with_lonboard(picture: NDArray[np.uint8], bounds: Bounds, layers: Sequence[_Layer]) -> Any:
    from lonboard import BitmapLayer, Map, PolygonLayer

    outlines = [
        PolygonLayer.from_geopandas(
            layer.table,
            auto_downcast=False,  # a few rows, and pandas warns of the way it is done
            filled=False,
            get_line_color=layer.colours,
            line_width_min_pixels=2,
        )
        for layer in layers
    ]
    return Map([BitmapLayer(image=_data_url(picture), bounds=bounds), *outlines])


def _with_folium(picture: NDArray[np.uint8], bounds: Bounds, layers: Sequence[_Layer]) -> Any:
    import folium

    west, south, east, north = bounds
    corners = [[south, west], [north, east]]
    web_map = folium.Map()
    folium.raster_layers.ImageOverlay(_data_url(picture), corners, name="scene").add_to(web_map)
    for layer in layers:
        told = list(layer.table.columns.drop("geometry"))
        colours = [f"#{bytes(rgb).hex()}" for rgb in layer.colours]
        folium.GeoJson(
            layer.table.assign(colour=colours),
            name=layer.name,
            style_function=_folium_style,
            tooltip=folium.GeoJsonTooltip(fields=told),
        ).add_to(web_map)
    folium.LayerControl().add_to(web_map)
    web_map.fit_bounds(corners)
    return web_map


def _folium_style(feature: dict[str, Any]) -> dict[str, Any]:
    return {"color": feature["properties"]["colour"], "fill": False, "weight": 2}


def _data_url(picture: NDArray[np.uint8]) -> str:
    from matplotlib.image import imsave

    file = BytesIO()
    imsave(file, picture, format="png")
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"
