"""What replies to FaceXBench's questions choose, and their scores, as its own script has them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from faceinsight.answers.choices import Options
from faceinsight.answers.replies import corrections, spoken
from faceinsight.common.messages import aligned
from faceinsight.rivals.facexbench.questions import Question, letters

RIGHT, WRONG, REFUSED, UNREADABLE, UNASKED = "right", "wrong", "refused", "unreadable", "unasked"
OUTCOMES = (RIGHT, WRONG, REFUSED, UNREADABLE, UNASKED)
"""What becomes of a question; all but the first count as not right."""

_PARTS = ("category", "subcategory", "num_images")
_ALONE = re.compile(r"\b([A-Za-z])\b")

_REFUSAL = re.compile(
    r"\b(?:sorry|apologi[sz]e|cannot|can't|can’t|unable|not able|won't|won’t|decline|"
    r"as an ai|not (?:appropriate|possible))\b",
    re.IGNORECASE,
)


def option_letter(reply: str, options: Sequence[str]) -> str | None:
    """The letter that a reply chooses.

    The rule of FaceXBench's `aggregate_results.py`, so that scores can stand beside published ones:

    1. The first letter that stands alone, between anything but letters, digits and underscores, and
       is the capital letter of an option: "B", "(B)", "B.", "Option B", "The answer is B".
    2. Else the first option, in their order, whose text is found in the reply, capitals and all.

    Before, what is not the answer is taken off (reasoning, special tokens, role names, tags), a
    mere repetition of all options chooses none, and the last explicit answer counts: "ANSWER: A ...
    actually, ANSWER: B" chooses B.

    It errs where English does: "A man" chooses A, and with the options 3 and 13 the reply "13"
    chooses 3.

    Args:
        options: their texts, A first.

    Returns:
        A letter, or None where the reply chooses none.
    """
    known = letters(len(options))
    offered = Options(dict(zip(known, options, strict=True)))
    reply = offered.without_list(spoken(reply))
    for end in [*corrections(reply), reply]:
        if (letter := _option_letter(end, known, options)) is not None:
            return letter
    return None


def _option_letter(reply: str, known: Sequence[str], options: Sequence[str]) -> str | None:
    for letter in _ALONE.findall(reply):
        if letter in known:
            return letter
    text = reply.strip()
    for letter, option in zip(known, options, strict=True):
        if option.strip() in text:
            return letter
    return None


def is_refusal(reply: str) -> bool:
    """Whether a reply that chooses no option declines to answer, by the words it is put in."""
    return _REFUSAL.search(reply) is not None


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

    Returns:
        `overall`; `category`, `subcategory`, `num_images`, each name to one such entry: `n`, the
        number of each of `OUTCOMES`, and `accuracy` (a share; None without questions).
    """
    listed = [(question, outcome(question)) for question in questions]

    def by(part: str) -> dict[str, dict[str, Any]]:
        counts: dict[str, Counter[str]] = {}
        for question, found in listed:
            counts.setdefault(getattr(question, part), Counter())[found] += 1
        return {name: _entry(of) for name, of in counts.items()}

    overall = _entry(Counter(found for _, found in listed))
    return {"overall": overall} | {part: by(part) for part in _PARTS}


def _entry(counts: Counter[str]) -> dict[str, Any]:
    n = counts.total()
    of_outcomes = {name: counts[name] for name in OUTCOMES}
    return {"n": n, **of_outcomes, "accuracy": counts[RIGHT] / n if n else None}


def score_text(scores: dict[str, Any]) -> str:
    """Scores, from `score`, as lines of text, in per cent."""
    rows = []
    entries = {f"{part} {name}": e for part in _PARTS for name, e in scores[part].items()}
    for name, entry in ({"all": scores["overall"]} | entries).items():
        if entry["n"]:
            others = [f"{entry[kind]} {kind}" for kind in OUTCOMES[2:] if entry[kind]]
            counted = ", ".join([f"{entry[RIGHT]} of {entry['n']}", *others])
            rows.append([name, f"{100 * entry['accuracy']:6.2f}", f"({counted})"])
    return "\n".join(aligned(rows))
