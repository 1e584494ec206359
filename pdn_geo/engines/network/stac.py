"""Weights as a STAC item: what catalogues of models hold.

STAC 1.1 with the Machine Learning Model extension 1.4
(https://github.com/stac-extensions/mlm) and the file extension 2.1.
"""

import hashlib
from pathlib import Path
from typing import Any

from pdn_geo.engines.network.card import ModelCard
from pdn_geo.engines.network.inputs import COLOURS

_EXTENSIONS = ("mlm/v1.4.0", "file/v2.1.0")
_ARTIFACTS = {
    # suffix: framework, artifact type, title
    ".onnx": ("ONNX", "onnx", "The network for ONNX Runtime"),
    ".safetensors": ("PyTorch", "safetensors.torch.save", "The weights for PyTorch"),
}


def stac_item(card: ModelCard, files: list[Path], parameters: int) -> dict[str, Any]:
    """The item of some weights.

    files: the .onnx and the .safetensors, there already; the item refers to them by name
    and holds their sizes and checksums. parameters: how many numbers were trained. Time
    and place say where a model may be used: any time, and all the world.
    """
    batch, size = ["batch", "channel", "height", "width"], [-1, -1]
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [
            f"https://stac-extensions.github.io/{name}/schema.json" for name in _EXTENSIONS
        ],
        "id": f"pdn-geo-{card.name}-{card.version}",
        "bbox": [-180, -90, 180, 90],
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]],
        },
        "properties": {
            "title": f"pdn-geo {card.title}: boats in high-resolution patches",
            "datetime": None,
            "start_datetime": "1900-01-01T00:00:00Z",
            "end_datetime": "9999-12-31T23:59:59Z",
            "created": f"{card.trained}T00:00:00Z",
            "bands": _bands(),
            "mlm:name": f"pdn-geo-{card.name}",
            "mlm:architecture": f"Feature pyramid network ({card.backbone} backbone)",
            "mlm:framework": "PyTorch",
            "mlm:tasks": ["object-detection"],
            "mlm:total_parameters": parameters,
            "mlm:accelerator": None,
            "mlm:input": [
                {
                    "name": "patches",
                    "description": f"{', '.join(card.channels)}; nir is 0 where there is none",
                    "bands": list(COLOURS),
                    "input": {
                        "shape": [-1, len(card.channels), *size],
                        "dim_order": batch,
                        "data_type": "float32",
                    },
                    "resize_type": "pad",
                    "pre_processing_function": _function("inputs:network_input"),
                }
            ],
            "mlm:output": [
                {
                    "name": "maps",
                    "description": ", ".join(card.maps),
                    "tasks": ["object-detection"],
                    "result": {
                        "shape": [-1, len(card.maps), *size],
                        "dim_order": batch,
                        "data_type": "float32",
                    },
                    "post_processing_function": _function("maps:decode"),
                }
            ],
            "mlm:hyperparameters": {
                "stride": card.stride,
                "thresholds": [list(pair) for pair in card.thresholds],
                "random_state": card.seed,
            },
        },
        "assets": {_ARTIFACTS[path.suffix][0].lower(): _asset(path) for path in files},
        "links": [],
    }


def _bands() -> list[dict[str, str]]:
    return [{"name": colour} for colour in COLOURS]


def _function(name: str) -> dict[str, str]:
    return {"format": "python", "expression": f"pdn_geo.engines.network.{name}"}


def _asset(path: Path) -> dict[str, Any]:
    framework, artifact, title = _ARTIFACTS[path.suffix]
    content = path.read_bytes()
    return {
        "href": f"./{path.name}",
        "title": title,
        "type": f"application/octet-stream; framework={framework.lower()}",
        "roles": ["mlm:model", "mlm:weights", "data"],
        "bands": _bands(),
        "mlm:framework": framework,
        "mlm:artifact_type": artifact,
        "file:size": len(content),
        # A multihash: 0x12 says SHA-256, 0x20 its 32 bytes.
        "file:checksum": f"1220{hashlib.sha256(content).hexdigest()}",
    }
