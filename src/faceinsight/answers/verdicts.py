"""A yes or a no by itself, at the beginning of an answer: "No", "Of course not.", "He does."."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from faceinsight.answers import grammar
from faceinsight.answers.grammar import TABLE
from faceinsight.answers.words import BLANK, NEWLINE, Normaliser

_LONGEST = 40
"""A yes or a no takes no more words; no more are looked at."""


@dataclass(frozen=True)
class Verdict:
    """What an answer says before it names anything.

    Attributes:
        yes: whether it is a yes; None where it is both.
        words: how many words it takes.
    """

    yes: bool | None
    words: int


def verdict(words: Sequence[str], opens: bool) -> Verdict | None:
    """The yes or no that words begin with, if they do.

    Args:
        words: in normal form, from the beginning of a clause on; no more than 40 are looked at.
        opens: whether nothing is said before; else only the words yes and no themselves count,
            since "He does not." may be about anything.
    """
    text = "".join(f"{BLANK if word == NEWLINE else word} " for word in words[:_LONGEST])
    text += "$ " if len(words) <= _LONGEST else ""
    for pattern, yes in _ALWAYS + _FIRST if opens else _ALWAYS:
        if found := pattern.match(text):
            return Verdict(yes, found[0].count(" "))
    return None


def _idioms(of: str) -> str:
    """One of the phrases of the table that mean this by themselves."""
    normal = (" ".join(Normaliser({})(phrase).words) for phrase in TABLE["idioms"][of])
    return _any(list(normal))


def _any(words: Collection[str]) -> str:
    """One of these words."""
    return f"(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))}) "


# Each pattern is one over words with a blank after each; "$" stands after the last. Repetitions are
# possessive, so that the work stays in proportion to the words.
_END, _FULL_STOP = r"(?=[].!$¶;:,–•()}] )", r"(?=[.!¶] )"
_PICTURE = r"(?:the|this|that|your) (?:\w+ )?(?:image|photo|picture|photograph|portrait|question) "
_SEE = r"(?:i|we) (?:can )?(?:see|tell|say|judge|observe) "
_SOURCE = (
    rf"(?:based |judging |going )?(?:on|in|from|by|to answer) {_PICTURE}"
    rf"|(?:as far as|so far as|from what|by what) {_SEE}"
    r"|i am (?:(?!not )\S+ )?(?:afraid|sure|confident|certain) (?:that )?"
    r"|i (?:(?:would|must|will) )?(?:think|believe|guess|say) (?:that )?(?!so )"
    r"|(?:(?:the|my|final|short|correct) )*+answer "
    rf"(?:to {_PICTURE})?(?:(?:is|would be) )?"
)
# What an answer may open with, and what is none by itself: "Certainly! In the image".
_BEFORE = (
    r"(?:(?:of course |(?:certainly|absolutely|definitely|sure|indeed|clearly|unfortunately|sorry"
    rf"|well|oh|ah|hmm|why|ok|okay|so|thus|therefore|hence|overall) |{_SOURCE})(?:[.!,;:–¶-] )*+)*+"
)
_OPENER = r"(?:(?:well|oh|ah|why|hmm|most) (?:[.!,] )*+)*+"
_YES, _NO = r"(?:yes|yeah|yep|yup|y|affirmative) ", r"(?:nope|nah) "
_YES_ALONE = rf"(?:{_YES}|(?:true|correct|right) {_END})"
_NO_ALONE = rf"(?:{_NO}|(?:no|n|false|incorrect|negative) {_END})"
_BETWEEN = r"(?:[.!¶;,–•/:|(){}[\]-] |and |or )*+"

_NO_NOUNS = frozenset().union(
    *(grammar.WORDS[of] for of in ("finite", "copulas", "stops", "negators", "pronouns"))
)
_COMMENTS = frozenset({"sure", "indeed", "evidently", "naturally", "sadly", "regrettably"})
_ADVERBS = f"(?:{_any(grammar.ADVERBS | _COMMENTS)})*+"
_ANY = r"(?:(?:any|it|them|one|some|that|those|at all|of them|here|wearing|having) )*+"
_WHO = (
    r"(?:(?:it )?(?:look like|appear|seem) (?:that )?)?"
    rf"(?:(?:it|he|she|they|there|this) |{_any(grammar.DETERMINERS)}"
    rf"(?:(?!{_any(_NO_NOUNS)})\S+ ){{0,3}}?"
    r"(?:man|woman|person|individual|subject|boy|girl|lady|guy|gentleman|face|child|kid|adult|one) "
    rf"(?:(?:in|of) {_PICTURE}|(?:shown|pictured|depicted|seen|here) |in question )?)"
)
_DOES = _any(grammar.COPULAS - {"read", "feel"} | {"do", "does", "did", "has", "have"})
_TAIL = rf"(?:(?:, )?(?:{_YES}|no {_END}|indeed |sir |in {_PICTURE}|(?:that )?{_SEE}))*+"
_DOES_SO = rf"{_WHO}{_ADVERBS}{_DOES}{_ADVERBS}{_ANY}{_ADVERBS}{_TAIL}"
_DOES_NOT = rf"{_WHO}{_ADVERBS}{_DOES}{_ADVERBS}(?:not {_ADVERBS}{_ANY}|none ){_TAIL}"

_IT = r"(?:(?:it|this|that) )?"
_SO = r"(?:so|that way|like (?:it|that)|(?:to be )?(?:the case|true|correct|right|accurate)) "
_SEEM = r"(?:seem|appear|look) "
_IS = r"(?:it|this|that) (?:is|would be) "
_THINK = r"(?:think|believe|suppose|guess|say) so "

_NO_ON_ITS_OWN = rf"no (?=no |not |the |this |of course |{_any(grammar.PRONOUNS)})"


def _patterns(*pairs: tuple[str, bool | None]) -> list[tuple[re.Pattern[str], bool | None]]:
    return [(re.compile(pattern), yes) for pattern, yes in pairs]


_ALWAYS = _patterns(
    (rf"{_BEFORE}{_YES_ALONE}{_BETWEEN}{_NO_ALONE}{_END}", None),
    (rf"{_BEFORE}{_NO_ALONE}{_BETWEEN}{_YES_ALONE}{_END}", None),
    (r"(?:\S+ ){0,6}?(?:yes (?:or|/) no|no (?:or|/) yes|true (?:or|/) false) ", None),
    (rf"{_BEFORE}(?:{_YES}, {_DOES_NOT}|no , {_DOES_SO}){_END}", None),
    (rf"{_BEFORE}{_ADVERBS}{_YES_ALONE}(?:(?:, )?{_DOES_SO}{_END})?", True),
    (rf"{_BEFORE}{_ADVERBS}no (?:, )?{_DOES_NOT}{_END}", False),
    (rf"{_BEFORE}{_ADVERBS}(?:{_NO_ALONE}|{_NO_ON_ITS_OWN}|no (?:sir|way) {_END})", False),
    (rf"{_BEFORE}{_ADVERBS}not {_END}", False),
)
_NOT_SO = (
    rf"(?:(?:really|quite|exactly|visibly|noticeably|particularly) |{_SO}|{_any(grammar.PRESENT)}"
    rf"|(?:that|as far as) {_SEE})?"
)
_NOT_SEEN = r"i (?:(?:do|can) not (?:see|detect|observe) (?:any|one|it|them)|see none) "
_MISSING = r"(?:none|never|hardly|i doubt it|absent|missing|neither of them) "
_FIRST = _patterns(
    (rf"{_BEFORE}{_ADVERBS}not {_NOT_SO}{_ANY}{_TAIL}{_END}", False),
    (rf"{_BEFORE}i (?:do )?not {_ADVERBS}{_THINK}", False),
    (rf"{_BEFORE}i do not {_ADVERBS}(?:think|believe) (?:that )?{_DOES_SO}{_FULL_STOP}", False),
    (rf"{_BEFORE}{_NOT_SEEN}{_END}", False),
    (rf"{_BEFORE}{_IT}{_ADVERBS}(?:do|does|would) not {_ADVERBS}{_SEEM}{_SO}{_TAIL}{_END}", False),
    (rf"{_BEFORE}{_IS}{_ADVERBS}not {_ADVERBS}{_SO}{_END}", False),
    (rf"{_BEFORE}{_IS}{_ADVERBS}(?:incorrect|wrong|false|untrue|a no) {_END}", False),
    (rf"{_BEFORE}{_MISSING}(?:{_any(grammar.PRESENT)})?{_ANY}{_TAIL}{_END}", False),
    (rf"{_BEFORE}{_DOES_NOT}{_FULL_STOP}", False),
    (rf"{_BEFORE}i {_ADVERBS}{_THINK}", True),
    (rf"{_BEFORE}{_IT}{_ADVERBS}{_SEEM}{_SO}{_TAIL}{_END}", True),
    (rf"{_BEFORE}{_IS}{_ADVERBS}(?:{_SO}|a yes ){_END}", True),
    (rf"{_BEFORE}{_any(grammar.PRESENT)}{_END}", True),
    (rf"{_BEFORE}{_DOES_SO}{_FULL_STOP}", True),
    (rf"{_BEFORE}{_idioms('no')}(?:here )?{_END}", False),
    (rf"(?:{_BEFORE})?{_idioms('yes')}{_END}", True),
    (rf"{_OPENER}(?:{_idioms('alone')}(?:so )?(?:[,.!] )*+)++(?=(?:¶ )*\$ )", True),
)
