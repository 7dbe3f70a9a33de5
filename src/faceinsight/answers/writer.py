"""Everything that writing answers needs, prepared for one lexicon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from faceinsight.answers.ages import OLDEST
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.phrasing import (
    Dice,
    capitalised,
    joined,
    predicate,
    with_article,
)
from faceinsight.answers.questions import Question
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


FIXED_TEXTS = (
    UNKNOWN,
    *_APPEARS,
    *_PERSONS,
    *_PRONOUNS,
    *_OPENINGS,
    *_OF_NOBODY,
    *_OF_ADJECTIVES,
    *_SHORT_YES,
    *_SHORT_NO,
    *THEIR,
    "Yes, a person with a look, and an or but not no. No, who looks, does not appear to be so.",
    "It does not seem to be so.",
)
"""Texts with every word of answers that is not the lexicon's."""


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


class Writer:
    """Writes answers with the words of one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        entries = lexicon.entries
        self.say = {id_: e.say for id_, e in entries.items()}
        self.deny = {id_: e.deny for id_, e in entries.items()}
        self.subject = {id_: e.subject for id_, e in entries.items()}
        self.groups = lexicon.groups
        self.group_of = {id_: members for members in self.groups.values() for id_ in members}
        self.rivals = _rivals(lexicon)
        self.single = tuple(id_ for id_ in entries if id_ not in self.group_of)
        self.years = {id_: entry.years for id_, entry in entries.items()}
        self.gender = {
            id_: gender
            for id_, entry in entries.items()
            for gender, word in ((1, "man"), (2, "woman"))
            if word in entry.phrases["synonyms"]
        }
        # "a man", and "male" of a child.
        self.nouns = {id_: (self.say[id_][0].rest, self.say[id_][-1].rest) for id_ in self.gender}
        words = {
            id_: {*e.phrases["synonyms"], *e.phrases["narrower"]} for id_, e in entries.items()
        }
        self.also_called = {
            id_: tuple(
                other
                for other, e in entries.items()
                if other != id_ and not words[id_].isdisjoint(e.phrases["synonyms"])
            )
            for id_ in entries
        }
        # What uses the words of a group's members would only repeat what the group says.
        self.same_words = {
            group: frozenset(
                id_
                for id_ in entries
                if id_ not in members and any(words[id_] & words[m] for m in members)
            )
            for group, members in self.groups.items()
        }

    def write(self, question: Question, labels: Mapping[str, bool], dice: Dice) -> Answer:
        """Answer a question from labels, with choices by the dice."""
        if question.kind == "yes_no":
            return self._yes_no(question.about[0], labels, dice)
        if question.kind == "group":
            return self._group(question.about, labels, dice)
        if question.kind == "topic":
            return self._topic(question.about, labels, dice)
        return self._describe(question.about, labels, dice)

    def _yes_no(self, id_: str, labels: Mapping[str, bool], dice: Dice) -> Answer:
        present = labels.get(id_)
        if present is None:
            return Answer(UNKNOWN, ())
        subject, yes = self.subject[id_], "Yes" if present else "No"
        form = dice.below(4)
        if form == 0:
            text = dice.pick(_SHORT_YES if present else _SHORT_NO)
        else:
            appears = dice.pick(_APPEARS)
            said = self._clause(id_, present, appears, dice)
            text = f"{yes}. The {subject} {said}." if form == 1 else f"{yes}, the {subject} {said}."
        if present:
            return Answer(text, self._implied((id_,), (), labels))
        return Answer(text, self._implied((), (id_,), labels))

    def _clause(self, id_: str, present: bool, appears: str, dice: Dice) -> str:
        if present:
            return f"{appears} {dice.pick(self.say[id_]).infinitive}"
        if self.deny[id_] and self.say[id_][0].negative:
            return f"{appears} {dice.pick(self.deny[id_]).infinitive}"
        plain = "appear to" if appears == "appears to" else "seem to"
        return f"does not {plain} {dice.pick(self.say[id_]).infinitive}"

    def _group(self, members: Sequence[str], labels: Mapping[str, bool], dice: Dice) -> Answer:
        member = _held(members, labels)
        if member is None:
            return Answer(UNKNOWN, ())
        made = dice.pick(self.say[member])
        gender = self.gender.get(member, 0)
        if dice.below(3) == 0:
            text = f"{capitalised(made.of_gender[gender])}."
        else:
            text = (
                f"{dice.pick(_PERSONS)} {dice.pick(_APPEARS)} {made.verb} {made.of_gender[gender]}."
            )
        return Answer(text, self._implied((member,), (), labels))

    def _topic(self, about: Sequence[str], labels: Mapping[str, bool], dice: Dice) -> Answer:
        known = [id_ for id_ in about if id_ in labels]
        present, absent, made = self._chosen(known, labels, MOST_WORDS - 6, dice)
        if made:
            text = self._sentences(made, dice.pick(_PERSONS), 0, dice)
            return Answer(text, self._implied(present, absent, labels))
        # Nothing is there, and nothing whose absence is worth a mention: say so of some.
        if not known:
            return Answer(UNKNOWN, ())
        verb = self.say[known[0]][0].verb
        some = [id_ for id_ in known if self.say[id_][0].verb == verb][:3]
        rests = joined([self.say[id_][0].rest for id_ in some], "or")
        text = f"{dice.pick(_PERSONS)} does not appear to {verb} {rests}."
        return Answer(text, self._implied((), some, labels))

    def _describe(
        self, about: Sequence[str], labels: Mapping[str, bool], dice: Dice, whole: bool = False
    ) -> Answer:
        asked = frozenset(about) if len(about) < len(self.subject) else None
        known = [id_ for id_ in self.single if id_ in labels and (asked is None or id_ in asked)]
        lead, gender, skipped = self._lead(asked, labels, None if whole else dice)
        if skipped:
            known = [id_ for id_ in known if id_ not in skipped]
        opening = ""
        if lead:
            led = self._led(lead, gender, dice)
            begun = _OF_NOBODY if not gender else _OPENINGS
            if not led.startswith(("a ", "an ")):
                begun = _OF_ADJECTIVES
            opening = f"{dice.pick(begun)} {led}."
        room = MOST_WORDS - len(opening.split()) - 3
        present, absent, made = self._chosen(known, labels, room, dice)
        texts = [opening] if opening else []
        if made:
            who = _PRONOUNS[gender] if lead else dice.pick(_PERSONS)
            texts.append(self._sentences(made, who, gender, dice))
        if not texts:
            return Answer(UNKNOWN, ()) if whole else self._describe(about, labels, dice, True)
        return Answer(" ".join(texts), self._implied((*lead, *present), absent, labels))

    def _lead(
        self, asked: frozenset[str] | None, labels: Mapping[str, bool], dice: Dice | None
    ) -> tuple[list[str], int, set[str]]:
        """Members of groups to begin with, the gender, and ids that would only repeat them."""
        lead: list[str] = []
        skipped: set[str] = set()
        gender = 0
        for group, members in self.groups.items():
            # Now and then a group is left out, which makes room for something else.
            if members[0] in skipped or (dice is not None and not dice.below(3)):
                continue
            if asked is not None and not asked.issuperset(members):
                continue
            member = _held(members, labels)
            if member is None or self._misleads(member, labels):
                continue
            skipped |= self.same_words[group]
            gender = self.gender.get(member, gender)
            lead.append(member)
        return lead, gender, skipped

    def _led(self, lead: Sequence[str], gender: int, dice: Dice) -> str:
        """ "an Indian woman in her thirties with a happy expression": members of groups."""
        noun, adjective, age, states, has, of = "", "", "", [], "", ""
        young = any((years := self.years[id_]) and (years[1] or OLDEST) < _GROWN_UP for id_ in lead)
        for id_ in lead:
            said = self.say[id_]
            made = dice.pick(said)
            text = made.of_gender[gender]
            if id_ in self.gender:
                noun = self.nouns[id_][young]
            elif made.verb == "have":
                has = f"with {text}"
            elif self.years[id_]:
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
            listed = joined([text for text in (noun, adjective, age, of, *states) if text])
            return f"{listed} {has}" if has else listed
        named = with_article(f"{adjective} {noun[2:]}") if adjective else noun
        named = f"{named} {of}" if of else named
        if age:
            named += f" {age}" if age.startswith(("in ", "between ")) else f", {age},"
        if states:
            has = f"{has} who looks {joined(states)}".strip()
        return f"{named} {has}" if has else named.rstrip(",")

    def _chosen(
        self, known: Sequence[str], labels: Mapping[str, bool], room: int, dice: Dice
    ) -> tuple[list[str], list[str], list[tuple[str, Wording]]]:
        """Some present and some absent ids, and their wordings, within a number of words."""
        here = [id_ for id_ in known if labels[id_] and not self._misleads(id_, labels)]
        gone = [id_ for id_ in known if not labels[id_] and self.deny[id_]]
        present: list[str] = []
        absent: list[str] = []
        made: list[tuple[str, Wording]] = []
        begun: set[tuple[str, str]] = set()
        for pool, chosen, words, most in (
            (gone, absent, self.deny, 1),
            (here, present, self.say, _MOST_PRESENT),
            (gone, absent, self.deny, _MOST_ABSENT),
        ):
            for _ in range(most - len(chosen)):
                if not pool:
                    break
                id_ = pool.pop(dice.below(len(pool)))
                f = dice.pick(words[id_])
                subject = self.subject[id_]
                # Besides its own words a conjunction, and for each verb and subject their own.
                cost = f.length + 1 + 2 * ((subject, f.verb) not in begun)
                cost += 5 * (subject != "person" and (subject, "") not in begun)
                if cost > room and made:
                    continue
                room -= cost
                begun |= {(subject, f.verb), (subject, "")}
                chosen.append(id_)
                made.append((subject, f))
                if rivals := self.rivals[id_]:
                    here[:] = [other for other in here if other not in rivals]
                    gone[:] = [other for other in gone if other not in rivals]
        return present, absent, made

    def _misleads(self, id_: str, labels: Mapping[str, bool]) -> bool:
        """Whether its word means in another data set's terms what is known to be absent."""
        return any(labels.get(other) is False for other in self.also_called[id_])

    def _sentences(
        self, made: Iterable[tuple[str, Wording]], who: str, gender: int, dice: Dice
    ) -> str:
        """Sentences of wordings, one for the person and one for anything else."""
        by_subject: dict[str, dict[str, list[Wording]]] = {}
        for subject, f in made:
            by_subject.setdefault(subject, {}).setdefault(f.verb, []).append(f)
        texts = []
        for subject, by_verb in by_subject.items():
            verbs = [predicate(verb, fs, gender, dice) for verb, fs in by_verb.items()]
            if len(verbs) > 1 and dice.below(2):
                verbs.reverse()
            named = who if subject == "person" else f"The {subject}"
            verb = "appears" if dice.below(2) else "seems"
            texts.append(f"{named} {verb} {_in_turn(verbs)}.")
        return " ".join(texts)

    def _implied(
        self, present: Iterable[str], absent: Iterable[str], labels: Mapping[str, bool]
    ) -> tuple[str, ...]:
        """What an answer states that says these are present and those absent: groups as well."""
        stated = dict.fromkeys(absent, False)
        for id_ in absent:
            pair = self.group_of.get(id_, ())
            if len(pair) == 2:
                stated[pair[0] if pair[1] == id_ else pair[1]] = True
        for id_ in present:
            for member in self.group_of.get(id_, ()):
                stated[member] = False
            stated[id_] = True
        return tuple(id_ for id_, value in stated.items() if labels.get(id_) is value)


def _rivals(lexicon: Lexicon) -> dict[str, frozenset[str]]:
    """Ids of which one says what the other denies; an answer speaks of one of them."""
    means = {id_: set(entry.phrases["synonyms"]) for id_, entry in lexicon.entries.items()}
    excludes = {
        id_: {*entry.phrases["opposites"], *entry.phrases["antonyms"]}
        for id_, entry in lexicon.entries.items()
    }
    return {
        id_: frozenset(
            other
            for other in means
            if other != id_ and (excludes[id_] & means[other] or excludes[other] & means[id_])
        )
        for id_ in means
    }


def _held(members: Sequence[str], labels: Mapping[str, bool]) -> str | None:
    """The member of a group that holds, if the labels tell; none if they contradict each other."""
    held = [id_ for id_ in members if labels.get(id_)]
    if len(held) == 1:
        return held[0]
    left = [id_ for id_ in members if id_ not in labels]
    return left[0] if not held and len(left) == 1 else None


def _in_turn(verbs: Sequence[str]) -> str:
    """Predicates with commas between them, as each may hold an "and" of its own."""
    if len(verbs) == 1:
        return verbs[0]
    return f"{', '.join(verbs[:-1])}, and {verbs[-1]}"
