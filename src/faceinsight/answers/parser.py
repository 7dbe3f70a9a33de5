"""Free text read into labels: what an answer says of each characteristic, and what it does not.

Words are brought to one form and cut into clauses; in each clause the longest phrases of the
lexicon are found, qualities are bound to their parts, negations reach as far as grammar lets them,
and what is said is put together over the whole text. The work is linear in the text's length, and
no text raises an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from faceinsight.answers import grammar
from faceinsight.answers.choices import Options
from faceinsight.answers.claims import Claim, combine
from faceinsight.answers.clauses import Clause, clauses
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.meanings import Meanings
from faceinsight.answers.questions import Question
from faceinsight.answers.replies import corrections, spoken
from faceinsight.answers.statements import (
    Context,
    Known,
    Reading,
    Statement,
    read_clause,
    read_heading,
)
from faceinsight.answers.verdicts import verdict
from faceinsight.answers.words import BLANK, DASH, NEWLINE, Normaliser, Words

_YES_OR_NO = grammar.YES | grammar.NO

_FRAGMENT = 4
"""A clause of no more words that has no verb goes on with the part that is named before it."""


@dataclass(frozen=True)
class ParsedAnswer:
    """What a text says.

    Attributes:
        labels: id to present (True) or absent; what the text does not settle is left out.
        contradictions: ids that the text both claims and denies, in vocabulary order.
        refused: whether the text declines to answer, and says nothing of what was asked (of
            anything, without a question).
        evidence: id to the words that its label or contradiction is due to.
    """

    labels: dict[str, bool]
    contradictions: tuple[str, ...] = ()
    refused: bool = False
    evidence: dict[str, str] = field(default_factory=dict)


@dataclass
class _Led:
    """A yes or a no that a reply begins with.

    Attributes:
        claims: what it says of what was asked.
        sentence: the last sentence that may tell what it is about.
        asked: ids that it answers.
        apart: whether that is a sentence of its own.
        adds: whether what follows comes on top of it, or takes the place of what was asked.
        follows: statements of that sentence.
    """

    claims: list[Claim]
    sentence: int
    asked: tuple[str, ...]
    apart: bool = False
    adds: bool = False
    follows: list[Statement] = field(default_factory=list)


class AnswerParser:
    """Reads answers about faces, the project's own and other systems'.

    Args:
        lexicon: the words of the characteristics.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        settings, entries = lexicon.settings, lexicon.entries
        self.lexicon = lexicon
        self.vocabulary = lexicon.vocabulary
        self.normalise = Normaliser(settings.variants)
        self._known = Known(
            Meanings(lexicon, self.normalise),
            {part: of.also for part, of in settings.parts.items() if of.also},
            {part for part, of in settings.parts.items() if of.apart},
            settings.ages.widest,
        )
        self.age_classes = {id_ for classes in lexicon.age_groups.values() for id_ in classes}
        ages = {*settings.ages.words, *settings.ages.stages}
        self._of_ages = self.age_classes | {
            id_ for id_, entry in entries.items() if ages & {*entry.synonyms, *entry.narrower}
        }
        # "Neutral" takes the place of "smiling", which loosely means a class of the same group.
        self._groups = [
            frozenset(members).union(
                id_
                for member in members
                for id_, entry in entries.items()
                if not {*entry.synonyms}.isdisjoint(entries[member].loosely)
            )
            for members in lexicon.groups.values()
        ]
        self._kin = [*self._groups, *(frozenset(about) for _, about in lexicon.topics.values())]
        # Who is spoken of: "the woman".
        self._of_persons = {
            id_ for id_, e in entries.items() if {"man", "woman", "person"} & {*e.synonyms}
        }
        self._denying = {id_ for id_, e in entries.items() if all(w.negative for w in e.present)}

    def parse(
        self,
        text: str,
        question: Question | None = None,
        options: Sequence[str] | Mapping[str, str] | None = None,
    ) -> ParsedAnswer:
        """Read an answer.

        Args:
            text: the answer, whatever it is.
            question: what was asked. It gives "yes", "35" and "black" their meaning, and decides
                what a word means that several data sets use ("White").
            options: what there was to choose from, in order or by letter.

        Returns:
            What the text says.
        """
        text = spoken(text)
        if question is not None and question.kind in ("yes_no", "group"):
            for end in corrections(text):
                parsed = self._parsed(end, question, options)
                if {*parsed.labels, *parsed.contradictions} & {*question.about}:
                    return parsed
        return self._parsed(text, question, options)

    def contradicted(
        self, text: str, labels: Mapping[str, bool], question: Question | None = None
    ) -> tuple[str, ...]:
        """Ids of which a text says something else than `labels`, in vocabulary order.

        A word that several data sets use ("White") contradicts only if none of its readings agrees.
        """
        parsed = self._parsed(spoken(text), question, true=labels)
        return tuple(
            id_
            for id_ in self.vocabulary.ids
            if id_ in labels
            and (id_ in parsed.contradictions or parsed.labels.get(id_, labels[id_]) != labels[id_])
        )

    def statements(self, text: str) -> list[Statement]:
        """What each phrase of a text says by itself, in the order of its clauses."""
        said = Reading()
        self._read(text, None, said)
        return said.told

    def names_anything(self, text: str) -> bool:
        """Whether a phrase of the lexicon is among a text's words."""
        return bool(self._known.meanings.find(self.normalise(text).words))

    def _parsed(
        self,
        text: str,
        question: Question | None,
        options: Sequence[str] | Mapping[str, str] | None = None,
        true: Mapping[str, bool] | None = None,
    ) -> ParsedAnswer:
        said = Reading()
        asked = frozenset(question.about) if question is not None else frozenset()
        text = _without_echo(text, question)
        picked: list[str] = []
        if options is not None:
            offered = Options.of(options)
            text = offered.without_list(text)
            picked = [offered.texts[letter] for letter in offered.chosen(text)]
            if picked and offered.repeated_by(text):
                text = ""
        for part in [*picked, text]:
            self._read(part, question, said)
        found = combine(
            said.claims, said.ages, self.vocabulary, self.lexicon.age_groups, asked, true
        )
        settled = set(found.labels) | found.contradictions
        ids = [id_ for id_ in self.vocabulary.ids if id_ in settled]
        return ParsedAnswer(
            labels={id_: found.labels[id_] for id_ in ids if id_ in found.labels},
            contradictions=tuple(id_ for id_ in ids if id_ in found.contradictions),
            refused=said.refused and not (settled & asked if asked else settled),
            evidence={id_: found.evidence[id_] for id_ in ids},
        )

    def _read(self, text: str, question: Question | None, said: Reading) -> None:
        """Add what a text claims to what is said already."""
        words = self.normalise(text)
        asked = frozenset(question.about) if question is not None else frozenset()
        known = replace(self._known, asked=asked)
        plain = Context(age=bool(asked & self.age_classes))
        pending = question.about if question is not None and question.kind == "yes_no" else ()
        heading, heading_in = plain, -1
        part: str | None = None
        said_in = -1
        led: _Led | None = None
        resumes = 0
        for number, clause in enumerate(clauses(words)):
            first, end = clause.first, clause.end
            if end <= first:
                continue
            if clause.opens:
                heading, heading_in = read_heading(words.part(first, end), known), clause.sentence
                heading.age = heading.age or plain.age
                continue
            if clause.after_blank or (not clause.listed and clause.sentence > heading_in + 2):
                heading = plain
            key = words.words[first : clause.value]
            if pending and _YES_OR_NO.isdisjoint(key) and not known.meanings.find(key):
                first = clause.value  # "Result: no"
            yes_or_no = words.words[first] in grammar.AFFIRMING | grammar.DENYING
            if first >= resumes and not clause.asked and (pending or yes_or_no):
                found = verdict(words.words[first:], opens=number == 0)
                if found is not None:
                    resumes = first + found.words
                    if pending and found.yes is not None:
                        led = self._led(words, clause, resumes, found.yes, pending)
                        said.claims += led.claims
                    pending = ()
                    # Whom it is about is read as well: "Yes, he is."
                    first += yes_or_no + (words.words[first + 1 : first + 2] == ["not"])
            if first >= end:
                continue
            inherited = heading
            if part is not None and (
                words.words[first] in ("it", "they")
                or (clause.sentence == said_in and _verbless(words.words[first:end]))
            ):
                inherited = replace(heading, subject=part)
            value = max(0, clause.value - first)
            reading = read_clause(words.part(first, end), value, inherited, known)
            part = part if reading.part is None else reading.part
            said_in = clause.sentence
            if clause.asked:
                sure = [c for c in reading.claims if c.present and not c.weak]
                pending = tuple(dict.fromkeys(id_ for claim in sure for id_ in claim.ids))
                continue
            if led is not None and clause.sentence <= led.sentence:
                led.follows += [one for one in reading.told if one.start >= resumes]
            said.add(reading)
        if led is not None and self._beside(led):
            said.claims = [
                claim for claim in said.claims if all(claim is not c for c in led.claims)
            ]

    def _beside(self, led: _Led) -> bool:
        """Whether what follows a yes or a no speaks of something else than was asked.

        "No, the person does not wear a mustache" says nothing of glasses, while "No, she has blond
        hair" says that it is not black: another quality of the same kind takes the asked one's
        place.
        """
        asked = set(led.asked)
        if led.adds:
            return False
        if asked & self._of_ages and any(one.age is not None for one in led.follows):
            return False
        yes = led.claims[0].present
        other = any(one.beside for one in led.follows)
        for one in led.follows:
            for claim in one.claims:
                if claim.weak or self._of_persons.issuperset(claim.ids):
                    continue
                if not asked.isdisjoint(claim.ids) or any(
                    not kin.isdisjoint(claim.ids) and not kin.isdisjoint(asked)
                    for kin in (self._kin if self._there(claim) and not yes else self._groups)
                ):
                    return False
                # "No. She is young." only goes on; "No. There is no hat." answers another question.
                other = other or one.denied is not yes or not led.apart
            other = other or (one.age is not None and not led.apart)
        return other

    def _there(self, claim: Claim) -> bool:
        """Whether something is there: no beard's absence is a beard."""
        return claim.present is self._denying.isdisjoint(claim.ids)

    def _led(
        self, words: Words, clause: Clause, end: int, yes: bool, pending: tuple[str, ...]
    ) -> _Led:
        """What a yes or a no claims that goes from a clause's beginning up to word `end`."""
        evidence = words.excerpt(clause.first, end)
        # "No, there is no beard" after "Has the face no beard?" means that there is none.
        claims = [Claim((id_,), yes, evidence, weak=id_ in self._denying) for id_ in pending]
        ended = sum(_ends_sentence(words, place) for place in range(clause.first, end))
        apart = end == len(words) or _ends_sentence(words, end)
        last = next((at for at in range(end, len(words)) if _ends_sentence(words, at)), len(words))
        rest = [word for word in words.words[end:last] if word not in (",", DASH)]
        # "No, but he has a beard", "No, only a beard", "Yes, and a hat": the yes or no stands.
        adds = bool(rest) and (rest[0] in grammar.BESIDES or not grammar.INSTEAD.isdisjoint(rest))
        return _Led(claims, clause.sentence + ended + apart, pending, apart, adds)


def _ends_sentence(words: Words, place: int) -> bool:
    return place < len(words) and words.words[place] in (".", "!", ";", NEWLINE, BLANK)


def _verbless(words: Sequence[str]) -> bool:
    """Whether a clause goes on with what the one before it speaks of ("..., but not black")."""
    return len(words) <= _FRAGMENT and (grammar.FINITE | grammar.COPULAS).isdisjoint(words)


def _without_echo(text: str, question: Question | None) -> str:
    """An answer without the question that it repeats first."""
    if question is None:
        return text
    start = text[: len(question.text) + 100].lower().find(question.text.lower())
    if start < 0 or any(c.isalnum() for c in text[:start].replace("Question", "")):
        return text
    return text[start + len(question.text) :]
