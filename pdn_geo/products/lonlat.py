"""Polygons in longitude and latitude: across the antimeridian, round a pole, wound right."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, Polygon

Floats = NDArray[np.float64]


def wrapped(lon: Floats) -> Floats:
    """Longitudes within -180 to 180; those that are already there stay as they are."""
    outside = np.abs(lon) > 180
    return np.where(outside, (lon + 180) % 360 - 180, lon)


def unwrapped(polygons: NDArray[np.object_]) -> NDArray[np.object_]:
    """The same polygons, (N,), with longitudes that run on where they jump at 180."""
    result = polygons.copy()
    west, _, east, _ = shapely.bounds(polygons).reshape(-1, 4).T
    for i in np.flatnonzero(east - west > 180):
        parts = [_unwrapped(part) for part in parts_of(polygons[i])]
        result[i] = parts[0] if isinstance(polygons[i], Polygon) else MultiPolygon(parts)
    return result


def cut(polygon: Polygon | MultiPolygon) -> list[Polygon]:
    """The parts of a polygon with unwrapped longitudes, cut at the antimeridian, each
    within -180 to 180 (RFC 7946, 3.1.9).
    """
    west, _, east, _ = polygon.bounds
    if polygon.is_empty or (west >= -180 and east <= 180):
        return parts_of(polygon)
    parts: list[Polygon] = []
    for turn in range(int((west + 180) // 360), int((east + 180) // 360) + 1):
        world = shapely.box(360 * turn - 180, -90, 360 * turn + 180, 90)
        inside = translate(shapely.intersection(polygon, world), xoff=-360.0 * turn)
        parts.extend(parts_of(inside))
    return parts


def parts_of(geometry: shapely.Geometry) -> list[Polygon]:
    """The polygons in a geometry; an intersection may also hold points and lines."""
    found = shapely.get_parts(geometry)
    return [part for part in found if isinstance(part, Polygon) and not part.is_empty]


def _unwrapped(polygon: Polygon) -> Polygon:
    shell = _unwrapped_ring(np.asarray(polygon.exterior.coords))
    holes = [_unwrapped_ring(np.asarray(ring.coords)) for ring in polygon.interiors]
    middle = (shell[:, 0].min() + shell[:, 0].max()) / 2
    for hole in holes:
        hole[:, 0] += 360 * np.round((middle - hole[:, 0].mean()) / 360)
    return Polygon(shell, holes)


def _unwrapped_ring(ring: Floats) -> Floats:
    """A closed ring without jumps, (N, 2); one round a pole is led over the pole."""
    turns = -np.cumsum(np.round(np.diff(ring[:, 0], prepend=ring[0, 0]) / 360))
    lon, lat = ring[:, 0] + 360 * turns, ring[:, 1]
    if turns[-1] != 0:
        pole = np.copysign(90.0, lat.mean())
        lon = np.concatenate([lon, [lon[-1], lon[0], lon[0]]])
        lat = np.concatenate([lat, [pole, pole, lat[0]]])
    return np.stack([lon, lat], axis=-1)
