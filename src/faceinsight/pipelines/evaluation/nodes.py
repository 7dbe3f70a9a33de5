"""Nodes: a trained model to predictions and metrics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.evaluation.settings import EvaluationSettings, FairnessSettings
from faceinsight.inference.settings import PredictionSettings
from faceinsight.method.characteristics import Vocabulary

if TYPE_CHECKING:
    from pandas import DataFrame

    from faceinsight.inference.faceinsight import FaceInsight
    from faceinsight.method.rules.compiler import RuleSet
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = RuleSet = Any


def score_faces(model: Path, prediction: PredictionSettings, **crops: Path) -> DataFrame:
    """Probabilities and consistent labels of every test face."""
    from faceinsight.inference.split_scores import predict

    return predict(_loaded(model, prediction), crops, prediction)


def measure_order(
    model: Path, prediction: PredictionSettings, **crops: Path
) -> dict[str, float | int]:
    """How much answers depend on the order in which the characteristics stand."""
    from faceinsight.inference.split_scores import order_effect

    return order_effect(_loaded(model, prediction), crops, prediction)


def measure_answers(
    model: Path,
    prediction: PredictionSettings,
    evaluation: EvaluationSettings,
    **crops: Path,
) -> dict[str, Any]:
    """How far answers in words agree with probabilities; empty for a model that learnt none."""
    from faceinsight.evaluation.agreement import measure_agreement

    return measure_agreement(
        _loaded(model, prediction), crops, evaluation.answers, split=prediction.split
    )


def measure_prevalence(
    vocabulary: Vocabulary, **examples: DataFrame
) -> dict[str, dict[str, float | None]]:
    """Share of training faces that have each characteristic, by data set: what knows no picture."""
    from faceinsight.method.labels import label_matrix

    shares = {}
    for dataset, table in examples.items():
        labels = label_matrix(table[table["split"] == "train"], vocabulary)
        known = (labels >= 0).sum(axis=0)
        present = (labels == 1).sum(axis=0)
        shares[dataset] = {
            id_: float(p / n) if n else None
            for id_, p, n in zip(vocabulary.ids, present, known, strict=True)
        }
    return shares


def measure_model(
    predictions: DataFrame,
    model: Path,
    prevalence: dict[str, dict[str, float | None]],
    vocabulary: Vocabulary,
    rule_set: RuleSet,
    evaluation: EvaluationSettings,
    fairness: FairnessSettings,
) -> dict[str, Any]:
    """Every metric with its interval, beside what predicting prevalence would score."""
    from faceinsight.evaluation.coverage import measure_coverage
    from faceinsight.evaluation.evaluate import evaluate

    metrics = evaluate(predictions, vocabulary, rule_set, prevalence, evaluation)
    # Which model these are the metrics of, whatever newer one stands beside it.
    metrics["model"] = json.loads((model / "provenance.json").read_text(encoding="utf-8"))
    calibration = json.loads((model / "config.json").read_text(encoding="utf-8")).get("calibration")
    metrics["coverage"] = calibration and measure_coverage(
        predictions, vocabulary, calibration["level"], evaluation, fairness
    )
    return metrics


def write_card(model: Path, metrics: dict[str, Any], noisy_labels: dict[str, str]) -> str:
    """The model's card with what was measured on test faces, to be published with it."""
    from faceinsight.model.card import model_card
    from faceinsight.model.configuration import FaceInsightConfig

    config = FaceInsightConfig.from_pretrained(model)
    return model_card(config, metrics["model"], metrics, noisy_labels)


def _loaded(model: Path, prediction: PredictionSettings) -> FaceInsight:
    from faceinsight.inference.loading import loaded

    return loaded(model, device=prediction.device, batch_size=prediction.batch_size)
