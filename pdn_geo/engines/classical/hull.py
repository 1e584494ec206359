"""Rectangles from second moments, in pixels and on the ground."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangles:
    """N rectangles with the moments of N shapes; all (N,).

    length, width: pixels; length_m, width_m: metres. angle: radians from +x towards +y.
    """

    length: Floats
    width: Floats
    angle: Floats
    length_m: Floats
    width_m: Floats

    def __getitem__(self, index: NDArray[np.generic]) -> "Rectangles":
        return Rectangles(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


def fit_rectangles(
    cxx: ArrayLike, cyy: ArrayLike, cxy: ArrayLike, metric: Floats, blur_px2: float
) -> Rectangles:
    """The rectangles whose uniform area has the given second moments about the centre.

    A side s has the moment s^2 / 12. `blur_px2` is the moment, in pixels squared, that
    sampling and the sensor's blur have added along every axis (negative: removed).
    metric: (2, 2) metres per pixel; the axes are those on the ground, which differ from
    those in pixels where pixels are not square (EPSG:4326 away from the equator).
    No side is taken for less than half a pixel.
    """
    cxx, cyy, cxy = (np.asarray(v, dtype=np.float64) for v in (cxx, cyy, cxy))
    pixel = np.stack([np.stack([cxx, cxy], -1), np.stack([cxy, cyy], -1)], -2)
    pixel = np.maximum(pixel - blur_px2 * np.eye(2), np.where(np.eye(2) > 0, 0.0, -np.inf))
    ground = metric @ pixel @ metric.T
    moments, axes = np.linalg.eigh(ground)
    inverse = np.linalg.inv(metric)
    along = axes[..., 1] @ inverse.T  # pixels per metre along the axis
    across = axes[..., 0] @ inverse.T
    pixels_along, pixels_across = np.hypot(*along.T), np.hypot(*across.T)
    width = np.sqrt(12 * np.maximum(moments[..., 0], 0)) * pixels_across
    length = np.sqrt(12 * np.maximum(moments[..., 1], 0)) * pixels_along
    width, length = np.maximum(width, 0.5), np.maximum(length, 0.5)
    length_m, width_m = length / pixels_along, width / pixels_across
    width = np.minimum(width, length)  # only stretched pixels can turn the two around
    return Rectangles(
        length=length,
        width=width,
        angle=np.arctan2(along[..., 1], along[..., 0]),
        length_m=length_m,
        width_m=np.minimum(width_m, length_m),
    )
