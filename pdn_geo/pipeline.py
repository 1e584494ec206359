"""The whole path, readable top to bottom: scene, anchor, saliency, looks, boats."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pdn_geo.detections import Detections
from pdn_geo.drive.budget import Budget
from pdn_geo.drive.greedy import GreedyDrive
from pdn_geo.engines import ClassicalDetector, PatchDetector, load_detector
from pdn_geo.engines.network.detector import NetworkDetector
from pdn_geo.errors import OptionError
from pdn_geo.from_afar import apart_from, see_from_afar
from pdn_geo.inspection import MOST_COUNTED, Inspection, inspect
from pdn_geo.interrupt import first_interrupt_held
from pdn_geo.io import RasterScene, VectorMasks
from pdn_geo.merge import merge
from pdn_geo.products import Findings
from pdn_geo.result import DetectionResult
from pdn_geo.scene import Scene
from pdn_geo.stopwatch import Stopwatch
from pdn_geo.survey import opened, survey
from pdn_geo.thumbnail import sketch

_NEARLY = 1.01
"""A nominal pixel size and the true one differ by the scale of the map."""


def detect(
    scene: Any,
    *,
    bands: Sequence[int | str] | None = None,
    gsd_m: float | None = None,
    aoi: str | Path | None = None,
    water: str | Path | None = None,
    land: str | Path | None = None,
    patches: float | None = None,
    seconds: float | None = None,
    exhaustive: bool = False,
    model: str | PatchDetector | Callable[[float], PatchDetector] = "auto",
    weights: str | Path | None = None,
    engine: Literal["onnx", "torch"] | None = None,
    device: str = "cpu",
    threshold: float | None = None,
    anchor: Literal["pixels", "overviews", "auto"] = "pixels",
    on_error: Literal["fail", "skip"] = "fail",
    keep_partial: bool = False,
    threads: int | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> DetectionResult:
    """Find the boats in a scene.

    scene: a path (anything that GDAL opens), an open rasterio dataset, an xarray
    DataArray, or a scene from `open_scene`. bands: 1-based numbers or names; default by
    colour interpretation and description. gsd_m: metres per pixel of a scene without
    georeferencing. aoi, water, land: vector files; search only inside, take this as
    water, take this as land. patches, seconds, exhaustive: the budget, in looks of
    512 x 512 px or in seconds, or all of it; default automatic. model: "network",
    "classical", or "auto", which is the network where its weights suit the scene; or a detector,
    or a function that gives one for pixels of so many metres. weights: an .onnx or
    .safetensors file with its card beside it; default those of the package that were trained
    on such pixels.
    engine: what runs them, "onnx" or "torch"; default what the file is for. device: "cpu",
    or "cuda" with torch. threshold: least score of a boat, 0-1; default what suits the
    model. anchor: "pixels" reads the scene once, "overviews" its stored overviews, "auto"
    those if they are fine enough for small boats; a note says which it was.
    on_error: "fail" or "skip" parts that cannot be decoded. keep_partial: Ctrl-C during the
    looks ends them, and the result is of those made so far; a second one, and one before
    the looks, is a KeyboardInterrupt as ever. threads: default all cores.
    progress: called with a stage, "anchor" or "looks", and the share of it that is done.

    Raises SceneError (cannot be read), VectorError, WeightsError, OptionError. A scene
    without boats is no error: the result is empty and says what was searched.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise OptionError(f"threshold must be between 0 and 1, got {threshold}")
    budget = Budget(patches=patches, seconds=seconds, exhaustive=exhaustive)
    stopwatch = Stopwatch()
    with opened(scene, bands=bands, gsd_m=gsd_m) as raster, _pixels_kept(raster):
        detector_for = partial(_detector, model, weights, engine, device)
        detector = detector_for(raster.grid.gsd_m)
        if unsuited := detector.suits(raster.band_names):
            if model != "auto" or weights is not None:
                raise OptionError(f"{raster.name}: {unsuited}")
            detector = load_detector("classical")
            detector_for = partial(_detector, detector, None, None, "cpu")
        masks = VectorMasks.read(
            raster.grid, aoi=aoi, water=water, land=land, scene_name=raster.name
        )
        coarse = survey(
            raster, masks, source=anchor, on_error=on_error, threads=threads,
            stopwatch=stopwatch, progress=progress,
        )  # fmt: skip
        with first_interrupt_held(keep_partial) as pressed:
            with stopwatch.time("looks"):
                shape = raster.grid.height, raster.grid.width
                close = inspect(
                    raster, GreedyDrive(coarse.saliency, shape, budget), detector,
                    coarse.saliency, coarse.sea, on_error=on_error, threads=threads,
                    progress=progress, stop=pressed,
                )  # fmt: skip
            par = detector.threshold(raster.grid.gsd_m)
            least = par if threshold is None else threshold
            with stopwatch.time("from afar"):
                ships = see_from_afar(
                    raster, () if close.left_out else coarse.long_objects,
                    detector_for, coarse.saliency, coarse.sea,
                    par=par, least=least, first=len(close.looks), threads=threads,
                )  # fmt: skip
            with stopwatch.time("merge"):
                looks = (*close.looks, *ships.looks)
                whole = ships.boats[ships.boats.score >= par]
                boats = Detections.concatenate([apart_from(whole, close.boats), ships.boats])
                boats = boats[(boats.score >= least) & masks.allows(boats.x, boats.y)]
                boats = merge(boats, looks)
            with stopwatch.time("picture"):
                small = sketch(coarse.thumbnail, raster)
        failed = coarse.failed + close.failed
        notes = [
            _interrupted_note(close, budget),
            *getattr(raster, "notes", ()),
            f"Used classical: {unsuited}." if unsuited else "",
            _engine_note(detector, engine, device),
            _gsd_note(detector, raster.grid.gsd_m),
            coarse.anchor_note,
            ships.note,
            f"{len(failed)} windows could not be read and were not searched." if failed else "",
        ]
        findings = Findings(
            scene=raster.name,
            grid=raster.grid,
            detections=boats,
            looks=looks,
            searched_share=close.searched,
            expected_missed=close.expected_missed,
            missed_at_most=close.missed_at_most,
            model=detector.name,
            threshold=least,
            notes=[note for note in notes if note],
        )
    return DetectionResult(
        findings=findings,
        saliency_map=coarse.saliency,
        sketch=small,
        seconds=stopwatch.seconds,
        failed=failed,
        interrupted=close.left_out > 0,
    )


def _pixels_kept(scene: Scene) -> AbstractContextManager[None]:
    return scene.pixels_kept() if isinstance(scene, RasterScene) else nullcontext()


def _detector(
    model: str | PatchDetector | Callable[[float], PatchDetector],
    weights: str | Path | None,
    engine: str | None,
    device: str,
    gsd_m: float,
) -> PatchDetector:
    """What was asked for. Raises OptionError where options of the network have no network."""
    asked = engine is not None or device != "cpu"
    if not isinstance(model, str):
        if asked or weights is not None:
            raise OptionError("a detector of your own takes no weights, engine or device")
        return model if isinstance(model, PatchDetector) else model(gsd_m)
    if model == "classical" and asked:
        raise OptionError("model classical takes no engine and no device but the CPU")
    return load_detector(model, weights=weights, engine=engine, device=device, gsd_m=gsd_m)


def _interrupted_note(close: Inspection, budget: Budget) -> str:
    if not close.left_out:
        return ""
    whole = len(close.looks) + close.left_out
    of = f" of {'more than' if close.left_out == MOST_COUNTED else 'about'} {whole}"
    if budget.seconds is not None:  # time would have ended them, nobody knows after how many
        of = ""
    return f"Interrupted after {len(close.looks)}{of} looks: the rest was not searched."


def _engine_note(detector: PatchDetector, engine: str | None, device: str) -> str:
    if isinstance(detector, ClassicalDetector) and (engine is not None or device != "cpu"):
        return "The engine and device asked for are the network's, which was not used."
    return ""


def _gsd_note(detector: PatchDetector, gsd_m: float) -> str:
    """Of a network on pixels of a size that it never saw; "" also where that is unknown."""
    if not isinstance(detector, NetworkDetector):
        return ""
    card = detector.card
    low, high = card.gsd_m
    if not (gsd_m < low / _NEARLY or gsd_m > high * _NEARLY):
        return ""
    return (
        f"{card.title} knows pixels of {low:g} to {high:g} m, and this scene's are "
        f"{gsd_m:.3g} m: scores say less than they should."
    )
