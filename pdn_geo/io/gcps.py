"""Georeferencing by ground control points: a smooth surface through or near them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from rasterio.control import GroundControlPoint

from pdn_geo.grid import Floats
from pdn_geo.io.newton import invert, solve_2x2

_TOLERANCE = 1e-10
_START_GRID = np.linspace(-1, 1, 9)
_WORTH_A_RICHER_MODEL = 0.9
_SPLINE_POINTS = (10, 1000)
_POINTS_AT_ONCE = 1 << 13


class Basis(Protocol):
    """Functions of normalised pixel x and y, (..., 2), whose weighted sum is a surface."""

    @property
    def words(self) -> str: ...

    def terms(self, points: Floats) -> Floats:
        """Their values, (..., terms)."""

    def slopes(self, points: Floats, axis: int) -> Floats:
        """Their derivatives along x (axis 0) or y, (..., terms)."""


@dataclass(frozen=True)
class Polynomial:
    """Monomials x**i y**j up to an order."""

    order: int

    @property
    def words(self) -> str:
        return f"polynomial of order {self.order}"

    @property
    def powers(self) -> list[tuple[int, int]]:
        return [(i, j) for i in range(self.order + 1) for j in range(self.order + 1 - i)]

    def terms(self, points: Floats) -> Floats:
        x, y = points[..., 0], points[..., 1]
        return np.stack([x**i * y**j for i, j in self.powers], axis=-1)

    def slopes(self, points: Floats, axis: int) -> Floats:
        x, y = points[..., 0], points[..., 1]
        if axis == 0:
            columns = [i * x ** max(i - 1, 0) * y**j for i, j in self.powers]
        else:
            columns = [j * x**i * y ** max(j - 1, 0) for i, j in self.powers]
        return np.stack(columns, axis=-1)


@dataclass(frozen=True)
class ThinPlate:
    """r**2 log r about each centre, (centres, 2), and an affine part (Duchon 1977)."""

    centres: Floats

    words = "thin-plate spline"

    def terms(self, points: Floats) -> Floats:
        offset = points[..., None, :] - self.centres
        square = (offset**2).sum(axis=-1)
        radial = 0.5 * square * np.log(np.where(square > 0, square, 1.0))
        return np.concatenate([radial, Polynomial(1).terms(points)], axis=-1)

    def slopes(self, points: Floats, axis: int) -> Floats:
        offset = points[..., None, :] - self.centres
        square = (offset**2).sum(axis=-1)
        radial = offset[..., axis] * (np.log(np.where(square > 0, square, 1.0)) + 1)
        return np.concatenate([radial, Polynomial(1).slopes(points, axis)], axis=-1)


@dataclass(frozen=True)
class Fit:
    """A basis with its weights, (terms, 2), and its leave-one-out misses, (points, 2)."""

    basis: Basis
    weights: Floats
    misses: Floats

    @property
    def error(self) -> float:
        return float(np.sqrt(np.mean(self.misses**2)))

    def __call__(self, points: Floats) -> Floats:
        return self.basis.terms(points) @ self.weights

    def jacobian(self, points: Floats) -> Floats:
        """(..., 2, 2): rows are the surface's two values, columns pixel x and y."""
        slopes = [self.basis.slopes(points, axis) @ self.weights for axis in (0, 1)]
        return np.stack(slopes, axis=-1)


@dataclass(frozen=True)
class GcpMapping:
    """Pixels to CRS coordinates by a fit to ground control points, and back.

    Both sides are normalised by a centre and a scale, (2,) each. start: the inverse as a
    rough polynomial, where Newton's iteration begins. wraps: longitudes are brought back
    to -180..180. error_px: leave-one-out error, root mean square, in pixels.
    """

    fit: Fit
    start: Fit
    pixel_centre: Floats
    pixel_scale: Floats
    crs_centre: Floats
    crs_scale: Floats
    wraps: bool
    error_px: float

    def to_crs(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        points = np.stack(np.broadcast_arrays(x, y), axis=-1)
        flat = (points.reshape(-1, 2) - self.pixel_centre) / self.pixel_scale
        parts = [self.fit(part) for part in _parts(flat)]
        crs = np.concatenate(parts).reshape(points.shape) * self.crs_scale + self.crs_centre
        crs_x = (crs[..., 0] + 180) % 360 - 180 if self.wraps else crs[..., 0]
        return crs_x, crs[..., 1]

    def to_pixel(self, crs_x: Floats, crs_y: Floats) -> tuple[Floats, Floats]:
        """NaN where the iteration does not settle, far outside the scene."""
        if self.wraps:
            crs_x = (crs_x - self.crs_centre[0] + 180) % 360 - 180 + self.crs_centre[0]
        goals = np.stack(np.broadcast_arrays(crs_x, crs_y), axis=-1)
        flat = (goals.reshape(-1, 2) - self.crs_centre) / self.crs_scale
        pixel = np.concatenate([self._invert(part) for part in _parts(flat)]).reshape(goals.shape)
        return pixel[..., 0], pixel[..., 1]

    def _invert(self, goal: Floats) -> Floats:
        point = invert(
            self.fit, self.fit.jacobian, goal, start=self.start(goal), tolerance=_TOLERANCE
        )
        return point * self.pixel_scale + self.pixel_centre


def fit_gcps(
    points: Sequence[GroundControlPoint], *, height: int, width: int, is_lonlat: bool
) -> GcpMapping:
    """The surface with the least leave-one-out error among polynomials of order 1 to 3 and
    a thin-plate spline; a richer one must be clearly better.

    On Sentinel-1's 210 points the spline's error is a sixteenth of the best polynomial's;
    on points clicked by hand it follows their noise and loses. Raises ValueError when the
    points cannot carry even an affine fit.
    """
    pixel = np.array([[p.col, p.row] for p in points], dtype=np.float64)
    crs = np.array([[p.x, p.y] for p in points], dtype=np.float64)
    if len(points) < 3 or not (np.isfinite(pixel).all() and np.isfinite(crs).all()):
        raise ValueError(f"there are {len(points)}, and an affine fit needs 3 finite ones")
    wraps = is_lonlat and bool(np.ptp(crs[:, 0]) > 180)
    if wraps:
        crs[:, 0] %= 360
    pixel_centre = np.array([width, height]) / 2
    crs_centre, crs_scale = crs.mean(axis=0), np.ptp(crs, axis=0) / 2
    if not (crs_scale > 0).all():
        raise ValueError("they lie on a line")
    fit = _best_fit((pixel - pixel_centre) / pixel_centre, (crs - crs_centre) / crs_scale)
    grid = np.stack(np.meshgrid(_START_GRID, _START_GRID), axis=-1).reshape(-1, 2)
    start = _fit_polynomial(fit(grid), grid, 2) or _fit_polynomial(fit(grid), grid, 1)
    jacobian = fit.jacobian(np.zeros(2))
    if start is None or abs(np.linalg.det(jacobian)) < 1e-9:
        raise ValueError("they map the scene onto a line")
    misses_px = solve_2x2(jacobian[None], fit.misses) * pixel_centre
    return GcpMapping(
        fit=fit,
        start=start,
        pixel_centre=pixel_centre,
        pixel_scale=pixel_centre,
        crs_centre=crs_centre,
        crs_scale=crs_scale,
        wraps=wraps,
        error_px=float(np.sqrt(np.mean((misses_px**2).sum(axis=1)))),
    )


def _best_fit(points: Floats, values: Floats) -> Fit:
    candidates = [_fit_polynomial(points, values, order) for order in (1, 2, 3)]
    if _SPLINE_POINTS[0] <= len(points) <= _SPLINE_POINTS[1]:
        candidates.append(_fit_spline(points, values))
    fits = [fit for fit in candidates if fit is not None]
    if not fits:
        raise ValueError("they lie on a line")
    best = fits[0]
    for fit in fits[1:]:
        if fit.error < _WORTH_A_RICHER_MODEL * best.error - 1e-9:
            best = fit
    return best


def _fit_polynomial(points: Floats, values: Floats, order: int) -> Fit | None:
    """Least squares; None if the points are too few or badly placed.

    The miss of a point that was left out is its residual over one minus its leverage
    (Allen 1974, PRESS); an affine surface through exactly 3 points has none to tell.
    """
    basis = Polynomial(order)
    design = basis.terms(points)
    count, terms = design.shape
    if (order > 1 and count <= terms) or np.linalg.matrix_rank(design) < terms:
        return None
    weights = np.asarray(np.linalg.lstsq(design, values, rcond=None)[0], dtype=np.float64)
    leverage = np.sum(np.linalg.qr(design)[0] ** 2, axis=1)
    misses = (values - design @ weights) / np.maximum(1 - leverage, 1e-6)[:, None]
    return Fit(basis, weights, misses)


def _fit_spline(points: Floats, values: Floats) -> Fit | None:
    """Interpolation; None if two points coincide.

    The miss of a point that was left out is its weight over its diagonal element of the
    inverse system (Rippa 1999, equation 14).
    """
    basis = ThinPlate(points)
    affine = Polynomial(1).terms(points)
    terms = affine.shape[1]
    system = np.block(
        [[basis.terms(points)[:, :-terms], affine], [affine.T, np.zeros((terms, terms))]]
    )
    if np.linalg.cond(system) > 1e12:
        return None
    inverse = np.linalg.inv(system)
    weights = inverse @ np.concatenate([values, np.zeros((terms, 2))])
    count = len(points)
    return Fit(basis, weights, weights[:count] / np.diag(inverse)[:count, None])


def _parts(points: Floats) -> list[Floats]:
    """Slices of (N, 2) points: a spline takes terms x points of memory."""
    return [points[i : i + _POINTS_AT_ONCE] for i in range(0, max(len(points), 1), _POINTS_AT_ONCE)]
