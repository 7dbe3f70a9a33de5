"""Text as words: lower case, one spelling, singular, with the punctuation that carries meaning.

Every step is linear in the text's length, and no text raises an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from faceinsight.answers.grammar import TABLE, UNCHANGED, WITH_IS

BULLET, BLANK, NEWLINE, DASH = "•", "¶", "\n", "–"

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-") | {"’": "'", "‘": "'", "`": "'", "＇": "'"})

_TOKEN = re.compile(
    r"""
    (?P<bullet> ^[ \t]*(?:[-*+•]|(?:1?\d|20)[.)])(?=[ \t]+\S) )
  | (?P<decade> \d\d'?[sS](?![^\W_]) )
  | (?P<number> \d+(?:\.\d+)? )
  | (?P<word> [^\W\d_]+(?:'[^\W\d_]+)* )
  | (?P<line> \n )
  | (?P<range> (?<=\d)[ \t]?-{1,2}[ \t]?(?=\d) )
  | (?P<dash> (?<=\s)-{1,3}(?=\s) | --+ )
  | (?P<sign> [.?!;,:()\[\]{}|/+%&=→✓✔✅✗✘❌] )
    """,
    re.VERBOSE | re.MULTILINE,
)

_SIGNS = {
    "&": "and",
    "=": ":",
    "|": ":",  # a table's row is a key and its value
    "→": ":",
    **dict.fromkeys("✓✔✅", "yes"),
    **dict.fromkeys("✗✘❌", "no"),
}


@dataclass
class Words:
    """The words of a text.

    Attributes:
        text: the text.
        words: normal forms, by which phrases are found.
        raw: lower-case forms as written.
        starts: place in the text where each begins.
        ends: and ends.
        first: number of the first of them in the text; 0 unless they are a part of its words.
    """

    text: str
    words: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    first: int = 0

    def __len__(self) -> int:
        return len(self.words)

    def part(self, first: int, end: int) -> Words:
        """Words `first` up to `end`, counted from the first of these."""
        of = slice(first, end)
        lists = self.words[of], self.raw[of], self.starts[of], self.ends[of]
        return Words(self.text, *lists, self.first + first)

    def excerpt(self, first: int, end: int, most: int = 160) -> str:
        """The text from word `first` up to word `end`, on one line and cut at `most`."""
        start = self.starts[first]
        shown = " ".join(self.text[start : min(self.ends[end - 1], start + most + 1)].split())
        return f"{shown[:most]}..." if len(shown) > most else shown


class Normaliser:
    """Takes texts apart.

    Args:
        variants: other spellings of a word or of several, e.g. grey: gray.
    """

    def __init__(self, variants: Mapping[str, str]) -> None:
        self._variants = {word.lower(): form.lower().split() for word, form in variants.items()}

    def __call__(self, text: str) -> Words:
        """Words and punctuation of a text, in order."""
        plain = text.translate(_DASHES)  # one character for one: places stay the same
        found = Words(text)
        for match in _TOKEN.finditer(plain):
            written = match[0].lower()
            for word in filter(None, self._forms(match.lastgroup or "", written, found)):
                found.words.append(word)
                found.raw.append(written)
                found.starts.append(match.start())
                found.ends.append(match.end())
        return found

    def phrase(self, text: str) -> tuple[str, ...]:
        """Normal forms of a phrase of the lexicon."""
        return tuple(self(text).words)

    def _forms(self, kind: str, written: str, before: Words) -> tuple[str, ...] | list[str]:
        if kind == "word":
            return self._word(written)
        if kind == "line":
            if before.words and before.words[-1] == NEWLINE:
                before.words[-1] = BLANK
            return () if before.words and before.words[-1] == BLANK else (NEWLINE,)
        if kind == "sign":
            return (_SIGNS.get(written, written),)
        if kind == "decade":
            return (written.replace("'", ""),)
        return ({"bullet": BULLET, "range": "-", "dash": DASH}.get(kind, written),)

    def _word(self, written: str) -> tuple[str, ...] | list[str]:
        if (known := self._variants.get(written)) is not None:
            return known
        if (parts := TABLE["contractions"].get(written)) is not None:
            return parts.split()
        if "'" in written:
            if written.endswith("n't"):
                return (written[:-3], "not")
            stem, _, _ = written.rpartition("'")
            ending = written[len(stem) :]
            if ending in TABLE["endings"]:
                return (stem, TABLE["endings"][ending])
            if ending == "'s":
                return (stem, "is") if stem in WITH_IS else self._variants.get(stem, [stem])
        form = singular(written)
        return self._variants.get(form) or (form,)


def singular(word: str) -> str:
    """A noun's singular or a verb's plain form; what is changed amiss is so everywhere alike."""
    if len(word) < 4 or word[-1] != "s" or word in UNCHANGED or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1]
