"""Boats as shapes in a plane: what truth and detections have in common."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Hulls:
    """N shapes in one plane; every array is (N,).

    geometry: polygons, or lines and points where no more is known. x, y: centres.
    length, width: sides of the smallest rectangle around each, NaN for a point. angle: of
    the long side, radians, up to half a turn; NaN for a point or a square.
    """

    geometry: NDArray[np.object_]
    x: Floats
    y: Floats
    length: Floats
    width: Floats
    angle: Floats

    def __len__(self) -> int:
        return len(self.geometry)

    def __getitem__(self, index: NDArray[np.generic]) -> "Hulls":
        parts = (self.geometry, self.x, self.y, self.length, self.width, self.angle)
        return Hulls(*(part[index] for part in parts))

    @property
    def has_area(self) -> NDArray[np.bool_]:
        """Which can be overlapped."""
        return shapely.area(self.geometry) > 0

    @classmethod
    def measure(cls, geometry: NDArray[np.object_], beam: ArrayLike = np.nan) -> "Hulls":
        """Measure shapes; a line with a `beam` (units of the plane) becomes a polygon."""
        geometry = np.asarray(geometry, dtype=object)
        beam = np.broadcast_to(np.asarray(beam, dtype=np.float64), geometry.shape)
        with_beam = (shapely.get_dimensions(geometry) == 1) & (beam > 0)
        geometry = geometry.copy()
        geometry[with_beam] = shapely.buffer(
            geometry[with_beam], beam[with_beam] / 2, cap_style="flat", join_style="mitre"
        )
        centre = shapely.centroid(geometry)
        length, width, angle = _rectangle(shapely.oriented_envelope(geometry))
        return cls(geometry, shapely.get_x(centre), shapely.get_y(centre), length, width, angle)


def _rectangle(envelope: NDArray[np.object_]) -> tuple[Floats, Floats, Floats]:
    """Length, width and angle of oriented envelopes: rectangles, lines or points."""
    sides = np.full((len(envelope), 2, 2), np.nan)
    dimension = shapely.get_dimensions(envelope)
    corners = shapely.get_coordinates(envelope[dimension == 2]).reshape(-1, 5, 2)
    sides[dimension == 2] = np.diff(corners[:, :3], axis=1)
    ends = shapely.get_coordinates(envelope[dimension == 1]).reshape(-1, 2, 2)
    sides[dimension == 1, 0] = ends[:, 1] - ends[:, 0]
    sides[dimension == 1, 1] = 0.0
    extent = np.hypot(sides[..., 0], sides[..., 1])
    longest = np.where(extent[:, 1] > extent[:, 0], 1, 0)
    rows = np.arange(len(envelope))
    along = sides[rows, longest]
    length, width = extent[rows, longest], extent[rows, 1 - longest]
    angle = np.mod(np.arctan2(along[:, 1], along[:, 0]), np.pi)
    angle[np.isclose(length, width, rtol=1e-6)] = np.nan
    return length, width, angle


def axis_difference_deg(a: ArrayLike, b: ArrayLike) -> Floats:
    """Between two axes (radians): 0 to 90 degrees, whichever end is the bow."""
    turn = np.mod(np.asarray(a) - np.asarray(b), np.pi)
    return np.degrees(np.minimum(turn, np.pi - turn))
