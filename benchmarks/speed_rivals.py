"""What `speed.py` runs against each other, each as a process of its own.

    python benchmarks/speed_rivals.py decode scene.tif
    python benchmarks/speed_rivals.py vit scene.tif
    python benchmarks/speed_rivals.py sahi scene.tif scene.survey.npz boats.geojson

Each prints one JSON object: `read`, the pixels that it decoded, and `analysed`, those that
it gave to a network. Imported without an argument, this costs nothing: `speed.py` has to
stay small.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speed_scenes import SpeedScene

if TYPE_CHECKING:
    from sahi.models.base import DetectionModel

DECODE, PDN, OVERVIEWS = "decode", "pdn-geo", "pdn-geo --anchor overviews"
EXHAUSTIVE, SAHI, VIT = "pdn-geo --exhaustive", "SAHI", "ViT"
RIVALS = (DECODE, PDN, OVERVIEWS, EXHAUSTIVE, SAHI, VIT)
FINDS_BOATS = (PDN, OVERVIEWS, EXHAUSTIVE, SAHI)

SLICE_PX, OVERLAP = 512, 0.2
VIT_NAME, VIT_PX = "vit_small_patch16_224", 1024
_STRIP_PX, _STRIP_WIDTH_PX = 512, 10240
_PATCH_PX = 512


def rivals_of(scene: SpeedScene) -> list[str]:
    """Who runs on a scene. Tiling would take an hour and more on the largest, in proportion
    to their pixels; and neither it nor pdn-geo by default reads overviews.
    """
    rivals = [DECODE, OVERVIEWS if scene.overviews else PDN, VIT]
    if not scene.is_mosaic:
        rivals += [PDN] if scene.overviews else [EXHAUSTIVE, SAHI]
    return rivals


def boats_file(rival: str, folder: Path) -> Path:
    """Where a rival that finds boats puts them."""
    return folder / ("boats.geojson" if rival == SAHI else "boats.gpkg")


def command(rival: str, scene: SpeedScene, folder: Path) -> list[str]:
    """What to run; boats go into `folder`."""
    found = str(boats_file(rival, folder))
    if rival in (DECODE, SAHI, VIT):
        words = [sys.executable, __file__, rival.lower(), str(scene.path)]
        return [*words, str(scene.survey), found] if rival == SAHI else words
    options = rival.removeprefix(PDN).split()
    return [pdn_geo(), "detect", str(scene.path), "--out", found, "--json", *options]


def pdn_geo() -> str:
    return str(Path(sys.executable).with_name("pdn-geo"))


def effort(rival: str, scene: SpeedScene, told: dict[str, Any]) -> tuple[float, float]:
    """Pixels decoded and pixels given to a network, in those of the scene, from what the
    rival printed. What an overview holds counts as that many pixels.
    """
    if rival in (DECODE, SAHI, VIT):
        return told["read"] / scene.size**2, told["analysed"] / scene.size**2
    looked = told["patches"] * _PATCH_PX**2 / scene.size**2
    factor = re.search(r"read from stored overviews, 1/(\d+)", told["notes"])
    return looked + (1 / int(factor[1]) ** 2 if factor else 1), looked


def decode(path: str) -> dict[str, Any]:
    """Every pixel once, by as many threads as there are cores. `bare_seconds`: without imports."""
    import threading
    import time
    from concurrent.futures import ThreadPoolExecutor

    import rasterio
    from rasterio.windows import Window

    start = time.perf_counter()
    with rasterio.open(path) as dataset:
        height, width = dataset.shape
    strips = [
        Window(col, row, min(_STRIP_WIDTH_PX, width - col), min(_STRIP_PX, height - row))
        for row in range(0, height, _STRIP_PX)
        for col in range(0, width, _STRIP_WIDTH_PX)
    ]
    own = threading.local()  # a GDAL handle must not serve two threads

    def read(strip: Window) -> None:
        if not hasattr(own, "dataset"):
            own.dataset = rasterio.open(path)
        own.dataset.read(window=strip)

    with ThreadPoolExecutor(_cores()) as pool:
        for _ in pool.map(read, strips):
            pass
    seconds = time.perf_counter() - start
    return {"bare_seconds": seconds, "read": height * width, "analysed": 0}


def vit(path: str) -> dict[str, Any]:
    """The scene shrunk to one picture, through a vision transformer of random weights."""
    import numpy as np
    import rasterio
    import timm
    import torch
    from rasterio.enums import Resampling

    torch.set_num_threads(_cores())
    with rasterio.Env(GDAL_NUM_THREADS="ALL_CPUS"), rasterio.open(path) as dataset:
        shape = (3, VIT_PX, VIT_PX)
        small = dataset.read(indexes=[1, 2, 3], out_shape=shape, resampling=Resampling.average)
        shrunk = [f for f in dataset.overviews(1) if f * VIT_PX <= dataset.width]
        read = dataset.width * dataset.height / max(shrunk, default=1) ** 2
    network = timm.create_model(VIT_NAME, pretrained=False, img_size=VIT_PX, num_classes=0)
    with torch.inference_mode():
        network.eval()(torch.from_numpy(small.astype(np.float32) / 255)[None])
    return {"read": read, "analysed": VIT_PX**2}


def sahi(path: str, survey: str, out: str) -> dict[str, Any]:
    """SAHI over the shipped patch network; boats as boxes in scene pixels, GeoJSON.

    survey: sea and water of the scene, which the network takes and no slice can tell.
    """
    import rasterio
    import shapely
    from sahi.predict import get_sliced_prediction
    from sahi.slicing import get_slice_bboxes

    with rasterio.Env(GDAL_NUM_THREADS="ALL_CPUS"), rasterio.open(path) as dataset:
        image = dataset.read([1, 2, 3]).transpose(1, 2, 0)
    result = get_sliced_prediction(
        image,
        _sahi_model(path, survey),
        slice_height=SLICE_PX,
        slice_width=SLICE_PX,
        overlap_height_ratio=OVERLAP,
        overlap_width_ratio=OVERLAP,
        # on top of the slices, the whole scene at once: 4 GB of channels
        perform_standard_pred=False,
        verbose=0,
    )
    features = [
        {
            "type": "Feature",
            "geometry": json.loads(shapely.to_geojson(shapely.box(*boat.bbox.to_xyxy()))),
            "properties": {"score": float(boat.score.value)},
        }
        for boat in result.object_prediction_list
    ]
    boats = {"type": "FeatureCollection", "coordinates": "pixels", "features": features}
    Path(out).write_text(json.dumps(boats), encoding="utf-8")
    height, width, _ = image.shape
    slices = get_slice_bboxes(
        height, width, SLICE_PX, SLICE_PX, overlap_height_ratio=OVERLAP, overlap_width_ratio=OVERLAP
    )
    analysed = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in slices)
    return {"read": height * width, "analysed": analysed}


def _sahi_model(path: str, survey: str) -> "DetectionModel":
    """Our network as SAHI takes one."""
    import numpy as np
    import onnxruntime
    from sahi.models.base import DetectionModel
    from sahi.prediction import ObjectPrediction

    from pdn_geo.drive.look import Look
    from pdn_geo.engines import Patch
    from pdn_geo.engines.network.detector import NetworkDetector
    from pdn_geo.engines.network.weights import load_weights
    from pdn_geo.geometry import Window
    from pdn_geo.io import open_scene
    from pdn_geo.sea import SeaLevel, SeaStatistics

    class AllCores:
        """A runner for one slice after another: the threads are inside, as SAHI has none."""

        batch_size = 1

        def __init__(self, weights: Path) -> None:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = _cores()
            self._session = onnxruntime.InferenceSession(
                weights, options, providers=["CPUExecutionProvider"]
            )
            self._name = self._session.get_inputs()[0].name

        def run(self, patches: np.ndarray) -> np.ndarray:
            return self._session.run(None, {self._name: patches})[0]

    class PatchNetwork(DetectionModel):
        def load_model(self) -> None:
            known = np.load(survey)
            level = SeaLevel(known["level"], int(known["level_px"]))
            self._sea = SeaStatistics(known["mean"], known["std"], level)
            self._water, self._stride = known["water"], int(known["stride"])
            with open_scene(path) as scene:
                self._grid, self._bands = scene.grid, scene.band_names
            weights = load_weights(gsd_m=self._grid.gsd_m)
            self.model = NetworkDetector(AllCores(weights.path), weights.card)
            self.confidence_threshold = self.model.threshold(self._grid.gsd_m)

        def perform_inference(self, image: np.ndarray) -> None:
            self._original_predictions = image  # where it lies, SAHI tells below

        def _create_object_prediction_list_from_original_predictions(
            self, shift_amount_list: Any = None, full_shape_list: Any = None
        ) -> None:
            (shift,), (full_shape,) = shift_amount_list, full_shape_list
            (found,) = self.model.detect([self._patch(*shift)], self._sea)
            found = found[found.score >= self.confidence_threshold].shifted(-shift[0], -shift[1])
            corners = found.corners()
            boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
            self._object_prediction_list_per_image = [
                [
                    ObjectPrediction(
                        bbox=box, score=score, category_id=0, category_name="boat",
                        shift_amount=shift, full_shape=full_shape,
                    )
                    for box, score in zip(boxes.tolist(), found.score.tolist(), strict=True)
                ]
            ]  # fmt: skip

        def _patch(self, col: int, row: int) -> Patch:
            image = self._original_predictions
            height, width, _ = image.shape
            rows = np.arange(row, row + height)[:, None] // self._stride
            cols = np.arange(col, col + width) // self._stride
            window = Window(col_off=col, row_off=row, width=width, height=height)
            return Patch(
                look=Look(order=0, window=window, reason="", expected_boats=0.0),
                values=image.transpose(2, 0, 1).astype(np.float32),
                valid=np.ones((height, width), bool),
                water=self._water[rows, cols].astype(np.float32),
                density=np.ones((height, width), np.float32),  # there is no global stream
                jacobian=self._grid.ground_jacobian(col + width / 2, row + height / 2),
                band_names=self._bands,
            )

    return PatchNetwork(device="cpu")


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    what, *files = sys.argv[1:]
    print(json.dumps({"decode": decode, "vit": vit, "sahi": sahi}[what](*files)))
