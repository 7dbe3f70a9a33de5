"""Scores of replies to FaceXBench's questions, as its own script counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from faceinsight.rivals.facexbench.questions import Question
from faceinsight.rivals.facexbench.replies import is_refusal, option_letter

RIGHT, WRONG, REFUSED, UNREADABLE, UNASKED = "right", "wrong", "refused", "unreadable", "unasked"
OUTCOMES = (RIGHT, WRONG, REFUSED, UNREADABLE, UNASKED)
"""What becomes of a question; all but the first count as not right."""


def outcome(question: Question) -> str:
    """One of `OUTCOMES`: a reply that chooses no option is refused or unreadable."""
    if question.reply is None:
        return UNASKED
    chosen = option_letter(question.reply, question.options)
    if chosen is None:
        return REFUSED if is_refusal(question.reply) else UNREADABLE
    return RIGHT if chosen == question.answer else WRONG


def score(questions: Iterable[Question]) -> dict[str, Any]:
    """Accuracy over all questions, by category, by task and by number of pictures.

    The rule of FaceXBench's `aggregate_results.py`: every question counts once, also one that was
    refused, could not be read or was never asked.

    Args:
        questions: with their replies.

    Returns:
        `overall`; `category`, `subcategory`, `num_images`, each name to one such entry: `n`, the
        number of each of `OUTCOMES`, and `accuracy` (a share; None without questions).
    """
    listed = [(question, outcome(question)) for question in questions]

    def by(key: Callable[[Question], str]) -> dict[str, dict[str, Any]]:
        names = dict.fromkeys(key(question) for question, _ in listed)
        return {
            name: _entry(Counter(found for question, found in listed if key(question) == name))
            for name in names
        }

    return {
        "overall": _entry(Counter(found for _, found in listed)),
        "category": by(lambda question: question.category),
        "subcategory": by(lambda question: question.subcategory),
        "num_images": by(lambda question: question.num_images),
    }


def _entry(counts: Counter[str]) -> dict[str, Any]:
    n = counts.total()
    return {
        "n": n,
        **{name: counts[name] for name in OUTCOMES},
        "accuracy": counts[RIGHT] / n if n else None,
    }


def score_text(scores: dict[str, Any]) -> str:
    """Scores as lines of text, in per cent.

    Args:
        scores: from `score`.
    """
    rows = [("all", scores["overall"])]
    for part in ("category", "subcategory", "num_images"):
        rows += [(f"{part} {name}", entry) for name, entry in scores[part].items()]
    width = max(len(name) for name, _ in rows)
    return "\n".join(
        f"{name.ljust(width)}  {100 * entry['accuracy']:6.2f}  ({entry[RIGHT]} of {entry['n']}"
        + "".join(
            f", {entry[kind]} {kind}" for kind in (REFUSED, UNREADABLE, UNASKED) if entry[kind]
        )
        + ")"
        for name, entry in rows
        if entry["n"]
    )
