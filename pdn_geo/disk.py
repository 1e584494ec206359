"""Why a file could not be written, in a few words."""

import os
import tempfile
from pathlib import Path

_PROBE_BYTES = 16 << 20
"""A library that failed may have freed what it wrote; less free than this is full."""


def why_not_written(error: Exception, folder: Path) -> str:
    """One line, in lower case, about a write that failed in `folder`.

    GDAL, SQLite and Arrow have words of their own for a full disk, if any. So one more
    write is tried in `folder`; where it fails too, its reason counts.
    """
    words = in_few_words(_what_stops_a_write(folder) or error)
    return words.replace(f"{folder}{os.sep}".lower(), "")


def in_few_words(error: Exception) -> str:
    """The first line of what an error or its cause says, in lower case; else its type."""
    words = getattr(error, "strerror", None) or str(error.__cause__ or error).strip()
    return (words or type(error).__name__).splitlines()[0].lower()


def _what_stops_a_write(folder: Path) -> OSError | None:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error
    return None
