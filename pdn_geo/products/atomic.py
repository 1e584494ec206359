"""A result file is complete or absent."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pdn_geo.disk import in_few_words, why_not_written
from pdn_geo.errors import OutputError, PdnGeoError

_JOURNALS = ("-wal", "-shm", "-journal")


@contextmanager
def complete_or_absent(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields where to write; the file moves to `path` when the block ends well.

    The place is a new folder beside `path`, so that side files of a format (SQLite's
    journal) go with it, and the move is one rename. After any error the folder is gone
    and `path` is as before; a process that is killed leaves the folder, `.pdn-geo-*`, and
    nothing else. Raises OutputError for an OSError in the block.
    """
    final = Path(path)
    try:
        folder = Path(tempfile.mkdtemp(prefix=".pdn-geo-", dir=final.parent))
    except OSError as error:
        raise OutputError(f"{path}: cannot write here ({in_few_words(error)})") from error
    try:
        yield folder / final.name
        sync(folder / final.name)
        _remove_journals(final)
        (folder / final.name).replace(final)
    except PdnGeoError:  # also an OSError, but with words of its own
        raise
    except OSError as error:
        raise OutputError(f"{path}: cannot write ({why_not_written(error, folder)})") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sync(path: Path) -> None:
    """To the disk before the rename: some file systems report a full disk only here."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _remove_journals(path: Path) -> None:
    """SQLite would play those of an earlier file, which someone may have open, into this one."""
    for ending in _JOURNALS:
        path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)
