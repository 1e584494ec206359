"""Layers through GDAL, without pandas."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from pyproj import CRS

from pdn_geo.products.table import Table

UNDEFINED_CARTESIAN = (
    'LOCAL_CS["Undefined Cartesian SRS",UNIT["Meter",1],'
    'AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
)
"""What GeoPackage calls srs_id -1 (OGC 12-128r19, requirement 11)."""

_ONE_WRITER = Lock()


def write_layer(path: Path, table: Table, *, driver: str, **options: Any) -> None:
    """Write or append one layer; `options` go to `pyogrio.raw.write`. OSError on failure."""
    from pyogrio import errors, raw, read_info

    fields = list(table.columns)
    try:
        with _fixed_date(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "'crs' was not provided")  # pixels have none
            raw.write(
                path,
                table.wkb(),
                [table.columns[name] for name in fields],
                fields,
                layer=table.name,
                driver=driver,
                geometry_type=table.geometry_type,
                **options,
            )
        written = read_info(path, layer=table.name, force_feature_count=True)["features"]
    except (errors.DataSourceError, errors.DataLayerError, errors.FeatureError) as error:
        raise OSError(str(error)) from error
    if written != len(table):
        raise OSError(f"{written} of {len(table)} features arrived")


def crs_text(crs: CRS | None) -> str | None:
    """The CRS in words that GDAL knows best."""
    if crs is None:
        return None
    authority = crs.to_authority(min_confidence=100)
    return ":".join(authority) if authority else str(crs.to_wkt("WKT2_2019"))


@contextmanager
def _fixed_date() -> Iterator[None]:
    """GDAL stamps a fixed date, so that the same result is the same bytes."""
    from pyogrio import get_gdal_config_option, set_gdal_config_options

    name = "OGR_CURRENT_DATE"
    with _ONE_WRITER:
        before = get_gdal_config_option(name)
        set_gdal_config_options({name: "2000-01-01T00:00:00.000Z"})
        try:
            yield
        finally:
            set_gdal_config_options({name: before})


def text_metadata(values: Mapping[str, object]) -> dict[str, str]:
    """Metadata as GDAL takes it: text, nothing that is unknown."""
    return {name: str(value) for name, value in values.items() if value is not None}
