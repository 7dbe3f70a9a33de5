"""What a question in anybody's words asks for: the nearest of the project's own questions.

Three ways lead to it, the surest first: the same words; a yes/no question about characteristics
that the parser knows ("Does she wear glasses?"); words that name a group or a topic ("age",
"hair").
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from faceinsight.answers.english import word_set
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question, questions
from faceinsight.answers.words import Normaliser

_OF_QUESTIONS = word_set(
    "what which who whose how where when why is are do does did can could be have has of in on the "
    "a an this that person face he she they it his her him them their apparent appear look like "
    "show shape or and to you your i see tell me there any"
)
"""Words that say nothing of what is asked for, in normal form."""

_ASKING = word_set("what which who whose how where when why")

_PERSONS = {"man", "woman"}

_PRONOUNS = {"he": "this person", "she": "this person", "him": "this person"}
_PRONOUNS |= {"his": "this person's", "her": "this person's"}
_PRONOUN = re.compile(rf"\b({'|'.join(_PRONOUNS)})\b", re.IGNORECASE)


def recognise_question(text: str, lexicon: Lexicon, parser: AnswerParser) -> Question | None:
    """The known question that asks for what a text asks for.

    Args:
        text: a question in anybody's words.
        lexicon: the words of the known questions.
        parser: of the same lexicon.

    Returns:
        One of `questions(lexicon.vocabulary, lexicon)`. For "Is there a beard?" it is the question
        about facial hair, since the one about "No_Beard" is answered by the opposite.
        None where nothing that is known is asked for.
    """
    normalise = Normaliser(lexicon.settings.variants)
    known = questions(lexicon.vocabulary, lexicon)
    words = _words(normalise, text)
    for question in known:
        if words and words == _words(normalise, question.text):
            return question
    named = _of_words(words, normalise, known, lexicon)
    # "How old ..." asks for an age, and does not ask whether the person is old.
    if named is not None and "how" in words:
        return named
    return (
        _of_characteristics(text, words, known, parser, lexicon)
        or named
        or _of_description(words, normalise, known[0])
    )


def _of_characteristics(
    text: str,
    words: Sequence[str],
    known: Sequence[Question],
    parser: AnswerParser,
    lexicon: Lexicon,
) -> Question | None:
    """The narrowest question about what a yes to the text would state."""
    # "Is he under 30?" supposes that it is a man and does not ask for it.
    plain = _PRONOUN.sub(lambda found: _PRONOUNS[found[0].lower()], text).strip().rstrip("?.! ")
    reads = [parser.parse(said) for said in (f"{plain}.", f"{plain}? Yes.")]
    stated = {id_: value for read in reads for id_, value in read.labels.items()}
    stated |= {id_: True for read in reads for id_ in read.contradictions}
    of_persons = {i for i, e in lexicon.entries.items() if _PERSONS & {*e.phrases["synonyms"]}}
    # "Is this man bald?" does not ask whether it is a man.
    rest = [id_ for id_ in stated if id_ not in of_persons]
    wide = not _ASKING.isdisjoint(words)
    about = rest if rest or wide else list(stated)
    if not about:
        return None
    # Of a group's members a yes to one is a no to the others.
    present = [id_ for id_ in about if stated[id_]]
    if len(present) == 1 and not wide:
        return next(q for q in known if q.kind == "yes_no" and q.about == (present[0],))
    asked = set(present or about)
    covering = [q for q in known if q.kind in ("group", "topic") and asked <= set(q.about)]
    return min(covering, key=lambda q: len(q.about), default=None)


def _of_words(
    words: Sequence[str], normalise: Normaliser, known: Sequence[Question], lexicon: Lexicon
) -> Question | None:
    """The question of a group or a topic with most of the text's words, and fewest others."""
    asked = set(words) - _OF_QUESTIONS
    if not asked:
        return None
    parts = lexicon.settings.parts
    names = [*lexicon.vocabulary.groups, *lexicon.topics]
    of_sets = [question for question in known if question.kind in ("group", "topic")]
    best: tuple[tuple[int, int], Question] | None = None
    for name, question in zip(names, of_sets, strict=True):
        own = set(_words(normalise, f"{question.text} {lexicon.group_name(name)}")) - _OF_QUESTIONS
        called = {w for part in (name,) if part in parts for w in parts[part].words}
        shared = asked & (own | {form for word in called for form in _words(normalise, word)})
        score = (len(shared), -len(own))
        if shared and (best is None or score > best[0]):
            best = score, question
    return None if best is None else best[1]


def _of_description(
    words: Sequence[str], normalise: Normaliser, described: Question
) -> Question | None:
    own = set(_words(normalise, described.text)) - _OF_QUESTIONS
    return None if own.isdisjoint(words) else described


def _words(normalise: Normaliser, text: str) -> list[str]:
    return [word for word in normalise(text).words if any(c.isalnum() for c in word)]
