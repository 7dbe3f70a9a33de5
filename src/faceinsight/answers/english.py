"""The small words of English that the parser knows by itself, in normal form.

Words for characteristics belong to the lexicon; these are the words between them.
"""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


DETERMINERS = word_set("a an the his her their its my your our this that these those some")

POSSESSIVES = word_set("his her their its")

MASCULINE = word_set("he him his himself")
FEMININE = word_set("she her hers herself")
PRONOUNS = word_set("he she they it i we you there")

FINITE = word_set(
    "is are was were am be appear appeared seem seemed look looked has have had wear wore do does "
    "did can could may might must will would should sport feature show showed display possess "
    "exhibit lack keep hold suggest indicate"
)
"""Verbs with which a clause of its own begins, or a second predicate."""

COPULAS = word_set(
    "is are was were be been being am appear appeared seem seemed look looked looking appearing "
    "become remain feel read"
)

TAKING = word_set("has have had wear wore wearing having sporting featuring showing")
"""Verbs after which something belongs to the person: they end the reach of a negation."""

NEGATORS = word_set(
    "no not without never neither nor none lack lacking lacked devoid hardly minus non absence "
    "sans nothing nobody scarcely"
)
NEGATING_PAIRS = frozenset(
    {
        *(("instead", "of"), ("rather", "than"), ("free", "of"), ("free", "from")),
        *(("stop", "wearing"), ("stopped", "wearing"), ("quit", "wearing")),
        *(("forgot", "to"), ("forgotten", "to")),
        *(("opposed", "to"), ("anything", "but"), ("far", "from"), ("fail", "to")),
        *(("failed", "to"), ("failing", "to"), ("refuse", "to"), ("refused", "to")),
        ("refusing", "to"),
    }
)

EXCEPTING = word_set("except excepting besides")
EXCEPTING_PAIRS = frozenset({("other", "than"), ("apart", "from"), ("aside", "from")})
"""What follows is there although the rest is not: "no facial hair except a mustache"."""

ABSENT = word_set("absent missing lacking nonexistent gone")
PRESENT = word_set(
    "present visible seen worn apparent evident noticeable shown detected found observed "
    "discernible detectable"
)

AFFIRMING = word_set(
    "yes yeah yep yup true correct affirmative y indeed certainly definitely absolutely"
)
DENYING = word_set("no nope false incorrect negative n nah")
YES = AFFIRMING | {"present", "visible", "positive"}
NO = DENYING | {"none", "absent", "never", "removed", "gone"}
"""What may stand for yes and no as the value of a key."""

ADVERBS = word_set(
    "very quite slightly rather fairly somewhat really also clearly currently visibly probably "
    "likely possibly maybe perhaps apparently definitely mostly well relatively noticeably "
    "distinctly generally just still too so more most much even already obviously certainly "
    "presumably seemingly extremely particularly bit little lot kind sort moderately mildly "
    "overall both either"
)
"""Words that may stand between a part and its quality, or before a quality."""

STOPS = (
    word_set(
        """
        in on of at from by for to under over above below behind against with within
        without into and or nor but as than if whether that which who whose because
        since so then though although while not no never here there throughout during
        around about near beside next like
        """
    )
    | word_set("– • ¶ . , ; : ? ! ( ) [ ] { } / + %")
    | {"\n"}
)
"""Where a noun phrase ends: before these no further noun is looked for."""

CLOSING = word_set("instead now anymore again today otherwise whatsoever")
"""Words that stand after a quality and are no noun that it describes."""

BREAKS = word_set("but however although though whereas while yet nevertheless nonetheless")
"""Words that begin a clause of their own, whatever follows."""

CONDITIONS = frozenset({"if", "whether"})

ELLIPTIC = (
    FINITE
    | COPULAS
    | PRONOUNS
    | DETERMINERS
    | ADVERBS
    | YES
    | NO
    | word_set(
        "not think believe suppose guess say case person face individual subject one right wrong "
        "image photo picture me at all any wearing of course . , !"
    )
)
"""Words of an answer that says no more than yes or no ("I don't think so.")."""

_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"

NUMBERS = {word: number for number, word in enumerate(_NUMBERS.split())}
TENS = dict(
    zip(
        _TENS.split(),
        range(20, 100, 10),
        strict=True,
    )
)
DECADES = {
    "teens": 10,
    **{word[:-1] + "ies": number for word, number in TENS.items()},
}
