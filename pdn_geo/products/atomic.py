"""A result file is complete or absent."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pdn_geo.errors import OutputError


@contextmanager
def complete_or_absent(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields where to write; the file moves to `path` when the block ends well.

    The place is a new folder beside `path`, so that side files of a format (SQLite's
    journal) go with it, and the move is one rename. After any error the folder is gone
    and `path` is as before. Raises OutputError for an OSError in the block.
    """
    final = Path(path)
    try:
        folder = Path(tempfile.mkdtemp(prefix=".pdn-geo-", dir=final.parent))
    except OSError as error:
        raise OutputError(f"{path}: cannot write here ({_reason(error)})") from error
    try:
        yield folder / final.name
        _sync(folder / final.name)
        (folder / final.name).replace(final)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"{path}: cannot write ({_reason(error)})") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sync(path: Path) -> None:
    """To the disk before the rename: some file systems report a full disk only here."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).splitlines()[0].lower()
