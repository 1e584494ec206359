"""`da.pdn`: detect boats in an xarray DataArray, in rioxarray's manner.

``import pdn_geo.accessor`` registers it. ``import pdn_geo`` alone does not, because it
would have to import xarray, and pandas with it, for everyone.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import xarray

from pdn_geo.pipeline import detect

Options = ParamSpec("Options")
Result = TypeVar("Result")


def _method(
    function: Callable[Concatenate[Any, Options], Result],
) -> Callable[Concatenate["PdnAccessor", Options], Result]:
    """A function of a scene as a method, with the array for the scene."""

    @wraps(function)
    def method(self: "PdnAccessor", /, *args: Options.args, **options: Options.kwargs) -> Result:
        return function(self._array, *args, **options)

    return method


@xarray.register_dataarray_accessor("pdn")  # type: ignore[no-untyped-call] # xarray has no types here
class PdnAccessor:
    """Boats in an array with the dimensions (band, y, x) or (y, x).

    The array's CRS and coordinates are those that rioxarray knows (``da.rio.crs``); a lazy
    array is read window by window.
    """

    def __init__(self, array: xarray.DataArray) -> None:
        self._array = array

    detect = _method(detect)
