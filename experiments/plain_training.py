"""Training networks for a given time, and measuring how many images a second they take.

The examples, their order, augmentation and batches, masking of unknown labels, optimizer, clipping,
schedule and choice of the best epoch are those of `faceinsight.training`; what differs is that the
learning rate falls with the time that is spent, so that it is spent to the end, on a machine of
whatever speed.
"""

from __future__ import annotations

import math
import time
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor, nn
from torch.utils.data import DataLoader

from faceinsight.data.dataset import FaceDataset, keep_batch
from faceinsight.data.sampling import DatasetSampler
from faceinsight.evaluation.tasks import task_accuracies
from faceinsight.method.characteristics import Vocabulary
from faceinsight.training.settings import TrainingSettings


def now(device: torch.device) -> float:
    """Seconds that work has taken so far.

    On a CPU those of this process's threads, which do not count what others do on the machine; on
    a GPU those of the wall.
    """
    if device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


@dataclass
class Trained:
    """How a training went.

    Attributes:
        images: seen.
        seconds: spent.
        accuracies: on the validation part, one an epoch.
    """

    images: int = 0
    seconds: float = 0.0
    accuracies: list[float] = field(default_factory=list)


def train_for(
    seconds: float,
    network: nn.Module,
    train_set: FaceDataset,
    val_set: FaceDataset,
    vocabulary: Vocabulary,
    settings: TrainingSettings,
    device: torch.device,
) -> Trained:
    """Train for so long, validations included; the network ends as in its best epoch."""
    network.to(device)
    sampler = DatasetSampler(
        train_set.sizes, [1.0] * len(train_set.sizes), settings.temperature, settings.seed
    )
    optimizer = adamw(network, settings)
    done, best = Trained(), -1.0
    best_state = deepcopy(network.state_dict())
    start, validating, epoch = now(device), 0.0, 0

    def spent() -> float:
        """Share of the time, kept back what the last validation will take."""
        return (now(device) - start + validating) / seconds

    while spent() < 1:
        sampler.set_epoch(epoch)
        network.train()
        for batch in batches(train_set, sampler, settings.batch_size):
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * height(spent(), settings.warmup_ratio)
            step(network, batch, optimizer, settings, device)
            done.images += len(batch["labels"])
            if spent() >= 1:
                break
        before = now(device)
        accuracy = validation_accuracy(network, val_set, vocabulary, settings, device)
        validating = now(device) - before
        done.accuracies.append(accuracy)
        if accuracy > best:
            best, best_state = accuracy, deepcopy(network.state_dict())
        epoch += 1
    done.seconds = now(device) - start
    network.load_state_dict(best_state)
    return done


def height(spent: float, warmup: float) -> float:
    """Share of the highest learning rate: it rises linearly, then falls as a half cosine."""
    if spent < warmup:
        return spent / warmup
    return 0.5 * (1 + math.cos(math.pi * min((spent - warmup) / (1 - warmup), 1)))


def adamw(network: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    """AdamW that decays matrices and kernels, and neither biases nor what normalises."""
    trained = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


def batches(dataset: FaceDataset, sampler: DatasetSampler | None, size: int) -> DataLoader:
    """Batches of a data set, drawn by a sampler or in its own order."""
    return DataLoader(dataset, size, sampler=sampler, collate_fn=keep_batch)


def step(
    network: nn.Module,
    batch: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    settings: TrainingSettings,
    device: torch.device,
) -> None:
    """One update of the weights."""
    half = settings.precision == "bf16"
    with torch.autocast(device.type, torch.bfloat16, enabled=half):
        loss = network(**{name: values.to(device) for name, values in batch.items()}).loss
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), settings.max_grad_norm)
    optimizer.step()


def logits_of(
    network: nn.Module, faces: FaceDataset, size: int, device: torch.device
) -> np.ndarray:
    """Logits of every face, float32 [N, K]."""
    network.to(device).eval()
    parts = [score(network, batch, device) for batch in batches(faces, None, size)]
    return np.concatenate([part.float().cpu().numpy() for part in parts])


@torch.inference_mode()
def score(network: nn.Module, batch: dict[str, Tensor], device: torch.device) -> Tensor:
    """Logits [B, K] of a batch."""
    inputs = {name: values.to(device) for name, values in batch.items() if name != "labels"}
    return network(**inputs).logits


def validation_accuracy(
    network: nn.Module,
    faces: FaceDataset,
    vocabulary: Vocabulary,
    settings: TrainingSettings,
    device: torch.device,
) -> float:
    """What chooses the best epoch: the mean over data sets and tasks."""
    logits = logits_of(network, faces, settings.eval_batch_size, device)
    names = np.array(faces.names)[faces.dataset_numbers]
    probabilities = expit(logits.astype(np.float64))
    accuracies = task_accuracies(probabilities, faces.labels, names, vocabulary)
    return float(np.mean(list(accuracies.values())))


def rates(
    networks: dict[str, nn.Module],
    data: dict[str, FaceDataset],
    settings: TrainingSettings,
    device: torch.device,
    *,
    steps: int = 10,
    rounds: int = 5,
) -> dict[str, dict[str, float]]:
    """Images a second in training and in scoring, reading of crops included.

    The networks take turns, and the quickest of several rounds counts, so that a busy machine
    is as unlikely to favour one as another. Their weights are changed.

    Args:
        networks: by name.
        data: the training examples that each of them reads (with maps or without).
        settings: batch size, augmentation, precision.
        device: where they run.
        steps: batches a round.
        rounds: after one to get warm.
    """
    found = {name: {"training": 0.0, "scoring": 0.0} for name in networks}
    for round_ in range(rounds + 1):
        for name, network in networks.items():
            for kind in found[name]:
                rate = rate_of(kind, network, data[name], settings, device, steps)
                if round_:
                    found[name][kind] = max(found[name][kind], rate)
    return found


def rate_of(
    kind: str,
    network: nn.Module,
    dataset: FaceDataset,
    settings: TrainingSettings,
    device: torch.device,
    steps: int,
) -> float:
    """Images a second of training or scoring in one round."""
    network.to(device).train(kind == "training")
    optimizer = adamw(network, settings)
    sampler = DatasetSampler(dataset.sizes, [1.0] * len(dataset.sizes))
    images, start = 0, now(device)
    for batch in islice(batches(dataset, sampler, settings.batch_size), steps):
        images += len(batch["labels"])
        if kind == "training":
            step(network, batch, optimizer, settings, device)
        else:
            score(network, batch, device)
    return images / (now(device) - start)
