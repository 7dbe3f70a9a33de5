"""Parameters of training, typed and validated before anything runs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from faceinsight.common.devices import known_device
from faceinsight.common.settings import Seed, Settings
from faceinsight.data.augmentation import AugmentationSettings


class LoopSettings(Settings):
    """What every training by Trainer has; the defaults are LLaVA-1.5's instruction tuning.

    Attributes:
        seed: of initial weights, and of the order and choice of examples.
        epochs: passes over as many examples as the training split holds.
        batch_size: examples a process and step; an update averages over `batch_size * processes *
            gradient_accumulation_steps`.
        gradient_accumulation_steps: steps whose gradients are added before an update.
        schedule: a name of transformers' learning-rate schedules.
        warmup_ratio: share of all steps in which the rate rises to its height.
        weight_decay: AdamW's.
        max_grad_norm: gradients are clipped to this norm.
        precision: fp32, or bf16: autocast.
        gradient_checkpointing: compute activations again in the backward pass instead of keeping
            them: about a third more work, a small part of the memory.
        evaluations_per_epoch: how often the validation accuracy is taken.
        patience: evaluations without a better validation accuracy before training stops; null
            never stops early.
        logging_steps: updates between two points of the learning curve.
        workers: processes that read examples; 0 reads in the training process.
    """

    seed: Seed = 0
    epochs: float = Field(1.0, gt=0)
    batch_size: int = Field(128, ge=1)
    gradient_accumulation_steps: int = Field(1, ge=1)
    schedule: Literal["cosine", "linear", "constant", "constant_with_warmup"] = "cosine"
    warmup_ratio: float = Field(0.03, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)
    precision: Literal["fp32", "bf16"] = "bf16"
    gradient_checkpointing: bool = False
    evaluations_per_epoch: float = Field(4, gt=0)
    patience: int | None = Field(5, ge=1)
    logging_steps: int = Field(10, ge=1)
    workers: int = Field(0, ge=0)


class TrainingSettings(LoopSettings):
    """How a model is trained; the seed is also that of augmentation.

    Attributes:
        learning_rate: highest rate of AdamW.
        eval_batch_size: examples a step of validation and scoring.
        temperature: how data sets share an epoch: 1 in proportion to their size, 0 equally.
        keep_checkpoints: how many checkpoints are kept for going on.
        device: auto, cpu, cuda (those that CUDA_VISIBLE_DEVICES lets it see) or mps.
        answer_share: share of a batch about which questions are asked and answered, where
            `model.answer_weight` is above 0.
        answer_start: share of the training after which questions are asked.
        answer_turns: questions a face.
        compile: compile the language model's layers with torch.compile.
        processes: training processes, each with a device or a share of the CPU of its own; null
            starts one per visible GPU, or one where there is none.
        sharding: `full` spreads frozen parts that come from checkpoints over the processes' devices
            (FSDP); `none` keeps a whole copy on each.
        measure_matrix_rate: time matrix products before training, so that the share of the
            machine's matrix rate that training reached can be stated.
        augmentation: random changes of training examples.
    """

    learning_rate: float = Field(2e-5, gt=0)
    eval_batch_size: int = Field(256, ge=1)
    temperature: float = Field(1.0, ge=0, le=1)
    keep_checkpoints: int = Field(2, ge=1)
    device: str = "auto"
    answer_share: float = Field(0.125, gt=0, le=1)
    answer_start: float = Field(0.4, ge=0, lt=1)
    answer_turns: int = Field(1, ge=1)
    compile: bool = False
    processes: int | None = Field(None, ge=1)
    sharding: Literal["none", "full"] = "none"
    measure_matrix_rate: bool = False
    augmentation: AugmentationSettings = AugmentationSettings()

    @field_validator("device")
    @classmethod
    def _no_number(cls, name: str) -> str:
        if name.startswith("cuda:"):  # Trainer takes the first that it sees.
            raise ValueError(
                f"'{name}': set it to cuda, and choose the GPU with the environment variable "
                f"CUDA_VISIBLE_DEVICES={name.removeprefix('cuda:')}"
            )
        return known_device(name)
