"""Versions of what pdn-geo runs on."""

from importlib import metadata

_ENGINES = ("onnxruntime", "onnxruntime-gpu")
"""ONNX Runtime is packaged under several names."""


def versions() -> dict[str, str | None]:
    """pdn-geo, GDAL, rasterio, ONNX Runtime and torch; None for what is not installed.

    torch and ONNX Runtime are looked up, not imported: importing torch takes seconds.
    """
    import rasterio

    from pdn_geo import __version__

    return {
        "pdn-geo": __version__,
        "GDAL": rasterio.__gdal_version__,
        "rasterio": rasterio.__version__,
        "ONNX Runtime": next(filter(None, map(installed, _ENGINES)), None),
        "torch": installed("torch"),
    }


def installed(package: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
