"""From a model's logits to probabilities and labels: what is handed out, and of what it was taught.

The search for labels that break no rule is `faceinsight.method.rules.decode`; here it is put to one
model, which says what it has learnt.
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING

import numpy as np

from faceinsight.answers import Lexicon, LexiconSettings
from faceinsight.errors import WeightsError

if TYPE_CHECKING:
    from faceinsight.method.rules.compiler import RuleSet
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


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Sigmoids of energies, float32."""
    return (1 / (1 + np.exp(-np.clip(logits, -80, 80)))).astype(np.float32)


def consistent_labels(model: FaceInsightModel, logits: np.ndarray) -> np.ndarray:
    """The most probable labels that break none of the model's rules.

    A characteristic that no data set of the training annotates says nothing: rules that tie it to
    others, as another data set's word for the same, must not carry what it was never taught. It
    is absent, unless the rules demand it of what was taught.

    Args:
        model: brings rules, and what it has learnt.
        logits: [N, K].

    Returns:
        bool [N, K].

    Raises:
        WeightsError: the model was saved without rules.
    """
    from faceinsight.method.rules.decode import decode

    return decode(np.where(taught(model), logits, _RATHER_ABSENT), rules_of(model))


def known_labels(model: FaceInsightModel, logits: np.ndarray) -> list[dict[str, bool]]:
    """For each of [N, K] rows the consistent labels by id, of what the model was taught.

    Of the rest there is nothing to say.
    """
    ids, known = model.vocabulary.ids, taught(model)
    rows = consistent_labels(model, logits).tolist()
    return [dict(compress(zip(ids, row, strict=True), known)) for row in rows]
