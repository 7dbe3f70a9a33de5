"""What a question in anybody's words asks for, part by part, and whether a face can tell it.

Three ways lead to the nearest of the project's own questions, the surest first: the same words; a
yes/no question about characteristics that the parser knows ("Does she wear glasses?"); words that
name a group or a topic ("age", "hair").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from faceinsight.answers import grammar
from faceinsight.answers.ages import class_of
from faceinsight.answers.claims import AgeClaim, Claim
from faceinsight.answers.grammar import TABLE
from faceinsight.answers.labels import is_race
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question, questions
from faceinsight.answers.statements import Statement
from faceinsight.answers.words import Normaliser

UNTELLABLE = "A photograph of a face cannot tell that."
"""The answer to a question about a name, the weather and the like."""

NOT_UNDERSTOOD = "I do not understand the question."

_UNTELLABLE, _RACE = (
    re.compile(rf"\b(?:{'|'.join(TABLE[of])})\b", re.IGNORECASE) for of in ("untellable", "race")
)
_FOREIGN, _ENGLISH = (
    re.compile(rf"\b(?:{TABLE['languages'][of].replace(' ', '|')})\b", re.IGNORECASE)
    for of in ("foreign", "english")
)
_ASKED = (
    "not you think say this that it he she they the these man woman person guy lady boy girl be is "
    "really look looks like resemble perhaps maybe"
)
_WHETHER_SOMEBODY = re.compile(
    r"\W*(?i:(?:is|was|isn't|are|can|could|may|might|do|does|would)"
    rf"(?: (?:{_ASKED.replace(' ', '|')}))*(?<!the)) "
    r"(?:([A-Z][\w.'’-]*(?: (?:[A-Z]|de |von |van |the |of )[\w.'’-]*)*)"
    # In small letters only where a noun is needed: "Is this taylor swift?", but "Is he tired?".
    r"|(?<=is this )(?!an? |the |any|some|my |your |how |what |who )([a-z]+ [a-z]+))"
    r"(?=\W*(?:$|or\b))"
)
_DESCRIBE = re.compile(r"^\W*(?:please\s+|can you\s+|could you\s+)*describe\b.*", re.I | re.DOTALL)
_BETWEEN = re.compile(r"\s*[,;?]\s*(?:and\s+)?|\s+and\s+", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_BEGINS = re.compile(
    rf"(?:{'|'.join(sorted(grammar.ASKING))}|is|are|was|were|does|do|did|has|have|can|could|would"
    r"|describe|tell)\b",
    re.IGNORECASE,
)
_BETWEEN_QUESTIONS = re.compile(
    rf"(?:\s*[,;.?!]\s*(?:(?:and|also)\s+)*|\s+and\s+(?:also\s+)?)(?={_BEGINS.pattern})",
    re.IGNORECASE,
)

_OPENING, _OPEN = {"what", "how", "tell"}, {"like", "look", "see", "about"}
_PROPERTIES = {"color", "shape", "style"}
_AMOUNTS = {"many", "much"}

# "Is he under 30?" supposes that it is a man and does not ask for it.
_PRONOUNS = dict.fromkeys(("he", "she", "him"), "this person") | dict.fromkeys(
    ("his", "her"), "their"
)
_PRONOUN = re.compile(rf"\b({'|'.join(_PRONOUNS)})\b", re.IGNORECASE)
_NEGATIVE = re.compile(r"^(can(?='t)|is|are|does|do|did|has|have|could|would)n?'t\b", re.IGNORECASE)
_DENIED = re.compile(r"^(\w+ (?:this|that|the) person) not\b", re.IGNORECASE)
_TOLD = re.compile(r"\b(?:if|whether|do you think)\b", re.IGNORECASE)
_INVERTED = re.compile(r"^(is|are|was|has|does|did|do) (?:this|that|the) person\b", re.IGNORECASE)


def recognise_questions(text: str, parser: AnswerParser) -> tuple[Question, ...]:
    """The known questions that a text in anybody's words asks, one a topic.

    Returns:
        None, one or several of the known questions; none where the text is not understood.
    """
    if _is_foreign(text):
        return ()
    found = [one for part in _whole_questions(text) for one in _topics(part, parser)]
    return tuple(dict.fromkeys(found))


def not_understood(text: str, parser: AnswerParser) -> tuple[str, ...]:
    """Parts of a text that are none of the known questions: "Is he bald, and is he tired?"."""
    left: list[str] = []
    for question in _whole_questions(text):
        first, *others = _AND.split(question)
        if not _topics(question, parser):
            left += [question] if _BEGINS.match(question) and len(question.split()) > 2 else []
        elif "between" not in first and recognise_question(first, parser) is not None:
            left += [one for one in others if recognise_question(one, parser) is None]
    return tuple(part for one in left if (part := one.strip(" ?.!")) and not beyond(one, parser))


def without_color(text: str, labels: Mapping[str, bool], parser: AnswerParser) -> tuple[str, ...]:
    """Topics whose colour a text asks for, and of which no colour is present: "hair", "eyes".

    Args:
        text: may ask several questions.
        labels: id to present (True) or absent.
        parser: knows the words.
    """
    lexicon = parser.lexicon
    topics = {about: name.replace("_", " ") for name, (_, about) in lexicon.topics.items()}
    colored = {
        id_
        for id_, present in labels.items()
        if present
        and id_ in lexicon.entries
        and lexicon.entries[id_].present[0].quality in grammar.COLORS
    }
    return tuple(
        topics[one.about]
        for part in _whole_questions(text)
        if "color" in parser.normalise(part).words and not beyond(part, parser)
        for one in _topics(part, parser)
        if one.kind == "topic" and colored.isdisjoint(one.about)
    )


def _whole_questions(text: str) -> list[str]:
    return [part for part in _BETWEEN_QUESTIONS.split(text) if part.strip(" ?.!")]


def _topics(text: str, parser: AnswerParser) -> tuple[Question, ...]:
    """The known questions that one question asks, e.g. "what age and gender"."""
    whole = recognise_question(text, parser)
    parts = [part for part in _BETWEEN.split(text) if part.strip(" ?.!")]
    if _DESCRIBE.match(text) and len(_BETWEEN.split(text)) > 2:
        return (questions(parser.lexicon)[0],)  # "describe ..., including age, gender"
    if whole is not None and whole.text.strip("?. ").lower() == text.strip("?. ").lower():
        return (whole,)
    asked = [recognise_question(part, parser) for part in parts]
    distinct = list(dict.fromkeys(question for question in asked if question is not None))
    if len(distinct) > 1 and None not in asked:
        return tuple(distinct)
    return () if whole is None else (whole, *_besides(text, whole, parser))


def _besides(text: str, whole: Question, parser: AnswerParser) -> list[Question]:
    """What a yes/no question asks for beside the first: "Is she a smiling woman with a hat?"."""
    known, wide = questions(parser.lexicon), _asks_widely(_words(parser.normalise, text))
    mentions = _mentioned(text, wide, parser)
    if wide or whole.kind != "yes_no" or _narrowest(mentions, wide, known) is not None:
        return []
    asked = [_narrowest([mention], wide, known) for mention in mentions]
    return [one for one in dict.fromkeys(asked) if one is not None and one != whole]


def cannot_be_told(text: str, parser: AnswerParser) -> bool:
    """Whether a text asks for what no photograph of a face tells: "What is her name?", "Is this my
    brother?", "Is this Taylor Swift?"; for race as well, where no characteristic is of it.
    """
    if _UNTELLABLE.search(text) is not None:
        return True
    if _RACE.search(text) is not None and not any(map(is_race, parser.lexicon.entries)):
        return True
    asked = _WHETHER_SOMEBODY.match(text)
    # "Is this Asian?" and "Is she Male?" name nobody.
    return asked is not None and not parser.names_anything(asked[1] or asked[2])


def tellable(text: str, parser: AnswerParser) -> str:
    """A text without the parts that ask for what no photograph tells: "her name and age" is "age".

    It stays as it is where there is none, and is empty where there is nothing else.
    """
    parts = [part for part in _BETWEEN.split(text) if part.strip(" ?.!")]
    told = [part for part in parts if not cannot_be_told(part, parser)]
    return text if len(told) == len(parts) else ", ".join(told)


def beyond(text: str, parser: AnswerParser) -> tuple[str, ...]:
    """What a question asks for that no characteristic tells, in its words: a brand, a price."""
    words = parser.normalise(text)
    told = [one for one in parser.statements(text.replace("?", ".")) if one.claims]
    known = {at for one in told for at in range(one.start, one.end)}
    parts = {
        parser.normalise.phrase(word)
        for name, part in parser.lexicon.settings.parts.items()
        if name != "person" and not part.apart
        for word in part.words
    }
    of_part = any((word,) in parts for word in words.words)
    of = grammar.BEYOND if of_part or not known else grammar.BEYOND | {"color", "shape"}
    return tuple(
        dict.fromkeys(
            words.raw[at] for at, word in enumerate(words.words) if word in of and at not in known
        )
    )


def _is_foreign(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    other = sum(ord(c) > 0x24F for c in letters)
    return other * 3 > len(letters) or (len(_FOREIGN.findall(text)) > len(_ENGLISH.findall(text)))


def recognise_question(text: str, parser: AnswerParser) -> Question | None:
    """The known question that asks for what a text asks for.

    Returns:
        One of `questions(parser.lexicon)`. For "Is there a beard?" it is the question about facial
        hair, since the one about "No_Beard" is answered by the opposite. None where nothing that
        is known is asked for.
    """
    normalise = parser.normalise
    known = questions(parser.lexicon)
    words = _words(normalise, text)
    for question in known:
        if words and words == _words(normalise, question.text):
            return question
    named = _of_words(words, normalise, known, parser.lexicon)
    # "How old ..." asks for an age, and does not ask whether the person is old.
    if named is not None and "how" in words and "how" in _words(normalise, named.text):
        return named
    asked = _of_characteristics(text, words, known, parser) or named
    return asked or _of_description(words, normalise, known[0])


@dataclass(frozen=True)
class _Mention:
    """Ids that one phrase may be about, and whether a yes to it means that one of them holds."""

    ids: frozenset[str]
    affirmed: bool


def _of_characteristics(
    text: str, words: Sequence[str], known: Sequence[Question], parser: AnswerParser
) -> Question | None:
    """The narrowest question about all that the phrases of a text speak of."""
    wide = _asks_widely(words)
    mentions = _mentioned(text, wide, parser)
    # What no question asks for together is asked for by the first: "a beard and glasses".
    return _narrowest(mentions, wide, known) or _narrowest(mentions[:1], wide, known)


def _mentioned(text: str, wide: bool, parser: AnswerParser) -> list[_Mention]:
    """What the phrases of a text speak of, but for what only tells who is meant."""
    of_persons = {i for i, e in parser.lexicon.entries.items() if {"man", "woman"} & {*e.synonyms}}
    said = _as_statement(text, parser.lexicon, of_persons)
    mentions = _mentions(_predicated(said, parser), parser.lexicon)
    # "Is this man bald?" does not ask whether it is a man.
    rest = [mention for mention in mentions if mention.ids.isdisjoint(of_persons)]
    return rest if rest or wide else mentions


def _narrowest(
    mentions: Sequence[_Mention], wide: bool, known: Sequence[Question]
) -> Question | None:
    if not mentions:
        return None
    sets = {mention.ids for mention in mentions}
    single = next(iter(sets)) if len(sets) == 1 and mentions[0].affirmed else frozenset()
    yes_no = [q for q in known if q.kind == "yes_no" and single == {*q.about}]
    if yes_no and not wide:
        return yes_no[0]
    groups = [q for q in known if q.kind == "group" and single & {*q.about}]
    if groups:
        # A word that several characteristics share ("Korean", "boy") is asked for by the group
        # with the finest classes.
        return max(groups, key=lambda q: len(q.about))
    covering = [
        q for q in known if q.kind in ("group", "topic") and all(ids & {*q.about} for ids in sets)
    ]
    if covering:
        return min(covering, key=lambda q: len(q.about))
    return yes_no[0] if yes_no else None


def _predicated(text: str, parser: AnswerParser) -> list[Statement]:
    """Statements but what only tells who is meant: "Does the man with the beard wear glasses?"."""
    told, words = parser.statements(text), parser.normalise(text).words
    if words[:2] != ["this", "person"] or grammar.DESCRIBING.isdisjoint(words[3:4]):
        return told
    told = _claiming(told)
    between = [words[one.end : other.start] for one, other in pairwise(told)]
    # Nothing but the predicate's verb, or the noun of a quality, stands before the predicate.
    cuts = [at for at, gap in enumerate(between, 1) if grammar.STOPS.isdisjoint(gap)]
    verbs = [at for at in cuts if not grammar.FINITE.isdisjoint(between[at - 1])]
    told = told[(verbs or cuts or [0])[-1] :]
    rest = words[told[-1].end : -1] if told else []
    if len(told) == 1 and rest and rest[0] not in grammar.STOPS:
        # "Is the man wearing a hat bald?" does not ask for a bald hat.
        return _claiming(parser.statements(" ".join(["this person is", *rest]))) or told
    return told


def _claiming(told: Sequence[Statement]) -> list[Statement]:
    return [statement for statement in told if statement.claims or statement.age is not None]


def _mentions(told: Sequence[Statement], lexicon: Lexicon) -> list[_Mention]:
    phrases: dict[int, tuple[list[Claim], list[AgeClaim]]] = {}
    for statement in told:
        claims, ages = phrases.setdefault(statement.start, ([], []))
        claims += statement.claims
        ages += [statement.age] if statement.age is not None else []
    found = []
    for claims, ages in phrases.values():
        present = {id_ for claim in claims if claim.present for id_ in claim.ids}
        ids = present or {id_ for claim in claims for id_ in claim.ids}
        affirmed = bool(present)
        for age in [age for age in ages if age.kind or not ids]:
            for classes in lexicon.age_groups.values():
                meant = {class_of(classes, years) for years in age.years}
                sure = None not in meant and len(meant) == 1 and not age.denied
                ids |= {id_ for id_ in meant if id_} if sure else set(classes)
            affirmed = True
        if ids:
            found.append(_Mention(frozenset(ids), affirmed))
    return found


def _asks_widely(words: Sequence[str]) -> bool:
    """Whether no yes or no would do: "why is she smiling", "how big is it" are about one thing."""
    for word, following in pairwise([*words, ""]):
        if word == "how" and following not in grammar.FINITE | grammar.COPULAS | _AMOUNTS:
            continue
        if word in grammar.ASKING and word != "why":
            return True
    return False


def _as_statement(text: str, lexicon: Lexicon, of_persons: Collection[str]) -> str:
    """A question as the statement that a yes to it would make: "this person is smiling"."""
    plain = _NEGATIVE.sub(r"\1 ", text.replace("\u2019", "'").strip().rstrip("?.! "))
    plain = _TOLD.sub("", plain)
    plain = _PRONOUN.sub(lambda found: _PRONOUNS[found[0].lower()], plain)
    # "Is this young woman smiling?" supposes that she is young and a woman.
    entries = [lexicon.entries[id_] for id_ in of_persons]
    called = {phrase for e in entries for phrase in (*e.synonyms, *e.narrower) if phrase.isalpha()}
    nouns = sorted(map(re.escape, called | {*lexicon.settings.ages.words}))
    subject = rf"\b(?:this|that|the) (?!an?\b)(?:[\w-]+ ){{0,3}}?(?:{'|'.join(nouns)}|person)"
    after = r"\b(?=(?:'s)? \w)(?! (?:or|and)\b)"
    plain = re.sub(rf"(?<=\bof ){subject}\b|{subject}{after}", "this person", plain, flags=re.I)
    # "Is she not smiling?" asks for the same as "Isn't she smiling?".
    plain = _DENIED.sub(r"\1", plain)
    return _INVERTED.sub(r"this person \1", plain) + "."


def _of_words(
    words: Sequence[str], normalise: Normaliser, known: Sequence[Question], lexicon: Lexicon
) -> Question | None:
    """The question of a group or a topic with most of the text's words, and fewest others."""
    # "What shape is the face?": the words are those of any question, but one of them names a topic.
    asked = set(words) - grammar.OF_QUESTIONS or set(words) & {*lexicon.topics}
    if not asked:
        return None
    parts = lexicon.settings.parts
    names = [*lexicon.groups, *lexicon.topics]
    of_sets = [question for question in known if question.kind in ("group", "topic")]
    best: tuple[tuple[int, int], Question] | None = None
    for name, question in zip(names, of_sets, strict=True):
        own = set(_words(normalise, f"{question.text} {lexicon.group_name(name)}"))
        own -= grammar.OF_QUESTIONS - asked
        called = parts[name].words if name in parts else []
        shared = asked & (own | {form for word in called for form in _words(normalise, word)})
        score = (len(shared), -len(own))
        if shared <= _PROPERTIES and asked - shared:
            continue  # "What color is the car?"
        if best is None or score > best[0]:
            best = score, question
    return None if best is None else best[1]


def _of_description(
    words: Sequence[str], normalise: Normaliser, described: Question
) -> Question | None:
    own = set(_words(normalise, described.text)) - grammar.OF_QUESTIONS | {"description"}
    # "What does she look like?", "Tell me about him": whoever names nothing asks for everything.
    everything = set(words) <= grammar.OF_QUESTIONS | {"about"} and not (
        _OPENING.isdisjoint(words) or _OPEN.isdisjoint(words)
    )
    return described if everything or not own.isdisjoint(words) else None


def _words(normalise: Normaliser, text: str) -> list[str]:
    return [word for word in normalise(text).words if any(c.isalnum() for c in word)]
