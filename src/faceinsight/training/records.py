"""What is written down about a training: its learning curve, where it came from, the model card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.common.provenance import provenance
from faceinsight.common.work import digest
from faceinsight.data.dataset import FaceDataset

if TYPE_CHECKING:
    from faceinsight.model.modeling import FaceInsightModel
    from faceinsight.training.job import TrainingJob
    from faceinsight.training.speed import Rates


def learning_curve(history: list[dict[str, float]]) -> list[dict[str, Any]]:
    """Trainer's log as rows of step, epoch, name, value; run times left out."""
    skipped = ("runtime", "per_second", "flos")
    return [
        {"step": entry["step"], "epoch": entry["epoch"], "name": name, "value": float(value)}
        for entry in history
        # Sorted: what came through a checkpoint is in another order.
        for name, value in sorted(entry.items())
        if name not in ("step", "epoch") and not any(word in name for word in skipped)
    ]


def documents(
    job: TrainingJob,
    model: FaceInsightModel,
    state: Any,
    metrics: Mapping[str, float],
    train_set: FaceDataset,
    rates: Rates,
) -> dict[str, str]:
    """What is saved beside the weights: where they came from, how training went, the model card."""
    from faceinsight.data.drawn.writing import is_drawn
    from faceinsight.model.card import model_card
    from faceinsight.model.saving import CARD, PROVENANCE

    validation = _best_validation(state)
    facts = provenance(job=job.key(), vocabulary=digest(job.vocabulary), rules=digest(job.rule_set))
    facts["variant"] = job.variant.model_dump()
    facts["training"] = {
        "settings": job.training.model_dump(mode="json"),
        "steps": state.global_step,
        "epochs": state.epoch,
        "best_validation_accuracy": state.best_metric,
        "best_step": state.best_global_step,
        "validation": validation,
        "seconds_of_last_start": metrics.get("train_runtime"),
        **asdict(rates),
        "datasets": sorted(job.crops),
        "faces": dict(zip(train_set.names, train_set.sizes, strict=True)),
        "drawn": all(is_drawn(Path(raw).parent) for raw in train_set.raw_folders),
    }
    return {
        PROVENANCE: json.dumps(facts, indent=2) + "\n",
        CARD: model_card(model.config, facts, noisy_labels=job.noisy_labels),
    }


def _best_validation(state: Any) -> dict[str, float]:
    """Validation accuracies at the best step, "accuracy" and by "<data set>/<task>"."""
    for entry in state.log_history:
        if entry["step"] == state.best_global_step and "eval_accuracy" in entry:
            names = (name for name in entry if name == "eval_accuracy" or "/" in name)
            return {name.removeprefix("eval_"): entry[name] for name in names}
    return {}
