"""From a model's logits to probabilities and labels: what is handed out, and of what it was taught.

Each model names its readout. `independent`: a sigmoid each, and the most probable labels that break
no rule (`faceinsight.method.rules.decode`). `coherent`: marginals and labels of a distribution over
labels that break none (`faceinsight.method.coherent`), at the model's temperatures.
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING

import numpy as np

from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.settings import LexiconSettings
from faceinsight.errors import WeightsError

if TYPE_CHECKING:
    from faceinsight.method.characteristics import Vocabulary
    from faceinsight.method.coherent import CoherentLayer
    from faceinsight.method.rules.compiler import RuleSet
    from faceinsight.model.calibration import Calibration
    from faceinsight.model.configuration import FaceInsightConfig
    from faceinsight.model.modeling import FaceInsightModel

_RATHER_ABSENT = -1e-6
"""Log-odds of what was never taught: more than rounding, less than any answer weighs."""


def rules_of(model: FaceInsightModel) -> RuleSet:
    """The rules that a model's labels must not break.

    Raises:
        WeightsError: it was saved without any.
    """
    if model.ruleset is None:
        raise WeightsError("the model holds no rules.json: labels cannot be made consistent")
    return model.ruleset


def lexicon_of(model: FaceInsightModel) -> Lexicon:
    """The words in which a model answers; empty where it was saved without any."""
    return model.lexicon or Lexicon(LexiconSettings(), model.vocabulary)


def taught(model: FaceInsightModel) -> np.ndarray:
    """Which characteristics a data set of the training annotates, bool [K].

    All of them for a model that does not say what it has learnt.
    """
    ids = model.vocabulary.ids
    return np.isin(ids, model.config.learnt or ids)


def handed_out(model: FaceInsightModel, sensitive: bool) -> np.ndarray:
    """The characteristics of which something is said, bool [K]: those that were taught.

    Args:
        model: brings its vocabulary.
        sensitive: whether what the vocabulary calls sensitive is among them.
    """
    vocabulary = model.vocabulary
    said = taught(model)
    return said if sensitive else said & ~np.isin(vocabulary.ids, vocabulary.sensitive)


def coherent_layer(
    config: FaceInsightConfig, vocabulary: Vocabulary, ruleset: RuleSet
) -> CoherentLayer:
    """The layer of a model, with its noise and temperatures, over what it was taught.

    Raises:
        RuleError: the labels that break no rule are too many to list.
    """
    from faceinsight.method.coherent import CoherentLayer, Noise

    rates = None if config.noise is None else {n: tuple(of) for n, of in config.noise.items()}
    noise = None if rates is None else Noise(**rates)
    learnt = config.learnt or None
    layer = CoherentLayer.from_rules(ruleset, vocabulary.groups, learnt, noise)
    if config.calibration is not None:
        layer.temperatures = config.calibration["temperatures"]
    return layer


def calibration_of(model: FaceInsightModel) -> Calibration | None:
    """What says how sure the model may be; None where nothing was fitted."""
    from faceinsight.model.calibration import Calibration

    found = model.config.calibration
    return None if found is None else Calibration(**found)


def probabilities(model: FaceInsightModel, logits: np.ndarray) -> np.ndarray:
    """P of each characteristic, float32 [N, K], of energies [N, K].

    With an independent readout a sigmoid; with a coherent one its marginal, and NaN for what was
    not taught.
    """
    if model.config.readout == "independent":
        return sigmoid(logits)
    # Sums of rounded terms may be a little more than 1.
    return _asked(model, "marginals", logits).astype(np.float32).clip(0, 1)


def log_odds(model: FaceInsightModel, logits: np.ndarray) -> np.ndarray:
    """log P / (1 - P) of the probabilities that are handed out, float64 [N, K], of energies.

    With an independent readout the energies themselves. Beyond 1e-12 and 1 - 1e-12 a marginal
    counts as that; NaN for what a coherent model was not taught.
    """
    if model.config.readout == "independent":
        return logits.astype(np.float64)
    p = _asked(model, "marginals", logits.astype(np.float64)).clip(1e-12, 1 - 1e-12)
    return np.log(p) - np.log1p(-p)


def answers(model: FaceInsightModel, logits: np.ndarray) -> np.ndarray:
    """What a model says before anything is decoded, bool [N, K].

    With an independent readout what has a P of 0.5 or more; a coherent one needs no decoding.
    """
    return (
        logits >= 0 if model.config.readout == "independent" else consistent_labels(model, logits)
    )


def _asked(model: FaceInsightModel, method: str, logits: np.ndarray) -> np.ndarray:
    import torch

    if model.coherent is None:
        raise WeightsError("the model holds no rules.json, and hands out what they decide")
    return getattr(model.coherent, method)(torch.from_numpy(logits)).numpy()


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)) in float32, without overflow."""
    return (1 / (1 + np.exp(-np.clip(logits, -80, 80)))).astype(np.float32)


def consistent_labels(model: FaceInsightModel, logits: np.ndarray) -> np.ndarray:
    """Labels that break none of the model's rules, by its readout.

    With a coherent readout those of which most are expected to be right, with an independent one
    the most probable ones.

    A characteristic that no data set of the training annotates says nothing: rules that tie it to
    others, as another data set's word for the same, must not carry what it was never taught. It
    is absent, unless the rules demand it of what was taught; with a coherent readout even where
    they demand one of several such, as an age of a model that was taught none.

    Args:
        model: brings rules, and what it has learnt.
        logits: [N, K].

    Returns:
        bool [N, K].

    Raises:
        WeightsError: the model was saved without rules.
    """
    if model.config.readout == "coherent":
        return _asked(model, "labels", logits) == 1
    from faceinsight.method.rules.decode import decode

    return decode(np.where(taught(model), logits, _RATHER_ABSENT), rules_of(model))


def known_labels(model: FaceInsightModel, logits: np.ndarray) -> list[dict[str, bool]]:
    """For each of [N, K] rows the consistent labels by id, of what the model was taught.

    Of the rest there is nothing to say.
    """
    ids, known = model.vocabulary.ids, taught(model)
    rows = consistent_labels(model, logits).tolist()
    return [dict(compress(zip(ids, row, strict=True), known)) for row in rows]
