"""What is to be trained: everything that decides how a model turns out, and the key of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from faceinsight.answers.lexicon import Lexicon
from faceinsight.common.recipes import recipe
from faceinsight.common.work import digest
from faceinsight.data.store import StoredCrops
from faceinsight.errors import ParameterError
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.method.variants import Variant
from faceinsight.model.settings import ModelSettings
from faceinsight.training.settings import TrainingSettings


@dataclass(frozen=True)
class TrainingJob:
    """Everything that decides how a model turns out.

    Attributes:
        variant: switches of the ablation.
        model: parts and sizes of the model.
        training: how it is trained.
        vocabulary: the characteristics.
        rule_set: compiled rules; their loss counts where the variant's `logic` is on.
        adjacency: C_hat, float [K, K]; used where the variant's `correlation` is on.
        text_features: T_p^0 of a pretrained text encoder, float32 [K, d]; None where learned.
        crops: data set name to its folder of crops; data sets without examples are passed over.
        weights: data set name to its weight in an epoch, 1 where it is not named.
        lexicon: words of answers; None where the model never answers in words.
        noisy_labels: characteristics whose annotation is known to be noisy, with the reason: for
            the model card, and no part of the key.
    """

    variant: Variant
    model: ModelSettings
    training: TrainingSettings
    vocabulary: Vocabulary
    rule_set: RuleSet
    adjacency: np.ndarray
    text_features: np.ndarray | None
    crops: Mapping[str, Path]
    weights: Mapping[str, float]
    lexicon: Lexicon | None = None
    noisy_labels: Mapping[str, str] = field(default_factory=dict)

    def key(self) -> str:
        """Digest of configuration, inputs and recipe: the name of the job's work folder."""
        return digest(
            self.variant,
            self.model,
            with_processes(self.training, here=False),
            self.vocabulary,
            self.rule_set,
            self.adjacency,
            self.text_features,
            {name: StoredCrops.open(Path(f)).header["digest"] for name, f in self.crops.items()},
            dict(self.weights),
            None if self.lexicon is None else self.lexicon.settings,
            recipe("training"),
            _checkpoints(self.model),
        )


def _checkpoints(model: ModelSettings) -> list[tuple[str, int, int]]:
    """Names, sizes and times of the files of checkpoints that lie in folders."""
    names = (
        model.image_encoder.pretrained,
        model.image_adapter.pretrained,
        model.segmentation_encoder.pretrained,
        model.language_model.pretrained,
    )
    folders = {Path(name) for name in names if name and Path(name).is_dir()}
    files = [file for folder in sorted(folders) for file in sorted(folder.rglob("*"))]
    if model.language_model.gguf is not None:
        files.append(Path(model.language_model.gguf))
    return [
        (str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns)
        for file in files
        if file.is_file()
    ]


def with_processes(settings: TrainingSettings, here: bool = True) -> TrainingSettings:
    """Settle how many processes train.

    Args:
        settings: `processes` may be None: one per GPU that is visible here, else one.
        here: whether this machine has to have a GPU for each.

    Returns:
        The settings with `processes` a number.

    Raises:
        ParameterError: there are too few GPUs, or the settings contradict each other.
    """
    processes, device = settings.processes, settings.device
    if processes != 1:
        gpus = _gpus(device)
        if processes is None:
            processes = 1 if device not in ("auto", "cuda") else max(1, gpus)
        elif device == "mps":
            raise ParameterError(
                f"training.processes is {processes}, and there is but one mps device: set "
                "training.device to auto, cuda or cpu"
            )
        elif here and 0 < gpus < processes:
            raise ParameterError(
                f"training.processes is {processes}, and {gpus} GPU(s) are visible: each process "
                "needs one of its own; lower it, or set training.device to cpu"
            )
    if settings.sharding == "full" and processes == 1:
        raise ParameterError(
            "training.sharding is full, and one process trains: set training.processes to 2 or "
            "more, or training.sharding to none"
        )
    return settings.model_copy(update={"processes": processes})


def _gpus(device: str) -> int:
    if device in ("cpu", "mps"):
        return 0
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0
