"""A model for several processes: what each of them holds of it.

Trained weights are copied to each process (DDP), frozen ones may be spread over them (FSDP).

What a frozen language model costs is its weights; what is trained beside it is small. So only the
transformer blocks of frozen parts are sharded, by PyTorch's `fully_shard`: a block's weights are
gathered when it is computed, and let go again. Adapters, graph network and LoRA weights are trained
as without sharding, with the same arithmetic, the same checkpoints and the same optimiser state.

Trainer's own FSDP shards the model as a whole. It then writes the 7B frozen weights into every
checkpoint, holds trained weights in the computation's number format, and refuses to load a
checkpoint that has only what was trained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import distributed
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel
from transformers.modeling_layers import GradientCheckpointingLayer

from faceinsight.errors import ParameterError
from faceinsight.training.batch_norm import normalise_over_processes
from faceinsight.training.settings import TrainingSettings

if TYPE_CHECKING:
    from faceinsight.model.modeling import FaceInsightModel


def prepare_for_processes(
    model: FaceInsightModel, device: torch.device, settings: TrainingSettings
) -> None:
    """Make a model ready for training in several processes, in place, before it is wrapped.

    Args:
        model: on the CPU.
        device: of this process.
        settings: say whether frozen weights are sharded.

    Raises:
        ParameterError: they are to be, and there are none.
    """
    normalise_over_processes(model, device)
    # Every process has read frozen weights from the same files, and buffers are the same in all,
    # statistics of batch norms among them: nobody needs to send these.
    same = {*(model._keys_to_ignore_on_save or ()), *(name for name, _ in model.named_buffers())}
    DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(model, same)
    if settings.sharding == "full":
        shard_frozen(model, device)


def shard_frozen(model: FaceInsightModel, device: torch.device) -> None:
    """Shard the transformer blocks of frozen parts that come from checkpoints, in place.

    Args:
        model: may still lie on the CPU: a block goes to the device, and most of it away again, one
            by one, so that the whole never has to fit.
        device: of this process.

    Raises:
        ParameterError: there is nothing to shard.
    """
    mesh = init_device_mesh(device.type, (distributed.get_world_size(),))
    config = model.config
    parts = [part for part in config.frozen if getattr(config, part)["pretrained"] is not None]
    blocks = [
        module
        for part in parts
        for module in getattr(model, part).modules()
        if isinstance(module, GradientCheckpointingLayer)
    ]
    if not blocks:
        raise ParameterError(
            "training.sharding is full, and no part that is frozen and read from a checkpoint has "
            "transformer blocks: set it to none, or see model.frozen"
        )
    for block in blocks:
        trained = {parameter for parameter in block.parameters() if parameter.requires_grad}
        fully_shard(block, mesh=mesh, ignored_params=trained)
    # Their common root, which plans ahead what is gathered next. Beside the blocks it shards
    # nothing: of embeddings and output matrix single rows are read. (The parts themselves cannot
    # be roots: `fully_shard` changes a module's class, by whose name transformers finds out what
    # hidden states it can give.)
    sharded = {parameter for block in blocks for parameter in block.parameters()}
    fully_shard(model, mesh=mesh, ignored_params=set(model.parameters()) - sharded)
    for tensor in (*model.parameters(), *model.buffers()):
        if not isinstance(tensor, DTensor):
            tensor.data = tensor.data.to(device)
