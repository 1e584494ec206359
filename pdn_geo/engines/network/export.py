"""A trained network as files: ONNX, safetensors, the card and a STAC item."""

import copy
import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import torch
from safetensors.torch import save

from pdn_geo.engines.network.card import ModelCard
from pdn_geo.engines.network.inputs import CHANNELS
from pdn_geo.engines.network.onnx_runner import OnnxRunner
from pdn_geo.engines.network.stac import stac_item
from pdn_geo.engines.network.torch_runner import TorchRunner
from pdn_geo.engines.network.weights import STEM
from pdn_geo.errors import WeightsError
from pdn_geo.models.patch_network import PatchNetwork

OPSET = 17
"""Of 2022: the first with layer norm, which transformers need; every ONNX Runtime from
1.12 on reads it.
"""

TOLERANCE = 1e-3
"""Most by which the maps of the two engines may differ."""


def export(network: PatchNetwork, card: ModelCard, folder: str | Path, *, stem: str = STEM) -> Path:
    """Write patch.onnx, patch.safetensors, patch.json and patch.stac.json into a folder.

    The folder is made if need be; files of these names are replaced. stem: in place of "patch".
    What has two dimensions or more is stored at half precision, and computed with in full.
    Batch, height and width stay free in ONNX. Both files are run on the same random patches.
    Returns the path of the ONNX file. Raises WeightsError where they disagree, which a
    backbone may cause that does not work at every size.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.onnx"
    network = copy.deepcopy(network).cpu().eval()
    state = halved(network)
    network.load_state_dict(state)
    # Bytes of our own writing: the library's writer leaves files that only their owner reads.
    path.with_suffix(".safetensors").write_bytes(save(state))
    card.save(path.with_suffix(".json"))
    _write_onnx(network, path)
    _check_agreement(path, card)
    parameters = sum(value.numel() for value in network.parameters())
    item = stac_item(card, [path, path.with_suffix(".safetensors")], parameters)
    path.with_suffix(".stac.json").write_text(json.dumps(item, indent=2) + "\n", encoding="utf-8")
    return path


def halved(network: PatchNetwork) -> dict[str, torch.Tensor]:
    """The state of a network as it is stored: kernels at half precision, the rest in full."""
    return {
        name: (value.half() if value.is_floating_point() and value.ndim > 1 else value).contiguous()
        for name, value in network.state_dict().items()
    }


def _write_onnx(network: PatchNetwork, path: Path) -> None:
    free = {0: "batch", 2: "height", 3: "width"}
    with warnings.catch_warnings():
        # The exporter through TorchScript is said to be old. Its successor took half a
        # minute to this one's two seconds, and asks for one package more.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(2, len(CHANNELS), 256, 320),),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=["patches"],
            output_names=["maps"],
            dynamic_axes={"patches": free, "maps": free},
            # Batch norm stays apart, or the convolutions would no longer be halves: ONNX
            # Runtime folds it when it loads the file.
            training=torch.onnx.TrainingMode.PRESERVE,
        )
    _halve(path)


def _halve(path: Path) -> None:
    """Store what was rounded to half precision so; a cast widens it when the file is loaded."""
    model = onnx.load(path)
    casts = []
    for weight in model.graph.initializer:
        values = onnx.numpy_helper.to_array(weight)
        halves = values.astype(np.float16)
        if values.dtype == np.float32 and values.ndim > 1 and (halves == values).all():
            stored = f"{weight.name}.half"
            cast = onnx.helper.make_node("Cast", [stored], [weight.name], to=onnx.TensorProto.FLOAT)
            casts.append(cast)
            weight.CopyFrom(onnx.numpy_helper.from_array(halves, stored))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, path)


def _check_agreement(path: Path, card: ModelCard) -> None:
    shape = (2, len(CHANNELS), 96, 64)
    patches = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    there = OnnxRunner(path).run(patches)
    here = TorchRunner(path.with_suffix(".safetensors"), card).run(patches)
    if here.shape != there.shape or not np.abs(here - there).max() <= TOLERANCE:
        raise WeightsError(path, "the exported network does not do what the trained one does")
