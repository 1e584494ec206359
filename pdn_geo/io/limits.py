"""Headers that no honest scene has, refused before anything is allocated for them."""

from pdn_geo.errors import SceneError

MOST_BANDS = 4096
"""Far above hyperspectral sensors (under 500 bands); rasterio asks GDAL for each band in
turn, and a file of 65535 bands then takes longer than anybody waits."""

MOST_PIXELS = 10**12
"""A million by a million; a day of decoding at 10 Mpx/s."""

LARGEST_BLOCK_BYTES = 512 << 20
"""One block is decoded whole for every window in it, and held twice while that happens."""


def check_size(name: str, *, width: int, height: int, bands: int) -> None:
    """Refuse an absurd size; must come before any loop over the bands."""
    if bands == 0:
        raise SceneError(name, "holds no raster band")
    if width <= 0 or height <= 0:
        raise SceneError(name, f"has no pixels: {width} x {height}")
    if bands > MOST_BANDS:
        raise SceneError(name, f"declares {bands} bands; at most {MOST_BANDS} are read")
    if width * height > MOST_PIXELS:
        raise SceneError(
            name, f"declares {width} x {height} pixels; at most {MOST_PIXELS:.0e} are read"
        )


def check_block(name: str, *, block_shape: tuple[int, int], bytes_per_pixel: int) -> None:
    """Refuse a block that would not fit in memory; `bytes_per_pixel` of all its bands."""
    rows, cols = block_shape
    size = rows * cols * bytes_per_pixel
    if size > LARGEST_BLOCK_BYTES:
        raise SceneError(
            name,
            f"has blocks of {cols} x {rows} pixels, {size / 2**20:.0f} MiB each; at most "
            f"{LARGEST_BLOCK_BYTES >> 20} MiB are decoded at once: tile it first, "
            "for example with gdal_translate -of COG",
        )
