"""Multiple choice: which of the options an answer picks by its letter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_LABELLED = re.compile(r"^\s*\(?([A-Za-z])[).:]\s+(?=\S)")
_WHOLE = re.compile(r"\W{0,20}([A-Za-z])\W{0,20}")
_LEADING = re.compile(
    r"\W{0,20}(?:\(([A-Za-z])\)|([A-Za-z])\)|([A-Z])(?:[.:]| [-–—]|,(?! ?(?:or )?[A-Z]\b)))(?=\W|$)"
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
    r"(?:\(([A-Za-z])\)|\b([A-Z])\b(?![ ]+[a-z]))",
    re.IGNORECASE,
)
_PRAISED = re.compile(
    r"(?<!\w)\(?([A-Z])\)?(?:[.:][^.\n]{0,80})? (?:is|would be|seems|appears|looks)"
    r" (?:the )?(?:most |best )?(?:right|correct|accurate|best|likely|answer|option|choice)\b"
    r"|(?<!\bor)(?<!\bnor)(?<!\band)(?<!\bnot)(?<!n't)(?<!\bnever)(?<!ould be)(?<!might be)"
    r"(?<!may be)(?<!than)(?<![/|])\s+\(?([A-Z])\)?\W*\Z"
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
        if (whole := _WHOLE.fullmatch(answer[:_MOST])) and whole[1].upper() in self.texts:
            return [whole[1].upper()]
        for part in (answer[-_MOST:], answer[:_MOST]):
            announced = [next(filter(None, found.groups())) for found in _ANNOUNCED.finditer(part)]
            known = [letter.upper() for letter in announced if letter.upper() in self.texts]
            if known:
                return known[-1:]
        if reasoned := _REASONED.search(answer[:_MOST]):
            return [reasoned[1]] if reasoned[1] in self.texts else []
        judged = {m[1].upper(): m[2] for m in _JUDGED.finditer(answer[:_MOST])}
        if judged.keys() & self.texts.keys():
            return [letter for letter, right in judged.items() if right and letter in self.texts]
        praised = [found[1] or found[2] for found in _PRAISED.finditer(answer[-_MOST:])]
        if praised and praised[-1] in self.texts:
            return praised[-1:]
        found = _LEADING.match(answer)
        letter = next((g.upper() for g in found.groups() if g), "") if found else ""
        if letter in self.texts:
            return [letter]
        bracketed = [m[1].upper() for m in _BRACKETED.finditer(answer[:_MOST])]
        return [letter for letter in dict.fromkeys(bracketed) if letter in self.texts][:1]

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
