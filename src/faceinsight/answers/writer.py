"""Answers written from labels: grammatical, varied by a seed, and worded as appearance.

Labels are annotations of how somebody looks, and no facts, so every sentence says that something
appears to be so. Writing takes tens of microseconds, since each training example needs an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from faceinsight.answers.ages import OLDEST
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.questions import Question, questions
from faceinsight.answers.wording import THEIR, Wording

MOST_WORDS = 30
"""No description or list is longer than this."""

UNKNOWN = "I cannot tell."
"""The answer where no label that a question asks for is known."""

_APPEARS = ("appears to", "seems to")
_PERSONS = ("The person", "This person")
_PRONOUNS = ("The person", "He", "She")
_OPENINGS = ("This appears to be", "The person appears to be", "This person seems to be")
_OF_NOBODY = ("This appears to be", "This seems to be")
_OF_ADJECTIVES = ("The person appears to be", "This person seems to be")
_SHORT_YES = ("Yes.", "Yes, it appears so.")
_SHORT_NO = ("No.", "No, it does not appear so.")

_MOST_PRESENT = 5
_MOST_ABSENT = 3

_GROWN_UP = 20
"""Who is younger is called male or female, not a man or a woman."""

_CHILD = 10
"""Of whoever is younger it goes without saying that these topics find nothing."""

_NOT_OF_CHILDREN = ("facial_hair", "makeup")

_FIXED_TEXTS = (
    UNKNOWN,
    *(*_APPEARS, *_PERSONS, *_PRONOUNS, *_OPENINGS, *_OF_NOBODY, *_OF_ADJECTIVES),
    *(*_SHORT_YES, *_SHORT_NO, *THEIR),
    "Yes, a person with a look, and an or but not no. No, who looks, does not appear to be so.",
    "It does not seem to be so.",
)
"""Texts with every word of answers that is not the lexicon's."""

_Choice = TypeVar("_Choice")
_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Answer:
    """A written answer.

    Attributes:
        text: one or more sentences.
        about: ids whose presence or absence it states, by mentioning them or another member of
            their group; only such as have a label.
    """

    text: str
    about: tuple[str, ...]


def write_answer(
    question: Question, labels: Mapping[str, bool], lexicon: Lexicon, seed: int
) -> Answer:
    """Answer a question from labels.

    Args:
        question: one of `questions(lexicon)`.
        labels: id to present (True) or absent; what is unknown is left out, and not spoken of.
        seed: the same seed gives the same answer.

    Returns:
        The answer; where nothing is known that the question asks for, it is "I cannot tell." and
        about nothing.
    """
    return _Writing(_prepared(lexicon), labels, _Dice(seed)).answer(question)


def worth_telling(labels: Mapping[str, bool], lexicon: Lexicon) -> dict[str, bool]:
    """Labels for a description: without a child's having no facial hair and no makeup.

    Args:
        labels: id to present (True) or absent; what is unknown is left out.
        lexicon: its topics and classes of ages are looked up.
    """
    entries = lexicon.entries
    ages = [entries[id_].years for id_, held in labels.items() if held and id_ in entries]
    if not any(years and years[1] is not None and years[1] < _CHILD for years in ages):
        return dict(labels)
    trivial = {
        id_: entries[id_].present[0].negative  # "no beard" is an absence that is present
        for name in _NOT_OF_CHILDREN
        if name in lexicon.topics
        for id_ in lexicon.topics[name][1]
    }
    return {id_: value for id_, value in labels.items() if trivial.get(id_) is not value}


def all_texts(lexicon: Lexicon) -> Iterator[str]:
    """Texts that hold every word of every question and answer, for a tokenizer of whole words."""
    for question in questions(lexicon):
        yield question.text
    yield from _FIXED_TEXTS
    for entry in lexicon.entries.values():
        yield f"The {entry.subject}. This {entry.subject}."
        for wording in (*entry.present, *entry.absent):
            yield wording.infinitive
            for rest in wording.of_gender:
                yield f"{wording.verb} {rest}"
                yield _capitalised(rest)


class _Dice:
    """A sequence of pseudo-random choices.

    `random.Random` takes 5 microseconds to seed, which is a fair part of the time that an answer
    may take; a linear congruential generator (Knuth's MMIX) is good enough to vary words.
    """

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = (seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & _MASK
        self.below(2)

    def below(self, bound: int) -> int:
        """A number from 0 to `bound` - 1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) & _MASK
        return (self._state >> 33) % bound

    def pick(self, choices: Sequence[_Choice]) -> _Choice:
        """One of some choices."""
        return choices[self.below(len(choices))]


class _Prepared:
    """What writing needs to know of a lexicon.

    Attributes:
        group_of: id to the members of its group.
        single: ids that are in no group.
        gender: id to the place of its pronouns in `THEIR`.
        rivals: id to those of which one says what the other denies; one of them is spoken of.
        also_called: id to those that its words mean in another data set's terms.
        same_words: group to ids that use its members' words, and would only repeat what it says.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self.entries = entries = lexicon.entries
        self.groups = groups = lexicon.groups
        self.group_of = {id_: members for members in groups.values() for id_ in members}
        self.single = tuple(id_ for id_ in entries if id_ not in self.group_of)
        self.gender = {
            id_: gender
            for id_, entry in entries.items()
            for gender, word in ((1, "man"), (2, "woman"))
            if word in entry.synonyms
        }
        means = {id_: {*e.synonyms} for id_, e in entries.items()}
        excludes = {id_: {*e.opposites, *e.antonyms} for id_, e in entries.items()}
        words = {id_: means[id_] | {*e.narrower} for id_, e in entries.items()}
        self.rivals = {
            one: {
                other
                for other in entries
                if other != one and (excludes[one] & means[other] or excludes[other] & means[one])
            }
            for one in entries
        }
        self.also_called = {
            one: [other for other in entries if other != one and words[one] & means[other]]
            for one in entries
        }
        self.same_words = {
            group: {
                id_
                for id_ in entries
                if id_ not in members and any(words[id_] & words[m] for m in members)
            }
            for group, members in groups.items()
        }


_prepared = lru_cache(maxsize=8)(_Prepared)


class _Writing:
    """One answer on its way."""

    def __init__(self, known: _Prepared, labels: Mapping[str, bool], dice: _Dice) -> None:
        self._known = known
        self._entries = known.entries
        self._labels = labels
        self._dice = dice

    def answer(self, question: Question) -> Answer:
        """The answer to a question of any kind."""
        about = question.about
        if question.kind == "yes_no":
            return self._yes_no(about[0])
        if question.kind == "group":
            return self._group(about)
        if question.kind == "topic":
            return self._topic(about)
        return self._describe(about) or self._describe(about, whole=True) or Answer(UNKNOWN, ())

    def _yes_no(self, id_: str) -> Answer:
        present = self._labels.get(id_)
        if present is None:
            return Answer(UNKNOWN, ())
        dice, yes = self._dice, "Yes" if present else "No"
        form = dice.below(4)
        if form == 0:
            text = dice.pick(_SHORT_YES if present else _SHORT_NO)
        else:
            said = f"{self._entries[id_].subject} {self._predicate(id_, present)}"
            text = f"{yes}. The {said}." if form == 1 else f"{yes}, the {said}."
        return Answer(text, self._implied([id_], []) if present else self._implied([], [id_]))

    def _predicate(self, id_: str, present: bool) -> str:
        entry, appears = self._entries[id_], self._dice.pick(_APPEARS)
        if present:
            return f"{appears} {self._dice.pick(entry.present).infinitive}"
        if entry.absent and entry.present[0].negative:
            return f"{appears} {self._dice.pick(entry.absent).infinitive}"
        plain = "appear to" if appears == "appears to" else "seem to"
        return f"does not {plain} {self._dice.pick(entry.present).infinitive}"

    def _group(self, members: Sequence[str]) -> Answer:
        member = self._held(members)
        if member is None:
            return Answer(UNKNOWN, ())
        dice = self._dice
        made = dice.pick(self._entries[member].present)
        rest = made.of_gender[self._known.gender.get(member, 0)]
        if dice.below(3) == 0:
            text = f"{_capitalised(rest)}."
        else:
            text = f"{dice.pick(_PERSONS)} {dice.pick(_APPEARS)} {made.verb} {rest}."
        return Answer(text, self._implied([member], []))

    def _topic(self, about: Sequence[str]) -> Answer:
        known = [id_ for id_ in about if id_ in self._labels]
        present, absent, made = self._chosen(known, MOST_WORDS - 6)
        if made:
            text = self._sentences(made, self._dice.pick(_PERSONS), 0)
            return Answer(text, self._implied(present, absent))
        # Nothing is there, and nothing whose absence is worth a mention: say so of some.
        if not known:
            return Answer(UNKNOWN, ())
        first = {id_: self._entries[id_].present[0] for id_ in known}
        verb = first[known[0]].verb
        some = [id_ for id_ in known if first[id_].verb == verb][:3]
        rests = _joined([first[id_].rest for id_ in some], "or")
        text = f"{self._dice.pick(_PERSONS)} does not appear to {verb} {rests}."
        return Answer(text, self._implied([], some))

    def _describe(self, about: Sequence[str], whole: bool = False) -> Answer | None:
        """A description, in which now and then a group is left out unless it must be whole."""
        asked = frozenset(about) if len(about) < len(self._entries) else None
        lead, gender, skipped = self._lead(asked, whole)
        known = [
            id_
            for id_ in self._known.single
            if id_ in self._labels and id_ not in skipped and (asked is None or id_ in asked)
        ]
        texts = []
        if lead:
            led = self._led(lead, gender)
            begun = _OPENINGS if gender else _OF_NOBODY
            if not led.startswith(("a ", "an ")):
                begun = _OF_ADJECTIVES
            texts.append(f"{self._dice.pick(begun)} {led}.")
        room = MOST_WORDS - len(" ".join(texts).split()) - 3
        present, absent, made = self._chosen(known, room)
        if made:
            who = _PRONOUNS[gender] if lead else self._dice.pick(_PERSONS)
            texts.append(self._sentences(made, who, gender))
        return Answer(" ".join(texts), self._implied([*lead, *present], absent)) if texts else None

    def _lead(self, asked: frozenset[str] | None, whole: bool) -> tuple[list[str], int, set[str]]:
        """Members of groups to begin with, the gender, and ids that would only repeat them."""
        lead: list[str] = []
        skipped: set[str] = set()
        gender = 0
        for group, members in self._known.groups.items():
            # Now and then a group is left out, which makes room for something else.
            if members[0] in skipped or not (whole or self._dice.below(3)):
                continue
            if asked is not None and not asked.issuperset(members):
                continue
            member = self._held(members)
            if member is None or self._misleads(member):
                continue
            skipped |= self._known.same_words[group]
            gender = self._known.gender.get(member, gender)
            lead.append(member)
        return lead, gender, skipped

    def _led(self, lead: Sequence[str], gender: int) -> str:
        """ "an Indian woman in her thirties with a happy expression": members of groups."""
        noun, adjective, age, states, has, of = "", "", "", [], "", ""
        years = {id_: self._entries[id_].years for id_ in lead}
        young = any(of_one and (of_one[1] or OLDEST) < _GROWN_UP for of_one in years.values())
        for id_ in lead:
            said = self._entries[id_].present
            made = self._dice.pick(said)
            text = made.of_gender[gender]
            if id_ in self._known.gender:
                noun = said[-1 if young else 0].rest  # "a man", and "male" of a child
            elif made.verb == "have":
                has = f"with {text}"
            elif years[id_]:
                age = text  # may be "a child of 3 to 9 years"
            elif text.startswith("of "):
                of = text
            elif text[0].isupper():
                adjective = text
            else:
                states.append(text)
        phrased = any(text.startswith(("a ", "an ")) for text in states)
        if not noun and not phrased:
            noun, age = (age, "") if age.startswith("a ") else ("a person", age)
        if phrased or not noun.startswith("a "):
            listed = _joined([text for text in (noun, adjective, age, of, *states) if text])
            return f"{listed} {has}" if has else listed
        named = _with_article(f"{adjective} {noun[2:]}") if adjective else noun
        named = f"{named} {of}" if of else named
        if age:
            named += f" {age}" if age.startswith(("in ", "between ")) else f", {age},"
        if states:
            has = f"{has} who looks {_joined(states)}".strip()
        return f"{named} {has}" if has else named.rstrip(",")

    def _chosen(
        self, known: Sequence[str], room: int
    ) -> tuple[list[str], list[str], list[tuple[str, Wording]]]:
        """Some present and some absent ids, and their wordings, within a number of words."""
        entries, dice = self._entries, self._dice
        here = [id_ for id_ in known if self._labels[id_] and not self._misleads(id_)]
        gone = [id_ for id_ in known if not self._labels[id_] and entries[id_].absent]
        present: list[str] = []
        absent: list[str] = []
        made: list[tuple[str, Wording]] = []
        begun: set[tuple[str, str]] = set()
        for pool, chosen, most in (
            (gone, absent, 1),
            (here, present, _MOST_PRESENT),
            (gone, absent, _MOST_ABSENT),
        ):
            for _ in range(most - len(chosen)):
                if not pool:
                    break
                id_ = pool.pop(dice.below(len(pool)))
                wording = dice.pick(entries[id_].present if pool is here else entries[id_].absent)
                subject = entries[id_].subject
                # Besides its own words a conjunction, and for each verb and subject their own.
                cost = wording.length + 1 + 2 * ((subject, wording.verb) not in begun)
                cost += 5 * (subject != "person" and (subject, "") not in begun)
                if cost > room and made:
                    continue
                room -= cost
                begun |= {(subject, wording.verb), (subject, "")}
                chosen.append(id_)
                made.append((subject, wording))
                rivals = self._known.rivals[id_]
                here[:] = [other for other in here if other not in rivals]
                gone[:] = [other for other in gone if other not in rivals]
        return present, absent, made

    def _sentences(self, made: Iterable[tuple[str, Wording]], who: str, gender: int) -> str:
        """Sentences of wordings, one for the person and one for anything else."""
        by_subject: dict[str, dict[str, list[Wording]]] = {}
        for subject, wording in made:
            by_subject.setdefault(subject, {}).setdefault(wording.verb, []).append(wording)
        texts = []
        for subject, by_verb in by_subject.items():
            verbs = [_infinitive(verb, of, gender, self._dice) for verb, of in by_verb.items()]
            if len(verbs) > 1 and self._dice.below(2):
                verbs.reverse()
            named = who if subject == "person" else f"The {subject}"
            verb = "appears" if self._dice.below(2) else "seems"
            # Commas stand between predicates, as each may hold an "and" of its own.
            begun = f"{', '.join(verbs[:-1])}, and " if len(verbs) > 1 else ""
            texts.append(f"{named} {verb} {begun}{verbs[-1]}.")
        return " ".join(texts)

    def _held(self, members: Sequence[str]) -> str | None:
        """The member of a group that holds, if the labels tell and do not contradict each other."""
        held = [id_ for id_ in members if self._labels.get(id_)]
        left = [id_ for id_ in members if id_ not in self._labels]
        found = held or left
        return found[0] if len(found) == 1 else None

    def _misleads(self, id_: str) -> bool:
        """Whether its word means in another data set's terms what is known to be absent."""
        return any(self._labels.get(other) is False for other in self._known.also_called[id_])

    def _implied(self, present: Iterable[str], absent: Sequence[str]) -> tuple[str, ...]:
        """What an answer states that says these are present and those absent: groups as well."""
        stated = dict.fromkeys(absent, False)
        for id_ in absent:
            pair = self._known.group_of.get(id_, ())
            if len(pair) == 2:
                stated[pair[0] if pair[1] == id_ else pair[1]] = True
        for id_ in present:
            stated |= dict.fromkeys(self._known.group_of.get(id_, ()), False) | {id_: True}
        return tuple(id_ for id_, value in stated.items() if self._labels.get(id_) is value)


def _infinitive(verb: str, wordings: Sequence[Wording], gender: int, dice: _Dice) -> str:
    """An infinitive with all that follows it: "to have wavy black hair, but no bangs or beard"."""
    has = _noun_phrases([f for f in wordings if not f.negative], gender)
    lacks = [f.of_gender[gender] for f in wordings if f.negative]
    if lacks:
        # "no bangs and no beard", or "no bangs or beard"; "not" is never repeated.
        negator = lacks[0].partition(" ")[0]
        if negator == "not" or (dice.below(2) and all(t.startswith("no ") for t in lacks)):
            denial = f"{negator} {_joined([t[len(negator) + 1 :] for t in lacks], 'or')}"
        else:
            denial = _joined(lacks)
        if not has:
            return f"not to {verb} {denial[4:]}" if negator == "not" else f"to {verb} {denial}"
        if dice.below(2) or len(lacks) > 1:
            return f"to {verb} {_joined(has)}, but {denial}"
        has.append(denial)
    return f"to {verb} {_joined(has)}"


def _noun_phrases(wordings: Sequence[Wording], gender: int) -> list[str]:
    """Noun phrases; qualities of one noun go together: "a big pointy nose"."""
    phrases: list[str] = []
    place: dict[str, int] = {}
    for f in wordings:
        at = place.get(f.noun) if f.quality else None
        if at is None:
            if f.quality:
                place[f.noun] = len(phrases)
            phrases.append(f.of_gender[gender])
        else:
            # The quality that came first keeps its article: "an oval" of "an oval face".
            phrases[at] = f"{phrases[at][: -len(f.noun)]}{f.quality} {f.noun}"
    return phrases


def _joined(texts: Sequence[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b, and c"."""
    if len(texts) < 3:
        return f" {last} ".join(texts)
    return f"{', '.join(texts[:-1])}, {last} {texts[-1]}"


def _with_article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
