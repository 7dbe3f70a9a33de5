"""Multiple choice: which of the options an answer picks by its letter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_LABELLED = re.compile(r"^\s*\(?([A-Za-z])[).:]\s+(?=\S)")
_WHOLE = re.compile(r"\W{0,20}([A-Za-z])\W{0,20}")
_SEVERAL = re.compile(
    r"(?:[\W\d]|\b(?i:and|or|both|either|maybe|perhaps|possibly|then|options?)\b|\b[A-Z]\b)*"
)
_LEADING = re.compile(
    r"\A\W{0,20}(?:\(([A-Za-z])\)|([A-Za-z])\)"
    r"|([A-Z])(?:[.:]| [-–—]|,(?! ?(?:or )?[A-Z]\b)))(?=\W|$)"
)
_REASON = (
    r"(?:because|since|due to|owing to|given (?:the|his|her|that)|based on|judging|rather than|over"
    r"|as (?:he|she|the|they|it|there)|for (?:the|these|sure)|not|i think)\b"
)
# "A because of the beard", where "A" is no article.
_REASONED = re.compile(
    rf"(?:\A\W{{0,20}}|\b(?i:is|it's|that's|be|think|option|probably|likely)\W+)([A-Z])"
    rf"[,;–—-]? +(?i:{_REASON})"
)
# Options with a verdict each: "A: no, B: yes".
_JUDGED = re.compile(
    r"(?<![^\s,;{(\"'])\(?([A-Z])[).:\"'][^\n,;A-Z]{0,3}(?:[A-Z][^\n,;]{0,60}?)??"
    r"\b(?:(yes|true|correct|right)|no|false|incorrect|wrong)\b(?=\W*(?:[\n,;}]|\Z))",
    re.IGNORECASE,
)
_ANNOUNCED = re.compile(
    r"\b(?:answer|option|choice|choose|select|pick|go with|go for|say)\b[^A-Za-z0-9]{0,8}"
    r"(?:(?:is|are|be|would be|option|letter)\b[^A-Za-z0-9]{0,8}){0,3}"
    r"(?:\(([A-Za-z])\)|\b([A-Z])\b(?![ ]+[a-z]| ?[,/&|;+] ?[A-Z]\b))",
    re.IGNORECASE,
)
_PRAISED = re.compile(
    r"(?<!\w)\(?([A-Z])\)?(?:[.:][^.\n]{0,80})? (?:is|would be|seems|appears|looks)"
    r" (?:the )?(?:most |best )?(?:right|correct|accurate|best|likely|answer|option|choice)\b"
)
_ALONE = re.compile(r"\b([A-Z])\b")
_LINE = re.compile(r"^\W{0,20}([A-Z])\W{0,20}$", re.MULTILINE)
_LAST = re.compile(
    r"(?<!\bor)(?<!\bnor)(?<!\band)(?<!\bnot)(?<!n't)(?<!\bnever)(?<!ould be)(?<!might be)"
    r"(?<!may be)(?<!than)(?<![/|])(?<!\b[A-Z],)\s+\(?([A-Z])\)?\W*\Z"
)
_BRACKETED = re.compile(r"\(([A-Za-z])\)")
_MOST = 2_000
"""A choice is made near the beginning or the end of an answer; no more is searched."""


@dataclass(frozen=True)
class Options:
    """Options by letter.

    Attributes:
        texts: letter (A, B, ...) to text.
    """

    texts: Mapping[str, str]

    @classmethod
    def of(cls, options: Sequence[str] | Mapping[str, str]) -> Options:
        """Options in order, or by letter; a text may bear its letter itself ("A. Male")."""
        if isinstance(options, Mapping):
            return cls({str(letter).strip("().: ").upper(): t for letter, t in options.items()})
        texts = {}
        for number, text in enumerate(options):
            label = _LABELLED.match(text)
            letter = label[1].upper() if label else chr(ord("A") + number % 26)
            texts[letter] = text[label.end() :] if label else text
        return cls(texts)

    def chosen(self, answer: str) -> list[str]:
        """Letters of the options that an answer picks by letter; none if it picks none so."""
        head, tail = answer[:_MOST], answer[-_MOST:]
        if (whole := _WHOLE.fullmatch(head)) and self._known(whole):
            return self._known(whole)
        # "A", "B" below each other, "A, B" and "Option A or option B" choose neither.
        if _SEVERAL.fullmatch(head) and len({*self._letters(_ALONE, head)}) > 1:
            return []
        if explicit := (
            self._letters(_ANNOUNCED, tail)[-1:]
            or self._letters(_ANNOUNCED, head)[-1:]
            or self._letters(_REASONED, head)[:1]
        ):
            return explicit
        judged = {m[1].upper(): m[2] for m in _JUDGED.finditer(head)}
        if judged.keys() & self.texts.keys():
            return [letter for letter, right in judged.items() if right and letter in self.texts]
        if praised := self._letters(_PRAISED, tail)[-1:]:
            return praised
        # "A", and why below it.
        if lines := list(dict.fromkeys(self._letters(_LINE, head))):
            return lines if len(lines) == 1 else []
        return (
            self._letters(_LAST, tail)[-1:]
            or self._letters(_LEADING, head)[:1]
            or self._letters(_BRACKETED, head)[:1]
        )

    def _letters(self, pattern: re.Pattern[str], text: str) -> list[str]:
        """Letters of options that the matches of a pattern enclose, in their order."""
        return [letter for found in pattern.finditer(text) for letter in self._known(found)]

    def _known(self, found: re.Match[str]) -> list[str]:
        letter = next(filter(None, found.groups()), "").upper()
        return [letter] if letter in self.texts else []

    def without_list(self, answer: str) -> str:
        """An answer without a list of all options in their order, which chooses none of them."""
        if len(self.texts) < 2:
            return answer
        each = (
            rf"\(?{re.escape(letter)}[).:]\s*{re.escape(text.strip())}"
            for letter, text in self.texts.items()
        )
        listed = r"[\s/,;|•*-]{1,10}(?:or\s+)?".join(each)
        return re.sub(rf"(?<!\w){listed}(?!\w)[.?]?", " ", answer, flags=re.IGNORECASE).strip()

    def repeated_by(self, answer: str) -> bool:
        """Whether an answer repeats the options, and so mentions what it does not claim."""
        lower = answer[:_MOST].lower()
        return len(self.texts) > 1 and all(
            re.search(rf"(?<!\w){re.escape(text.strip().lower())}(?!\w)", lower)
            for text in self.texts.values()
        )
