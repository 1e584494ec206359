"""What is known of a simulated scene: every hull and every wake, as vector layers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from pdn_geo.geometry import oriented_polygons
from pdn_geo.grid import PixelGrid
from pdn_geo.ocean.sea import Sea
from pdn_geo.ocean.site import outlines
from pdn_geo.ocean.wakes import KELVIN_HALF_ANGLE, Wake, turbulent_width


@dataclass(frozen=True, slots=True)
class Layer:
    """Polygons in the scene's CRS, (N,), and their attributes by name, (N,) each."""

    geometry: NDArray[np.object_]
    fields: dict[str, NDArray]

    def __len__(self) -> int:
        return len(self.geometry)


@dataclass(frozen=True, slots=True)
class Truth:
    """hulls: oriented rectangles at the middle of the exposures, with boat, kind, length_m,
    width_m, heading_deg (from true north, where the bow points), speed_mps and status
    ("underway", "still" or "berthed"). negatives: outlines of what is no boat, with `what`
    it is ("buoy", "rock", "pier", "pontoon", "quay" ...). wakes: boat, kind ("turbulent":
    foam that is still told from water; "kelvin": the wedge of waves) and length_m; a wake may
    reach outside the scene.
    """

    hulls: Layer
    wakes: Layer
    negatives: Layer
    crs: str

    def write(self, path: Path) -> None:
        """A GeoPackage with the layers `hulls`, `wakes`, `negatives`, valid when empty."""
        from pyogrio.raw import write

        layers = {"hulls": self.hulls, "wakes": self.wakes, "negatives": self.negatives}
        for name, layer in layers.items():
            write(
                path,
                geometry=shapely.to_wkb(layer.geometry),
                field_data=list(layer.fields.values()),
                fields=list(layer.fields),
                layer=name,
                driver="GPKG",
                geometry_type="Polygon",
                crs=self.crs,
                append=name != "hulls",
            )


def truth_of(sea: Sea, grid: PixelGrid) -> Truth:
    """The truth of a sea that lies on that grid."""
    assert grid.crs is not None
    return Truth(_hulls(sea, grid), _wakes(sea, grid), _negatives(sea, grid), grid.crs.to_wkt())


def _hulls(sea: Sea, grid: PixelGrid) -> Layer:
    gsd_m = sea.config.gsd_m
    boats = [vessel.boat for vessel in sea.vessels]
    middle = float(np.mean(sea.config.times_s))
    centres = np.array([boat.moved(middle) for boat in boats]).reshape(-1, 2) / gsd_m
    x, y = centres.T
    length, width, angle, speed = (
        np.array([getattr(boat, name) for boat in boats], dtype=np.float64)
        for name in ("length_m", "beam_m", "angle", "speed_mps")
    )
    boxes = oriented_polygons(x, y, length / gsd_m, width / gsd_m, angle)
    fields = {
        "boat": np.arange(len(boats), dtype=np.int64),
        "kind": np.array([boat.kind.name for boat in boats], dtype=object),
        "length_m": length.round(2),
        "width_m": width.round(2),
        "heading_deg": _bearings(grid, x, y, angle).round(2),
        "speed_mps": speed.round(2),
        "status": np.array([boat.status for boat in boats], dtype=object),
    }
    return Layer(_on_ground(boxes, grid), fields)


def _wakes(sea: Sea, grid: PixelGrid) -> Layer:
    rows = []
    for number, vessel in enumerate(sea.vessels):
        wake = vessel.wake
        if wake is not None:
            rows.append((number, "turbulent", wake.visible_m, _turbulent_outline(wake)))
            rows.append((number, "kelvin", wake.kelvin_m, _kelvin_outline(wake)))
    polygons = np.array([row[3] for row in rows], dtype=object)
    in_pixels = shapely.transform(polygons, lambda points: points / sea.config.gsd_m)
    fields = {
        "boat": np.array([row[0] for row in rows], dtype=np.int64),
        "kind": np.array([row[1] for row in rows], dtype=object),
        "length_m": np.array([row[2] for row in rows], dtype=np.float64).round(1),
    }
    return Layer(_on_ground(in_pixels, grid), fields)


def _negatives(sea: Sea, grid: PixelGrid) -> Layer:
    coast = sea.coast
    shapes = outlines(coast.works.all).tolist() if coast else []
    shapes += [shapely.Point(r.x, r.y).buffer(r.radius_m) for r in coast.rocks] if coast else []
    what = [work.what for work in coast.works.all] + ["rock"] * len(coast.rocks) if coast else []
    in_pixels = shapely.transform(
        np.array(shapes, dtype=object), lambda points: points / sea.config.gsd_m
    )
    return Layer(_on_ground(in_pixels, grid), {"what": np.array(what, dtype=object)})


def _turbulent_outline(wake: Wake) -> shapely.Polygon:
    aft = np.linspace(0, wake.visible_m, 24)
    track = wake.track(aft)
    half = np.maximum(turbulent_width(aft, wake.boat.beam_m) / 2, wake.edge_at(aft))
    points = np.concatenate(
        [np.stack([aft, track + half], 1), np.stack([aft, track - half], 1)[::-1]]
    )
    return shapely.Polygon(_from_stern(wake, points))


def _kelvin_outline(wake: Wake) -> shapely.Polygon:
    far, side = wake.kelvin_m, wake.kelvin_m * np.tan(KELVIN_HALF_ANGLE)
    points = np.array([[0.0, 0.0], [far, side], [far, -side]])
    points[:, 0] -= wake.kelvin_origin_m
    return shapely.Polygon(_from_stern(wake, points))


def _from_stern(wake: Wake, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (distance aft of the stern, to the side) as (x, y) metres in the scene."""
    boat = wake.boat
    along, side = -points[:, 0] - boat.length_m / 2, points[:, 1]
    cos, sin = np.cos(boat.angle), np.sin(boat.angle)
    return np.stack([boat.x + along * cos - side * sin, boat.y + along * sin + side * cos], axis=1)


def _on_ground(polygons: NDArray[np.object_], grid: PixelGrid) -> NDArray[np.object_]:
    def place(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack(grid.to_crs(points[:, 0], points[:, 1]), axis=1)

    return np.asarray(shapely.transform(polygons, place), dtype=object)


def _bearings(
    grid: PixelGrid, x: NDArray, y: NDArray, angle: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Degrees clockwise from true north of directions in pixel axes."""
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    east, north = (grid.ground_jacobian(x, y) @ direction[..., None])[..., 0].T
    return np.degrees(np.arctan2(east, north)) % 360
