"""Results to files: the format follows from the extension."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from pdn_geo.errors import OptionError, OutputError
from pdn_geo.products.atomic import complete_or_absent, sync
from pdn_geo.products.flatgeobuf import write_flatgeobuf
from pdn_geo.products.geojson import write_geojson
from pdn_geo.products.geopackage import write_geopackage
from pdn_geo.products.geoparquet import write_geoparquet
from pdn_geo.products.result import Findings

PathLike = str | os.PathLike[str]

WRITERS: dict[str, Callable[[Findings, Path], None]] = {
    ".geojson": write_geojson,
    ".json": write_geojson,
    ".gpkg": write_geopackage,
    ".parquet": write_geoparquet,
    ".fgb": write_flatgeobuf,
}
PICTURES = (".png",)
PROJECTS = (".qgz",)


def write_products(findings: Findings, paths: Sequence[PathLike]) -> None:
    """Write one file a path, replacing what is there: all of them, or none on failure.

    Raises OptionError for an extension that is not in `WRITERS`, OutputError when a file
    cannot be written.
    """
    writers = [_by_extension(path) for path in paths]
    with ExitStack() as stack:
        for path, write in zip(paths, writers, strict=True):
            place = stack.enter_context(complete_or_absent(path))
            write(findings, place)
            _check(findings, place)
            sync(place)  # all of them, before the first takes its name


def check_output_paths(
    paths: Sequence[PathLike],
    *,
    preview: PathLike | None = None,
    qgis_project: PathLike | None = None,
    stac_item: PathLike | None = None,
    scene: object = None,
) -> None:
    """Before any work: can these files be written?

    Raises OptionError for an unknown extension, a path given twice, a QGIS project without
    a GeoPackage to show, and the input scene itself; OutputError for a missing or read-only
    folder and for a folder in the file's place. `scene` may be anything; only a path is
    compared.
    """
    for path in paths:
        _by_extension(path)
    if preview is not None and Path(preview).suffix.lower() not in PICTURES:
        raise OptionError(f"{preview}: a preview must end in {' or '.join(PICTURES)}")
    if stac_item is not None and Path(stac_item).suffix.lower() != ".json":
        raise OptionError(f"{stac_item}: a STAC Item must end in .json")
    if qgis_project is not None:
        if Path(qgis_project).suffix.lower() not in PROJECTS:
            raise OptionError(f"{qgis_project}: a QGIS project must end in .qgz")
        if not any(Path(path).suffix.lower() == ".gpkg" for path in paths):
            raise OptionError(f"{qgis_project}: a QGIS project needs a .gpkg among the results")
    seen: set[Path] = set()
    extras = (preview, qgis_project, stac_item)
    for path in [*paths, *(extra for extra in extras if extra is not None)]:
        if Path(path).resolve() in seen:
            raise OptionError(f"{path}: given twice as an output")
        seen.add(Path(path).resolve())
        if _is_same_file(path, scene):
            raise OptionError(f"{path}: is the input scene, which is never written to")
        _check_place(Path(path))


def _by_extension(path: PathLike) -> Callable[[Findings, Path], None]:
    suffix = Path(path).suffix.lower()
    if suffix not in WRITERS:
        known = ", ".join(WRITERS)
        raise OptionError(f"{path}: unknown extension {suffix!r}; use one of {known}")
    return WRITERS[suffix]


def _check(findings: Findings, path: Path) -> None:
    """OSError where the end of a FlatGeobuf is missing, of which GDAL says nothing."""
    if path.suffix.lower() != ".fgb":
        return
    from pyogrio import errors, raw

    try:
        arrived = len(raw.read(path, columns=[])[2])
    except (errors.DataSourceError, errors.DataLayerError) as error:
        raise OSError(str(error)) from error
    if arrived != len(findings.detections):
        raise OSError(f"{arrived} of {len(findings.detections)} features arrived")


def _is_same_file(path: PathLike, scene: object) -> bool:
    if not isinstance(scene, str | os.PathLike):
        return False
    try:
        return Path(path).samefile(scene)
    except (OSError, ValueError):  # one of them does not exist, or is no path of this system
        return Path(path).absolute() == Path(scene).absolute()


def _check_place(path: Path) -> None:
    if path.is_dir():
        raise OutputError(f"{path}: is a folder")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: folder {path.parent} cannot be written to")
