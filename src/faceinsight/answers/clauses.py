"""A text as clauses: stretches of words within which a negation or a doubt can reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from faceinsight.answers import grammar
from faceinsight.answers.grammar import Marked, Rules
from faceinsight.answers.negation import excepts
from faceinsight.answers.words import BLANK, BULLET, DASH, NEWLINE, Words

_SENTENCE_ENDS = frozenset((".", "?", "!", ";", NEWLINE, BLANK, BULLET))
_ENDS = _SENTENCE_ENDS | frozenset("()[]{}")
_KEY = 8
_YES_OR_NO = grammar.YES | grammar.NO
_CUTS = Rules("cuts")
_JOINTS = frozenset({",", "and", "so", "because"})

_LONGEST = 500
"""A longer clause is cut: nothing reaches that far, and the work stays linear."""


@dataclass(frozen=True)
class Clause:
    """Words `first` up to `end` of a text.

    Attributes:
        first: its first word.
        end: the word after its last.
        value: for "key: value" the first word of the value, else `first`.
        asked: whether it is part of a question.
        sentence: number of the sentence that it belongs to.
        listed: whether it is an item of a list.
        opens: whether it is a heading of what follows ("Hair:").
        after_blank: whether a blank line stands before it, or a bracket has closed.
    """

    first: int
    end: int
    value: int
    asked: bool
    sentence: int
    listed: bool
    opens: bool
    after_blank: bool


def clauses(words: Words) -> Iterator[Clause]:
    """The clauses of a text, in order; each word is looked at a bounded number of times."""
    _open_brackets(words.words)
    start, listed, blank, sentence = 0, False, True, 0
    questions = _questions(words)
    for place in range(len(words) + 1):
        ended = place == len(words) or words.words[place] in _ENDS
        if not ended:
            continue
        mark = words.words[place] if place < len(words) else ""
        asked = bool(questions) and questions[sentence]
        for first, end in _parts(words.words, start, place):
            yield _clause(words.words, first, end, asked, sentence, listed, blank)
            blank = False
        sentence += mark in _SENTENCE_ENDS
        listed = mark == BULLET or (listed and mark not in (NEWLINE, BLANK))
        blank = blank or mark in (BLANK, "}", "]")
        start = place + 1


def _open_brackets(words: list[str]) -> None:
    """ "Bald (no)" is a key and its value."""
    for place, word in enumerate(words[:-2]):
        if word in ("(", "[") and words[place + 1] in _YES_OR_NO and words[place + 2] in (")", "]"):
            words[place], words[place + 2] = ":", ";"


def _questions(words: Words) -> list[bool]:
    """Whether each sentence ends in a question mark, in the order in which `clauses` counts."""
    marks = [(place, word) for place, word in enumerate(words.words) if word in _SENTENCE_ENDS]
    return [word == "?" and not _tagged(words.words[:place]) for place, word in marks] + [False]


def _tagged(words: list[str]) -> bool:
    """Whether a question mark only asks for assent: "She is smiling, isn't she?"."""
    *_, comma, verb, who = ["", "", "", *(word for word in words[-4:] if word != "not")]
    return comma == "," and verb in grammar.FINITE and who in grammar.PRONOUNS


def _parts(words: list[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut at words such as "but", and where a comma or "and" begins a clause of its own."""
    clause = Marked(words[start:end])
    first, has_verb = start, False
    excepting = excepts(clause.words)
    for place in range(start, end):
        word = words[place]
        cut = False
        if word in grammar.BREAKS or (word in _JOINTS and not excepting):
            found = _CUTS.all_at(clause, place - start)
            rule = next((f.rule for f in found if has_verb or not f.rule.get("verbs")), None)
            cut = rule is not None and not rule.get("open")
        if cut or place - first == _LONGEST:
            if place > first:
                yield first, place
            first, has_verb = place + cut, False
        elif word in grammar.FINITE:
            has_verb, excepting = True, False
    if end > first:
        yield first, end


def _clause(
    words: list[str],
    first: int,
    end: int,
    asked: bool,
    sentence: int,
    listed: bool,
    blank: bool,
) -> Clause:
    row = first < end and words[first] == ":"
    while first < end and words[first] in (":", ",", DASH):
        first += 1
    last = end
    while last > first and words[last - 1] in (",", DASH):
        last -= 1
    opens = last > first and words[last - 1] == ":" and not row
    while last > first and words[last - 1] == ":":
        last -= 1
    value = first
    for place in range(first + 1, min(first + _KEY, last)):
        if words[place] == ":" or (words[place] == DASH and words[place + 1] in _YES_OR_NO):
            # "is_wearing_glasses: no" has its verb in the key.
            alone = place + 2 == last and words[place + 1] in _YES_OR_NO
            value = place + 1 if alone or not _has_verb(words, first, place) else first
            break
    return Clause(first, last, value, asked, sentence, listed, opens, blank)


def _has_verb(words: list[str], first: int, end: int) -> bool:
    """Whether there is a verb before a colon, which then is not that of a key and its value."""
    return any(word in grammar.FINITE and word in grammar.COPULAS for word in words[first:end])
