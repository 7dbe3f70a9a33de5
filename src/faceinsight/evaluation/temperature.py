"""Temperature scaling: one number that makes probabilities as sure as they are right.

P' = sigmoid(logit(P) / T), with T fitted on validation predictions and never on test ones (Guo et
al. 2017, for yes/no probabilities). T above 1 makes a model less sure, below 1 surer. Since the
order of probabilities stays, and which side of 0.5 they lie on, no answer at threshold 0.5 and no
class with the highest P changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from faceinsight.errors import ParameterError
from faceinsight.evaluation.scored import Scored
from faceinsight.evaluation.settings import TemperatureSettings
from faceinsight.method.characteristics import Vocabulary

LARGEST = 100.0
"""T is sought from 1 / LARGEST to LARGEST."""

_CLIP = 1e-7
"""Probabilities this near 0 or 1 are taken back a little: float32 knows no more there."""


@dataclass(frozen=True)
class Temperature:
    """A fitted temperature.

    Attributes:
        value: T.
        n: known labels that it was fitted on; with none T is 1.
        loss_before: mean cross-entropy of these labels at T = 1, None without labels.
        loss_after: the same at T.
        at_limit: the best T lies beyond the range in which it is sought, as where every label is
            predicted right, so that any surer is better.
    """

    value: float
    n: int
    loss_before: float | None
    loss_after: float | None
    at_limit: bool = False


def log_odds(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """logit(P), finite also where P is 0 or 1."""
    p = np.clip(probabilities.astype(np.float64), _CLIP, 1 - _CLIP)
    return np.log(p) - np.log1p(-p)


def scaled(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float32]:
    """sigmoid(logit(P) / T), of any shape."""
    return np.asarray(expit(log_odds(probabilities) / temperature), np.float32)


def cross_entropy(logits: NDArray[np.float64], labels: NDArray[np.bool_], beta: float) -> float:
    """Mean of -log P' over the labels, with P' = sigmoid(beta z) the probability of each."""
    return float(np.logaddexp(0, np.where(labels, -beta, beta) * logits).mean())


def fit_temperature(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer]
) -> Temperature:
    """Fit T by maximum likelihood.

    The cross-entropy is convex in 1 / T, so where its derivative, the mean of
    (sigmoid(z / T) - y) z, crosses zero is the only optimum.

    Args:
        probabilities: of any shape.
        labels: of the same shape; 1, 0, and -1 for unknown, which is left out.
    """
    known = labels >= 0
    if not known.any():
        return Temperature(1.0, 0, None, None)
    logits, present = log_odds(probabilities[known]), labels[known] == 1

    def slope(beta: float) -> float:
        return float(((expit(beta * logits) - present) * logits).mean())

    low, high = 1 / LARGEST, LARGEST
    at_limit = True
    if slope(low) >= 0:
        beta = low
    elif slope(high) <= 0:
        beta = high
    else:
        beta, at_limit = float(brentq(slope, low, high, xtol=1e-10)), False
    return Temperature(
        value=1 / beta,
        n=int(known.sum()),
        loss_before=cross_entropy(logits, present, 1.0),
        loss_after=cross_entropy(logits, present, beta),
        at_limit=at_limit,
    )


@dataclass(frozen=True)
class Temperatures:
    """The temperatures of one model.

    Attributes:
        model: fitted on all known labels.
        tasks: (data set, task) to the one fitted on its labels alone; empty if not asked for.
    """

    model: Temperature
    tasks: Mapping[tuple[str, str], Temperature]


def fit_temperatures(
    validation: pd.DataFrame, vocabulary: Vocabulary, settings: TemperatureSettings | None = None
) -> Temperatures:
    """Fit temperatures on a model's validation predictions.

    Args:
        validation: as `evaluate` takes them, with a column `split` that is `val` throughout.
        vocabulary: the characteristics and tasks.
        settings: whether tasks have temperatures of their own.

    Raises:
        ParameterError: the predictions are not of this form, or not of the validation part.
    """
    if "split" not in validation or not (validation["split"] == "val").all():
        raise ParameterError(
            "temperatures are fitted on predictions of the val part alone: predict it with "
            "prediction.split=val"
        )
    settings = settings or TemperatureSettings()
    scored = Scored.from_frame(validation, vocabulary)
    tasks = {}
    if settings.per_task:
        for dataset, rows in scored.rows.items():
            for task in vocabulary.tasks(dataset):
                columns = [vocabulary.index[m] for m in task.members]
                tasks[dataset, task.name] = fit_temperature(
                    scored.probabilities[rows][:, columns], scored.labels[rows][:, columns]
                )
    return Temperatures(fit_temperature(scored.probabilities, scored.labels), tasks)
