"""From the exceptions of GDAL, libtiff and rasterio to one line that users understand."""

from pathlib import Path

_LONGEST = 240


def one_line(text: str) -> str:
    """Without line breaks and repeated blanks, cut to a readable length."""
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def root_reason(error: BaseException, path: str = "") -> str:
    """The message at the root of a chain of exceptions, without the file's own name.

    rasterio says "Read failed. See previous exception" and keeps what GDAL said in
    `__cause__`, or in `__context__` where it raised without one.
    """
    root, seen = error, {id(error)}
    while (cause := root.__cause__ or root.__context__) is not None and id(cause) not in seen:
        root = cause
        seen.add(id(cause))
    text = one_line(str(root)) or type(root).__name__
    for prefix in (
        f"'{path}' ",
        f"`{path}' ",
        f"{path}: ",
        f"{Path(path).name}: ",
        f"{Path(path).name}, ",
    ):
        if path:
            text = text.removeprefix(prefix)
    return text.rstrip(".")


def open_reason(error: BaseException, path: str) -> str:
    """Why a path cannot be opened; the commonest mistakes of users come first."""
    if "://" not in path and not path.startswith("/vsi"):
        local = Path(path)
        try:
            if not path or (not local.exists() and ":" not in path):
                return "no such file"
            if local.is_dir():
                return "is a folder, not a raster"
            if local.is_file() and local.stat().st_size == 0:
                return "is an empty file"
        except (OSError, ValueError) as problem:
            return one_line(str(problem))
    reason = root_reason(error, path)
    if "not recognized as being in a supported file format" in reason:
        return "is not a raster in a format that GDAL knows"
    return reason
