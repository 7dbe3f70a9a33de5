"""Of several answers to one question, the one that a model's own probabilities bear out best."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

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


def unfounded(
    text: str, question: Question | None, known: Collection[str], parser: AnswerParser
) -> list[str]:
    """Ids that a text speaks of although nothing is known of them, in the order of its words.

    A word that several data sets use ("White"), or that says several things ("young"), is founded
    if one of them is known, and so is a pronoun.

    Args:
        text: an answer.
        question: what was asked, for answers as short as "Yes."; None where it is no known one.
        known: ids of which something is known.
        parser: reads the answer.
    """
    said = parser.parse(text, question).labels
    loose: dict[str, None] = {}
    for statement in parser.statements(text):
        ids = [id_ for claim in statement.claims if not claim.weak for id_ in claim.ids]
        if statement.age is not None and statement.age.kind:
            ids += [id_ for id_ in parser.age_classes if said.get(id_)]
        if ids and not any(id_ in known for id_ in ids):
            loose[ids[0]] = None
    if question is not None and not any(id_ in known for id_ in question.about):
        loose |= dict.fromkeys(id_ for id_ in question.about if id_ in said)
    return list(loose)


def on_topic(labels: Collection[str], question: Question | None) -> bool:
    """Whether an answer that says something of `labels` speaks of what was asked.

    Args:
        labels: ids of which the answer settles something.
        question: what was asked; where it is no known one, anything will do.
    """
    return bool(labels) if question is None else not set(question.about).isdisjoint(labels)


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
    """Index of the answer that is borne out best; the first of those that are equal.

    First counts the share of statements that are likelier than not, then whether the answer speaks
    of what was asked (`on_topic`), then how likely its statements are (`support`).

    Args:
        candidates: answers to the same question about the same photograph, at least one.
        question: what was asked, for answers as short as "Yes."; None where it is no known one.
        probabilities: id to the model's own P for that photograph, of what it was taught; what is
            said of anything else counts as wrong.
        parser: reads the answers.
    """
    scores = []
    for text in candidates:
        labels = parser.parse(text, question).labels
        said = stated(labels, parser.vocabulary.groups)
        known = {id_: value for id_, value in said.items() if id_ in probabilities}
        loose = dict.fromkeys(unfounded(text, question, probabilities, parser), 0.0)
        borne_out = support(known | dict.fromkeys(loose, True), {**probabilities, **loose})
        scores.append((borne_out[0], on_topic(labels, question), borne_out[1]))
    return scores.index(max(scores))
