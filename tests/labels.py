"""Labels and detections for the tests of `evaluate`: files of any format, one scene of hulls."""

import json

import numpy as np
import pyogrio
import shapely
from affine import Affine
from pyproj import CRS

from pdn_geo.detections import Detections
from pdn_geo.grid import AffineMapping, PixelGrid

UTM = "EPSG:32631"


def write(path, geometry, layer=None, crs=None, **fields):
    """One layer of any format through pyogrio, mixed geometry allowed."""
    geometry = np.asarray(geometry, dtype=object)
    columns = [np.asarray(values) for values in fields.values()]
    pyogrio.raw.write(
        path,
        shapely.to_wkb(geometry),
        columns,
        list(fields),
        layer=layer,
        crs=crs,
        geometry_type="Unknown",
        append=path.exists(),
    )
    return path


def geojson(path, features, **header):
    """features: (geometry, properties) pairs."""
    items = [
        {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(shape)}
        for shape, properties in features
    ]
    collection = {"type": "FeatureCollection", **header, "features": items}
    path.write_text(json.dumps(collection))
    return path


def found(x, y, score=None, length=10.0, width=3.0, angle=0.0):
    """Detections from a few numbers."""
    n = len(x)
    full = {"length": length, "width": width, "angle": angle, "wake": 0, "look": 0}
    return Detections(
        x=x,
        y=y,
        score=np.ones(n) if score is None else score,
        bow_known=np.zeros(n),
        cut=np.zeros(n),
        **{name: np.broadcast_to(value, n) for name, value in full.items()},
    )


def rotated_grid(crs=UTM, gsd=2.0, turn=33.0, x=500_000.0, y=4_600_000.0):
    transform = Affine.translation(x, y) * Affine.rotation(turn) * Affine.scale(gsd, -gsd)
    return PixelGrid(height=800, width=1000, crs=CRS(crs), mapping=AffineMapping(transform))


HULLS = [
    (
        shapely.LineString([(100, 100), (140, 120)]),
        {"kind": "vessel", "beam_px": 8, "confidence": 3},
    ),
    (
        shapely.LineString([(300, 200), (300, 240)]),
        {"kind": "vessel", "beam_px": 9, "confidence": 2},
    ),
    (
        shapely.LineString([(500, 300), (520, 300)]),
        {"kind": "vessel", "beam_px": 5, "confidence": 1},
    ),
    (shapely.box(600, 600, 700, 700), {"kind": "ignore"}),
    (shapely.Point(50, 700), {"kind": "negative"}),
]
# both boats, one of them twice, the doubtful one, one in the ignore area, the negative
SEEN = found(
    x=[121, 300, 303, 510, 650, 50],
    y=[110, 221, 221, 300, 650, 700],
    score=[0.9, 0.8, 0.7, 0.6, 0.5, 0.4],
    length=40.0,
)
