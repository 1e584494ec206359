"""The whole path, readable top to bottom: scene, anchor, saliency, looks, boats."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from pdn_geo.drive.budget import Budget
from pdn_geo.drive.greedy import GreedyDrive
from pdn_geo.engines import PatchDetector, load_detector
from pdn_geo.errors import OptionError
from pdn_geo.inspection import inspect
from pdn_geo.io import VectorMasks
from pdn_geo.merge import merge
from pdn_geo.products import Findings
from pdn_geo.result import DetectionResult
from pdn_geo.scene import Scene
from pdn_geo.stopwatch import Stopwatch
from pdn_geo.survey import Survey, opened, survey
from pdn_geo.thumbnail import picture


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
    model: str | PatchDetector = "auto",
    weights: str | Path | None = None,
    engine: Literal["onnx", "torch"] | None = None,
    device: str = "cpu",
    threshold: float | None = None,
    anchor: Literal["pixels", "overviews"] = "pixels",
    on_error: Literal["fail", "skip"] = "fail",
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
    "classical", or "auto", which is the network where its weights suit the scene. weights:
    an .onnx or .safetensors file with its card beside it; default those of the package.
    engine: what runs them, "onnx" or "torch"; default what the file is for. device: "cpu",
    or "cuda" with torch. threshold: least score of a boat, 0-1; default what suits the
    model. anchor: "pixels" reads the scene once, "overviews" its stored overviews.
    on_error: "fail" or "skip" parts that cannot be decoded. threads: default all cores.
    progress: called with a stage, "anchor" or "looks", and the share of it that is done.

    Raises SceneError (cannot be read), VectorError, WeightsError, OptionError. A scene
    without boats is no error: the result is empty and says what was searched.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise OptionError(f"threshold must be between 0 and 1, got {threshold}")
    budget = Budget(patches=patches, seconds=seconds, exhaustive=exhaustive)
    if isinstance(model, str):
        detector = load_detector(model, weights=weights, engine=engine, device=device)
    else:
        detector = model
    stopwatch = Stopwatch()
    with opened(scene, bands=bands, gsd_m=gsd_m) as raster:
        if unsuited := detector.suits(raster.band_names):
            if model != "auto" or weights is not None:
                raise OptionError(f"{raster.name}: {unsuited}")
            detector = load_detector("classical")
        masks = VectorMasks.read(
            raster.grid, aoi=aoi, water=water, land=land, scene_name=raster.name
        )
        coarse = survey(
            raster, masks, source=anchor, on_error=on_error, threads=threads,
            stopwatch=stopwatch, progress=progress,
        )  # fmt: skip
        with stopwatch.time("looks"):
            drive = GreedyDrive(coarse.saliency, (raster.grid.height, raster.grid.width), budget)
            close = inspect(
                raster, drive, detector, coarse.saliency, coarse.sea, on_error=on_error,
                threads=threads, progress=progress,
            )  # fmt: skip
        with stopwatch.time("merge"):
            boats = close.boats
            least = detector.threshold(raster.grid.gsd_m) if threshold is None else threshold
            boats = boats[(boats.score >= least) & masks.allows(boats.x, boats.y)]
            boats = merge(boats, close.looks)
        with stopwatch.time("picture"):
            small = picture(coarse.thumbnail, raster)
        failed = coarse.failed + close.failed
        findings = Findings(
            scene=raster.name,
            grid=raster.grid,
            detections=boats,
            looks=close.looks,
            searched_share=drive.searched,
            expected_missed=drive.expected_missed(),
            missed_at_most=drive.expected_missed_upper(),
            model=detector.name,
            threshold=least,
            notes=_notes(raster, coarse, unsuited, len(failed)),
        )
    return DetectionResult(
        findings=findings,
        saliency_map=coarse.saliency,
        picture=small,
        seconds=stopwatch.seconds,
        failed=failed,
    )


def _notes(scene: Scene, coarse: Survey, unsuited: str, failed: int) -> list[str]:
    notes = [*getattr(scene, "notes", ())]
    if unsuited:
        notes.append(f"Used classical: {unsuited}.")
    if coarse.anchor_note:
        notes.append(coarse.anchor_note)
    if failed:
        notes.append(f"{failed} windows could not be read and were not searched.")
    return notes
