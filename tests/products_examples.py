"""Findings for tests of products: one boat on the ground, seen in many georeferencings."""

from dataclasses import dataclass

import numpy as np
from affine import Affine
from pyproj import CRS, Geod, Transformer

from pdn_geo.detections import Detections
from pdn_geo.drive.look import Look
from pdn_geo.geometry import Window
from pdn_geo.grid import AffineMapping, PixelGrid
from pdn_geo.products import Findings

SIZE = 2000


@dataclass(frozen=True)
class CurvedMapping:
    """Pixels to WGS 84 by way of a projection: not affine, as control points are."""

    affine: Affine
    projection: str
    wraps: bool = True

    def to_crs(self, x, y):
        t = Transformer.from_crs(self.projection, "EPSG:4326", always_xy=True)
        return t.transform(*AffineMapping(self.affine).to_crs(x, y))

    def to_pixel(self, crs_x, crs_y):
        t = Transformer.from_crs("EPSG:4326", self.projection, always_xy=True)
        return AffineMapping(self.affine).to_pixel(*t.transform(crs_x, crs_y))


def affine_grid(crs: str, transform: Affine, size: int = SIZE) -> PixelGrid:
    mapping = AffineMapping(transform)
    return PixelGrid(height=size, width=size, crs=CRS.from_user_input(crs), mapping=mapping)


def grid_at(lon: float, lat: float, crs: str, linear: Affine, size: int = SIZE) -> PixelGrid:
    """A scene in `crs` whose centre is at lon, lat; `linear` scales, turns and shears."""
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon, lat)
    half = Affine.translation(-size / 2, -size / 2)
    return affine_grid(crs, Affine.translation(x, y) * linear * half, size)


def georeferencings(lon: float, lat: float, gsd: float) -> dict[str, PixelGrid]:
    """One place in every kind of georeferencing, pixels of about `gsd` metres."""
    zone = int((lon + 180) // 6) + 1
    utm = f"EPSG:{32600 + zone}" if lat >= 0 else f"EPSG:{32700 + zone}"
    north_up, degrees = Affine.scale(gsd, -gsd), gsd / 111_000
    grids = {
        "north up": grid_at(lon, lat, utm, north_up),
        "rotated": grid_at(lon, lat, utm, Affine.rotation(33) * north_up),
        "south up": grid_at(lon, lat, utm, Affine.scale(gsd, gsd)),
        "east left": grid_at(lon, lat, utm, Affine.scale(-gsd, -gsd)),
        "sheared": grid_at(lon, lat, utm, Affine.shear(25, 5) * Affine.scale(gsd, -2 * gsd)),
        "degrees": grid_at(lon, lat, "EPSG:4326", Affine.scale(degrees, -degrees)),
        "web mercator": grid_at(lon, lat, "EPSG:3857", north_up),
    }
    turned = grid_at(lon, lat, utm, Affine.rotation(-70) * north_up)
    grids["curved"] = PixelGrid(
        height=SIZE,
        width=SIZE,
        crs=CRS.from_epsg(4326),
        mapping=CurvedMapping(turned.transform, utm),
    )
    return grids


def seen_in(grid, lon, lat, length_m, width_m, bearing_deg, **fields) -> Detections:
    """How a boat on the ground looks in a grid: the moments of its outline's ellipse.

    Found through points of the ellipse along geodesics, not through the ground Jacobian.
    """
    geod = Geod(ellps="WGS84")
    t = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    along, right = length_m / 2 * np.cos(t), width_m / 2 * np.sin(t)
    azimuth = bearing_deg + np.degrees(np.arctan2(right, along))
    centre = np.full(t.shape, float(lon)), np.full(t.shape, float(lat))
    ring = geod.fwd(*centre, azimuth, np.hypot(along, right))[:2]
    to_crs = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
    x, y = grid.to_pixel(*to_crs.transform(*ring))
    values, vectors = np.linalg.eigh(8 * np.cov(x, y, bias=True))
    ux, uy = vectors[:, 1]
    bow = np.array([x[0] - x.mean(), y[0] - y.mean()])
    sign = 1 if bow @ vectors[:, 1] > 0 else -1
    return one_boat(
        x=x.mean(),
        y=y.mean(),
        length=np.sqrt(values[1]),
        width=np.sqrt(max(values[0], 0)),
        angle=np.arctan2(sign * uy, sign * ux),
        **fields,
    )


def one_boat(**fields) -> Detections:
    defaults = {
        "x": 100.0,
        "y": 200.0,
        "length": 30.0,
        "width": 8.0,
        "angle": 0.0,
        "score": 0.75,
        "wake": 0.25,
        "bow_known": True,
        "cut": False,
        "look": 0,
    }
    return Detections(**{name: [value] for name, value in {**defaults, **fields}.items()})


def look(order: int, col: int, row: int, size: int = 256) -> Look:
    window = Window(col_off=col, row_off=row, width=size, height=size)
    return Look(order=order, window=window, reason="bright, unlike the sea", expected_boats=0.5)


LOOKS = (look(0, 0, 0), look(1, 200, 128), look(2, 1000, 1000, 512))


def findings(grid: PixelGrid, detections: Detections | None = None, **fields) -> Findings:
    if detections is None:
        others = one_boat(x=1200.0, y=1100.0, angle=2.0, bow_known=False, score=0.4, look=2)
        detections = Detections.concatenate([one_boat(), others])
    defaults = {
        "scene": "scene ø.tif",
        "looks": LOOKS,
        "searched_share": 0.1,
        "expected_missed": 1.25,
        "model": "classical",
        "notes": ("The anchor is made from stored overviews.",),
    }
    return Findings(grid=grid, detections=detections, **{**defaults, **fields})


UTM = grid_at(3.0, 51.4, "EPSG:32631", Affine.scale(1, -1))
PIXELS = PixelGrid(height=SIZE, width=SIZE)
MARS = affine_grid("+proj=eqc +R=3396190 +units=m +no_defs", Affine(5, 0, 100_000, 0, -5, -200_000))
