"""Open GDAL handles of one raster, one for each reader at work."""

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import rasterio
from rasterio.env import getenv, hasenv
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetReader

BLOCK_CACHE_BYTES = 64 << 20
"""GDAL's block cache. Its own default, 5 % of the machine's memory, would make the
peak depend on the machine; looks seldom come back to a block."""

# A scene without georeferencing is no fault here. Set once and for good: a filter for the
# time of one call would race with those of other threads.
warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)


def open_quietly(path: str, overview_level: int | None = None) -> DatasetReader:
    """`rasterio.open` without a word on stderr; at a stored overview (from 0) if asked."""
    options = {} if overview_level is None else {"overview_level": overview_level}
    dataset = rasterio.open(path, **options)
    # What GDAL complained of while opening (a CRS that PROJ refuses) stays pending in
    # rasterio, which raises it from the next call, whatever that is: let it be this one.
    with suppress(Exception):
        _ = dataset.colorinterp
    return dataset


@contextmanager
def gdal_env(cache_bytes: int = BLOCK_CACHE_BYTES) -> Iterator[None]:
    """GDAL with a block cache of `cache_bytes`, unless the user has set GDAL_CACHEMAX.

    GDAL's short cut for a PNG that is read whole gives whatever lay in memory for rows that
    a truncated file lacks (GDAL 3.10.3); without it, they are a read error.
    """
    options: dict[str, object] = {"GDAL_PNG_WHOLE_IMAGE_OPTIM": "NO"}
    if "GDAL_CACHEMAX" not in os.environ and not (hasenv() and "GDAL_CACHEMAX" in getenv()):
        options["GDAL_CACHEMAX"] = cache_bytes
    with rasterio.Env(**options):
        yield


class Handles:
    """Lends handles of one raster; a GDAL handle must never serve two threads at once.

    A handle is opened when all others are lent, so there are never more than readers at
    work at the same time, however many threads come and go. A dataset that cannot be
    opened again by its name (`shared`) is lent to one reader at a time, and left open.
    """

    def __init__(
        self,
        path: str,
        *,
        shared: DatasetReader | None = None,
        cache_bytes: int = BLOCK_CACHE_BYTES,
    ) -> None:
        self._path = path
        self._shared = shared
        self._shared_lock = threading.Lock()
        self._lock = threading.Lock()
        self._idle: dict[int | None, list[DatasetReader]] = {}
        self._closed = False
        self._cache_bytes = cache_bytes

    @contextmanager
    def lend(self, overview_level: int | None = None) -> Iterator[DatasetReader]:
        """A handle for one thread; `overview_level` counts stored overviews from 0."""
        with gdal_env(self._cache_bytes):
            if self._shared is not None:
                with self._shared_lock:
                    yield self._shared
                return
            handle = self._take(overview_level)
            try:
                yield handle
            finally:
                self._give_back(handle, overview_level)

    def adopt(self, handle: DatasetReader) -> None:
        """Lend a handle that is open already, and close it in the end."""
        self._give_back(handle, None)

    def close(self) -> None:
        """Close the handles that are not lent; those come after their reader is done."""
        with self._lock:
            self._closed = True
            idle = [handle for handles in self._idle.values() for handle in handles]
            self._idle.clear()
        with gdal_env(self._cache_bytes):
            for handle in idle:
                handle.close()

    def _take(self, overview_level: int | None) -> DatasetReader:
        with self._lock:
            if self._closed:
                raise ValueError("the scene has been closed")
            if idle := self._idle.get(overview_level):
                return idle.pop()
        return open_quietly(self._path, overview_level)

    def _give_back(self, handle: DatasetReader, overview_level: int | None) -> None:
        with self._lock:
            if not self._closed:
                self._idle.setdefault(overview_level, []).append(handle)
                return
        handle.close()
