"""Answers in the very form that a question asks for: yes or no, a letter, a list of given words.

Nothing is guessed here. An answer in any other form is left to a parser of sentences.
"""

from __future__ import annotations

import re

from faceinsight.answers.replies import corrections
from faceinsight.rivals.questions import YES, Question

_YES_OR_NO = re.compile(r"^\W*(yes|no)\s*(?:[.,;:!\n)*\"]|$)(?!\s*(?:and|or)\b)", re.IGNORECASE)
# A letter alone, or marked as one: "B", "(B)", "B. 3-9", "Option B", "The answer is B."; not the
# first word of "A woman" or "I think".
_LETTER = re.compile(
    r"^\W*(?:(?i:the\s+)?(?i:correct\s+)?(?i:answer|option)(?i:\s+is)?\W*)?"
    r"(?P<letter>[A-Z])(?:\s*$|\s*[.:)\]*\n](?P<rest>.*))",
    re.DOTALL,
)
_ANOTHER = re.compile(r"\b[A-Z]\s*(?:[.:)\]]|$)")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s*")


def read_closed(text: str, question: Question) -> dict[str, bool] | None:
    """Labels of the question's members, or None where the answer is not in its form.

    A letter with the word of another option contradicts itself, and is no answer either.
    """
    if question.kind == "each":
        said = _YES_OR_NO.match(text)
        return None if said is None else {question.members[0]: said[1].lower() == YES}
    if question.kind == "choice":
        chosen = _chosen(text, question)
        return None if chosen is None else {m: m == chosen for m in question.members}
    return _listed(text, question)


def goes_on(text: str, question: Question) -> bool:
    """Whether more follows a first answer, which may take it back or speak of something else.

    "No, the person does not wear a mustache" is no answer to whether there are glasses.
    """
    if question.kind == "each":
        return _plain(text).strip(".!,;:") not in question.options
    return question.kind == "choice" and bool(corrections(text))


def _chosen(text: str, question: Question) -> str | None:
    by_word = {_plain(word): m for word, m in zip(question.words, question.members, strict=True)}
    if (by_itself := by_word.get(_plain(text))) is not None:
        return by_itself
    said = _LETTER.match(text)
    if said is None or said["letter"] not in question.options:
        return None
    chosen = question.members[question.options.index(said["letter"])]
    rest = said["rest"] or ""
    if by_word.get(_plain(rest), chosen) != chosen or _ANOTHER.search(rest):
        return None
    return chosen


def _listed(text: str, question: Question) -> dict[str, bool] | None:
    by_word = {_plain(word): m for word, m in zip(question.words, question.members, strict=True)}
    items = [_BULLET.sub("", item) for line in text.splitlines() for item in line.split(",")]
    named = [_plain(item) for item in items if _plain(item)]
    if not named or not set(named) <= set(by_word):
        return None
    present = {by_word[name] for name in named}
    return {m: m in present for m in question.members}


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").strip(" \t\n.*\"'").lower().split())
