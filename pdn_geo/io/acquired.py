"""When a scene was taken, as far as its file says."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from pdn_geo.io.handles import gdal_env, open_quietly

_TAGS = (
    ("IMAGERY", "ACQUISITIONDATETIME"),
    ("", "ACQUISITIONDATETIME"),
    ("", "ACQUISITION_DATETIME"),
    ("", "DATATAKE_1_DATATAKE_SENSING_START"),
    ("", "PRODUCT_START_TIME"),
    ("", "NITF_IDATIM"),
    ("", "EXIF_DateTimeOriginal"),
    ("", "TIFFTAG_DATETIME"),
)
"""(metadata domain, tag), the surest first: many writers put the time of writing into
TIFF's own tag."""


@dataclass(frozen=True, slots=True)
class Acquired:
    """time: in UTC, which is also assumed where the tag names no zone. tag: that said so."""

    time: datetime
    tag: str


def acquisition_time(path: str) -> Acquired | None:
    """From the tags of a raster; None if they do not say, or if it cannot be opened."""
    with suppress(Exception), gdal_env(), open_quietly(path) as dataset:
        for domain, tag in _TAGS:
            time = parse_time(dataset.tags(ns=domain or None).get(tag, ""))
            if time is not None:
                return Acquired(time, tag)
    return None


def parse_time(text: str) -> datetime | None:
    """ISO 8601, TIFF's ``2024:05:31 10:20:30`` or NITF's ``20240531102030`` in UTC.

    None for anything else, a date without a time of day included.
    """
    compact = re.fullmatch(r"(\d{8})(\d{6})", text.strip())
    iso = "T".join(compact.groups()) if compact else text.strip()
    iso = re.sub(r"^(\d{4}):(\d\d):(\d\d)", r"\1-\2-\3", iso)
    if not re.match(r"[\d-]{8,10}[T ]\d", iso):
        return None
    try:
        time = datetime.fromisoformat(iso)
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
