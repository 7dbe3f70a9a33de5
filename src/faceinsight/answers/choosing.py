"""Of several answers to one question, the one that a model's own probabilities bear out best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question


def stated(labels: Mapping[str, bool], groups: Mapping[str, Sequence[str]]) -> dict[str, bool]:
    """Labels without those that only follow: who is in their thirties is of no other age.

    Args:
        labels: id to what is said of it.
        groups: ids of which exactly one holds.
    """
    implied = {
        id_
        for members in groups.values()
        if any(labels.get(member) for member in members)
        for id_ in members
        if not labels.get(id_)
    }
    return {id_: value for id_, value in labels.items() if id_ not in implied}


def support(labels: Mapping[str, bool], probabilities: Mapping[str, float]) -> tuple[float, float]:
    """How well probabilities bear out what an answer says.

    Args:
        labels: id to what is said of it.
        probabilities: id to P.

    Returns:
        The share of statements that are likelier than not, and the mean log-probability of all;
        the least there is where nothing is said.
    """
    said = [
        probabilities[id_] if present else 1 - probabilities[id_] for id_, present in labels.items()
    ]
    if not said:
        return 0.0, -math.inf
    likely = sum(p >= 0.5 for p in said)
    return likely / len(said), sum(math.log(max(p, 1e-9)) for p in said) / len(said)


def choose_answer(
    candidates: Sequence[str],
    question: Question | None,
    probabilities: Mapping[str, float],
    parser: AnswerParser,
) -> int:
    """Index of the answer that is borne out best (`support`); the first of those that are equal.

    Args:
        candidates: answers to the same question about the same photograph, at least one.
        question: what was asked, for answers as short as "Yes."; None where it is no known one.
        probabilities: id to the model's own P for that photograph; what is said of others does not
            count.
        parser: reads the answers.
    """
    scores = []
    for text in candidates:
        said = stated(parser.parse(text, question).labels, parser.vocabulary.groups)
        known = {id_: value for id_, value in said.items() if id_ in probabilities}
        scores.append(support(known, probabilities))
    return scores.index(max(scores))
