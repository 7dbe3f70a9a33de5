"""What a reply to a multiple-choice question says, as FaceXBench's own script reads it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from faceinsight.answers.choices import Options
from faceinsight.answers.replies import corrections, spoken
from faceinsight.rivals.facexbench.questions import letters

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
        reply: what was answered.
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
