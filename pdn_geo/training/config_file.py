"""A training run's TOML file; every path in it is relative to the file."""

import difflib
import glob
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pdn_geo.errors import OptionError
from pdn_geo.training.config import (
    NONE,
    SHIPPED,
    LabelledScene,
    NetworkConfig,
    RunConfig,
    SceneSource,
    SimulatedSource,
    Source,
    TrainingConfig,
)

_FORMATS = {".gpkg", ".geojson", ".json", ".geojsonl", ".shp", ".fgb", ".parquet", ".kml", ".gml"}
_RUN = {
    **dict.fromkeys(("steps", "seed", "freeze_steps", "workers", "checkpoint_steps"), int),
    **dict.fromkeys(("batch", "crop_px"), int),
    **dict.fromkeys(("learning_rate", "warm_up", "weight_decay", "ema", "clip"), float),
    "checkpoint_minutes": float,
    "bf16": bool,
    "out": str,
}
_NETWORK = {"weights": str, "backbone": str, "stride": int}
_SOURCES: dict[str, dict[str, type]] = {
    "scenes": {"scenes": list, "labels": str, "bands": list, "gsd_m": float, "weight": float},
    "negatives": {"scenes": list, "bands": list, "gsd_m": float, "weight": float},
    "simulated": {"seas": int, "weight": float},
}
_WORDS = {
    int: "a whole number", float: "a number", bool: "true or false",
    str: "a text", list: "a list, or one text",
}  # fmt: skip

Made = TypeVar("Made")


def read_config(path: Path) -> TrainingConfig:
    """Read and check a file. OptionError naming the file and the key that is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{path}: not valid TOML: {error}") from error
    _known(content, ("network", "run", "source"), str(path))
    base = path.parent
    run = _values(content.get("run", {}), _RUN, f"{path}: [run]")
    for needed in ("steps", "out"):
        if needed not in run:
            raise OptionError(f"{path}: [run] needs {needed}")
    run["out"] = base / run["out"]
    network = _values(content.get("network", {}), _NETWORK, f"{path}: [network]")
    if network.get("weights", SHIPPED) not in (NONE, SHIPPED):
        network["weights"] = base / network["weights"]
    if network.get("weights") != NONE and network.keys() & {"backbone", "stride"}:
        raise OptionError(
            f'{path}: [network] backbone and stride go with weights = "none"; weights have theirs'
        )
    tables = content.get("source", [])
    if not isinstance(tables, list):
        raise OptionError(f"{path}: a source is written [[source]], in double brackets")
    sources = tuple(
        _source(table, base, f"{path}: [[source]] {number}")
        for number, table in enumerate(tables, start=1)
    )
    return _made(
        TrainingConfig,
        str(path),
        file=path,
        network=_made(NetworkConfig, f"{path}: [network]", **network),
        run=_made(RunConfig, f"{path}: [run]", **run),
        sources=sources,
    )


def _source(table: Any, base: Path, where: str) -> Source:
    kind = table.get("kind") if isinstance(table, dict) else None
    if kind not in _SOURCES:
        raise OptionError(f"{where} kind must be one of {', '.join(_SOURCES)}, got {kind!r}")
    content = {key: value for key, value in table.items() if key != "kind"}
    values = _values(content, _SOURCES[kind], where)
    if kind == "simulated":
        return _made(SimulatedSource, where, **values)
    for needed in ("scenes", "labels") if kind == "scenes" else ("scenes",):
        if needed not in values:
            raise OptionError(f"{where} needs {needed}")
    scenes = _scenes(values.pop("scenes"), base, where)
    labels = values.pop("labels", None)
    pairs = tuple(
        LabelledScene(scene=scene, labels=labels and _labels(labels, scene, base, where))
        for scene in scenes
    )
    if "bands" in values:
        values["bands"] = tuple(values["bands"])
    return _made(SceneSource, where, scenes=pairs, **values)


def _scenes(patterns: Sequence[str], base: Path, where: str) -> list[Path]:
    """The files that the patterns match, each once, in order."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        # Path.glob refuses absolute patterns
        matches = sorted(glob.glob(str(pattern), root_dir=base, recursive=True))  # noqa: PTH207
        if not matches:
            raise OptionError(f"{where} scenes: no file matches {str(base / pattern)!r}")
        found.update(dict.fromkeys(base / match for match in matches))
    return list(found)


def _labels(labels: str, scene: Path, base: Path, where: str) -> Path:
    """The labels of one scene: by suffix beside it, by its name in a folder, or one file."""
    path = base / labels
    if labels.startswith(".") and "/" not in labels:
        path = scene.with_name(scene.stem + labels)
    elif path.is_dir():
        matches = [
            file
            for file in sorted(path.iterdir())
            if file.name.startswith(f"{scene.stem}.")
            and file.suffix.lower() in _FORMATS
            and file != scene
        ]
        if len(matches) > 1:
            names = ", ".join(file.name for file in matches)
            raise OptionError(f"{where} labels: which one is for {scene.name}? {names}")
        path = matches[0] if matches else path / f"{scene.stem}.*"
    if not path.exists():
        raise OptionError(f"{where} labels: {scene.name} has none at {path}")
    return path


def _values(table: Any, types: Mapping[str, type], where: str) -> dict[str, Any]:
    """The table's values by key, each of its type."""
    if not isinstance(table, dict):
        raise OptionError(f"{where} must be a table")
    _known(table, types, where)
    return {key: _value(value, types[key], f"{where} {key}") for key, value in table.items()}


def _value(value: Any, wanted: type, where: str) -> Any:
    if wanted is float and type(value) is int:
        return float(value)
    if wanted is list and isinstance(value, str):
        return [value]
    fits = type(value) is wanted
    if isinstance(value, list):
        fits = fits and len(value) > 0 and all(type(item) in (str, int) for item in value)
    if not fits:
        raise OptionError(f"{where} must be {_WORDS[wanted]}, got {value!r}")
    return value


def _known(table: Mapping[str, Any], names: Sequence[str] | Mapping[str, type], where: str) -> None:
    for key in table:
        if key not in names:
            close = difflib.get_close_matches(key, names, n=1)
            hint = f"did you mean {close[0]}?" if close else f"it takes {', '.join(names)}"
            raise OptionError(f"{where} has no key {key}; {hint}")


def _made(kind: Callable[..., Made], where: str, **values: Any) -> Made:
    """The value, its own errors prefixed by where it was written."""
    try:
        return kind(**values)
    except OptionError as error:
        raise OptionError(f"{where} {error}") from error
