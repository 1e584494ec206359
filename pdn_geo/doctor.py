"""Whether an installation is sound, and what to do where it is not."""

import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from pdn_geo.versions import installed

_RASTER_DRIVERS = {"GTiff": "GeoTIFF", "COG": "COG", "VRT": "VRT", "PNG": "PNG"}
_VECTOR_DRIVERS = {"GPKG": "GeoPackage", "GeoJSON": "GeoJSON", "FlatGeobuf": "FlatGeobuf"}
_JPEG2000 = {"JP2OpenJPEG", "JP2KAK", "JP2ECW", "JP2MrSID", "JP2Lura"}
_LEAST_MEMORY_GB, _LEAST_FREE_GB = 1.0, 1.0
_REINSTALL = "install pdn-geo anew: pip install --force-reinstall pdn-geo"

Status = Literal["ok", "note", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """name: what was looked at. status: "note" is something that can be done without.
    found: in a few words. remedy: what to do about it, "" if nothing.
    """

    name: str
    status: Status
    found: str
    remedy: str = ""


def examine() -> list[Check]:
    """Run every check; one that breaks down is a check that failed."""
    return [check for name, run in _CHECKS.items() for check in [_guarded(name, run)]]


def format_checks(checks: Sequence[Check]) -> str:
    """One line each, aligned, with the remedy after an arrow."""
    width = max(len(check.name) for check in checks)
    return "\n".join(
        f"{check.status:<4}  {check.name:<{width}}  {check.found}"
        + (f"  ->  {check.remedy}" if check.remedy else "")
        for check in checks
    )


def _guarded(name: str, run: Callable[[], tuple[Status, str, str]]) -> Check:
    try:
        return Check(name, *run())
    except Exception as error:  # whatever a broken installation does
        return Check(name, "fail", _reason(error), _REINSTALL)


def _reason(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _python() -> tuple[Status, str, str]:
    return "ok", f"{platform.python_version()}, {platform.system()} {platform.machine()}", ""


def _packages() -> tuple[Status, str, str]:
    """The base requirements, as the installed distribution states them."""
    from packaging.requirements import Requirement

    wanted = [Requirement(line) for line in metadata.requires("pdn-geo") or ()]
    wanted = [need for need in wanted if need.marker is None or need.marker.evaluate({"extra": ""})]
    wrong = []
    for need in wanted:
        version = installed(need.name)
        if version is None:
            wrong.append(f"{need.name} is missing")
        elif not need.specifier.contains(version, prereleases=True):
            wrong.append(f"{need.name} {version} is not {need.specifier}")
    if wrong:
        return "fail", "; ".join(wrong), _REINSTALL
    return "ok", f"{len(wanted)} requirements met", ""


def _gdal() -> tuple[Status, str, str]:
    """There may be two: rasterio and pyogrio bring a GDAL each in their wheels."""
    import pyogrio
    import rasterio

    vector = ".".join(map(str, pyogrio.__gdal_version__))
    return "ok", f"{rasterio.__gdal_version__} in rasterio, {vector} in pyogrio", ""


def _drivers() -> tuple[Status, str, str]:
    import pyogrio
    import rasterio

    with rasterio.Env() as env:
        raster = set(env.drivers())
    vector = set(pyogrio.list_drivers(write=True))
    missing = [
        label
        for drivers, present in ((_RASTER_DRIVERS, raster), (_VECTOR_DRIVERS, vector))
        for driver, label in drivers.items()
        if driver not in present
    ]
    if missing:
        return "fail", f"no {', '.join(missing)}", "install rasterio and pyogrio from their wheels"
    formats = ", ".join([*_RASTER_DRIVERS.values(), *_VECTOR_DRIVERS.values()])
    if not raster & _JPEG2000:
        remedy = "for .jp2 scenes install a GDAL with OpenJPEG (conda-forge: libgdal-jp2openjpeg)"
        return "note", f"{formats}; no JPEG 2000", remedy
    return "ok", f"{formats}, JPEG 2000", ""


def _proj() -> tuple[Status, str, str]:
    """Each copy of PROJ must find its own database; that of another is the usual trouble."""
    from pyproj import Transformer
    from rasterio.warp import transform

    lon, lat = 3.0, 51.5
    astray = [name for name in ("PROJ_DATA", "PROJ_LIB") if name in os.environ]
    remedy = f"unset {' and '.join(astray)}: for another PROJ, it seems" if astray else _REINSTALL
    try:
        (x,), _ = transform("EPSG:4326", "EPSG:32631", [lon], [lat])
        again, _ = Transformer.from_crs(4326, 32631, always_xy=True).transform(lon, lat)
    except Exception as error:  # rasterio and pyproj have an error each for a lost database
        return "fail", _reason(error), remedy
    if abs(x - 500_000) > 0.01 or abs(again - x) > 0.01:
        return (
            "fail",
            f"rasterio and pyproj put 3 degrees east at {x:.1f} and {again:.1f} m",
            remedy,
        )
    return "ok", "found by rasterio and pyproj, which agree", ""


def _engine() -> tuple[Status, str, str]:
    import onnxruntime

    providers: list[str] = onnxruntime.get_available_providers()
    names = ", ".join(name.removesuffix("ExecutionProvider") for name in providers)
    return "ok", f"{onnxruntime.__version__}, runs on {names}", ""


def _weights() -> tuple[Status, str, str]:
    """The shipped files are those that their STAC items have the checksums of."""
    from pdn_geo.engines.network.weights import shipped_weights

    shipped = shipped_weights()
    for weights in shipped:
        item = json.loads(weights.path.with_suffix(".stac.json").read_text(encoding="utf-8"))
        for asset in item["assets"].values():
            file = weights.path.parent / asset["href"]
            found = hashlib.sha256(file.read_bytes()).hexdigest()
            if not asset["file:checksum"].endswith(found):
                return "fail", f"{file.name} is damaged", _REINSTALL
    if not shipped:
        return "note", "none: classical detector only", ""
    cards = (weights.card for weights in shipped)
    return "ok", ", ".join(f"{card.title} of {card.trained}" for card in cards), ""


def _torch() -> tuple[Status, str, str]:
    version = installed("torch")
    if version is None:
        return "ok", "not installed; only training needs it", ""
    import torch

    if not torch.cuda.is_available():
        return "ok", f"{version}, without CUDA: training would run on the CPU", ""
    cards = (torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    return "ok", f"{version}, CUDA on {', '.join(cards)}", ""


def _machine() -> tuple[Status, str, str]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if not hasattr(os, "sysconf"):
        return "ok", f"{cores} cores", ""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    found = f"{cores} cores, {memory:.1f} GB of memory"
    if memory < _LEAST_MEMORY_GB:
        return "note", found, "large scenes may need more; try --threads 1"
    return "ok", found, ""


def _scratch() -> tuple[Status, str, str]:
    import shutil

    folder = tempfile.gettempdir()
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(1 << 20))
    free = shutil.disk_usage(folder).free / 1e9
    found = f"{folder}: can be written to, {free:.1f} GB free"
    if free < _LEAST_FREE_GB:
        return "note", found, "set TMPDIR to a folder with more room"
    return "ok", found, ""


def _run() -> tuple[Status, str, str]:
    """A simulated sea of 256 x 256 px, as a GeoTIFF in memory, through `detect`."""
    from rasterio.io import MemoryFile

    import pdn_geo
    from pdn_geo.geometry import Window
    from pdn_geo.ocean.config import SeaConfig
    from pdn_geo.ocean.scene import scene_grid
    from pdn_geo.ocean.sea import Sea

    config = SeaConfig(size=256, wind_mps=2, boats=3, seed=5)
    sea, grid = Sea(config), scene_grid(config)
    assert grid.crs is not None
    pixels = sea.render(Window(col_off=0, row_off=0, width=256, height=256)).values
    profile = {"driver": "GTiff", "width": 256, "height": 256, "count": 3, "dtype": pixels.dtype}
    with MemoryFile() as memory:
        with memory.open(**profile, crs=grid.crs.to_wkt(), transform=grid.transform) as out:
            out.write(pixels)
        with memory.open() as scene:
            boats = pdn_geo.detect(scene).detections
    found = f"{len(boats)} of 3 boats found in a simulated sea of 256 px"
    if len(boats) == 0:
        return "fail", found, _REINSTALL
    return "ok", found, ""


_CHECKS: dict[str, Callable[[], tuple[Status, str, str]]] = {
    "Python": _python,
    "packages": _packages,
    "GDAL": _gdal,
    "formats": _drivers,
    "PROJ database": _proj,
    "ONNX Runtime": _engine,
    "weights": _weights,
    "torch": _torch,
    "machine": _machine,
    "temporary files": _scratch,
    "a small run": _run,
}
