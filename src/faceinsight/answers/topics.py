"""What a question in anybody's words asks for, part by part, and whether a face can tell it."""

from __future__ import annotations

import re

from faceinsight.answers.grammar import BEYOND, TABLE
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question, questions
from faceinsight.answers.recognition import recognise_question
from faceinsight.answers.words import Normaliser

UNTELLABLE = "A photograph of a face cannot tell that."
"""The answer to a question about a name, the weather and the like."""

NOT_UNDERSTOOD = "I do not understand the question."

_UNTELLABLE = re.compile(rf"\b(?:{'|'.join(TABLE['untellable'])})\b", re.IGNORECASE)
_FOREIGN = re.compile(
    r"\b(?:ist|der|die|das|welche\w*|wie|wer|trägt|traegt|diese\w?|hat|brille|mann|frau|est|quel\w*|"
    r"porte|cette|cet|personne|une|elle|il|des|les|qué|que|cuál|lleva|tiene|esta|este|persona|una|"
    r"los|las|gafas|lunettes|ella|él|che|questa|ha|occhiali|quantos|ela|ele|óculos)\b",
    re.IGNORECASE,
)
_ENGLISH = re.compile(
    r"\b(?:is|are|does|do|what|which|how|who|has|have|describe|tell|the|this|wear\w*|there)\b",
    re.IGNORECASE,
)
_DESCRIBE = re.compile(r"^\W*(?:please\s+|can you\s+|could you\s+)*describe\b.*", re.I | re.DOTALL)
_BETWEEN = re.compile(r"\s*[,;?]\s*(?:and\s+)?|\s+and\s+", re.IGNORECASE)


def recognise_questions(text: str, lexicon: Lexicon, parser: AnswerParser) -> tuple[Question, ...]:
    """The known questions that a text asks, one a topic.

    Args:
        text: in anybody's words.
        lexicon: the words of the known questions.
        parser: of the same lexicon.

    Returns:
        None, one or several of the known questions; none where the text is not understood.
    """
    if _is_foreign(text):
        return ()
    whole = recognise_question(text, lexicon, parser)
    if _DESCRIBE.match(text) and len(_BETWEEN.split(text)) > 2:
        return (questions(lexicon.vocabulary, lexicon)[0],)  # "describe ..., including age, gender"
    if whole is not None and whole.text.strip("?. ").lower() == text.strip("?. ").lower():
        return (whole,)
    parts = [part for part in _BETWEEN.split(text) if part.strip(" ?.!")]
    asked = [recognise_question(part, lexicon, parser) for part in parts]
    distinct = list(dict.fromkeys(question for question in asked if question is not None))
    if len(distinct) > 1 and None not in asked:
        return tuple(distinct)
    return () if whole is None else (whole,)


def cannot_be_told(text: str) -> bool:
    """Whether a text asks for what no photograph of a face tells ("What is her name?")."""
    return _UNTELLABLE.search(text) is not None


def tellable(text: str) -> str:
    """A text without the parts that ask for what no photograph tells: "her name and age" is "age".

    It stays as it is where there is none, and is empty where there is nothing else.
    """
    parts = [part for part in _BETWEEN.split(text) if part.strip(" ?.!")]
    told = [part for part in parts if not cannot_be_told(part)]
    return text if len(told) == len(parts) else ", ".join(told)


def beyond(text: str, lexicon: Lexicon, parser: AnswerParser) -> tuple[str, ...]:
    """What a question asks for that no characteristic tells, in its words: a brand, a price.

    Args:
        text: in anybody's words.
        lexicon: the words of the characteristics.
        parser: of the same lexicon.
    """
    normalise = Normaliser(lexicon.settings.variants)
    words = normalise(text)
    told = [one for one in parser.statements(text.replace("?", ".")) if one.claims]
    known = {at for one in told for at in range(one.start, one.end)}
    parts = {
        normalise.phrase(word)
        for name, part in lexicon.settings.parts.items()
        if name != "person" and not part.apart
        for word in part.words
    }
    of_part = any((word,) in parts for word in words.words)
    of = BEYOND if of_part or not known else BEYOND | {"color", "shape"}
    return tuple(
        dict.fromkeys(
            words.raw[at] for at, word in enumerate(words.words) if word in of and at not in known
        )
    )


def _is_foreign(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    other = sum(ord(c) > 0x24F for c in letters)
    return other * 3 > len(letters) or (len(_FOREIGN.findall(text)) > len(_ENGLISH.findall(text)))
