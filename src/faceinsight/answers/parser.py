"""Free text read into labels: what an answer says of each characteristic, and what it does not.

Words are brought to one form and cut into clauses; in each clause the longest phrases of the
lexicon are found, qualities are bound to their parts, negations reach as far as grammar lets them,
and what is said is put together over the whole text. The work is linear in the text's length, and
no text raises an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from faceinsight.answers.choices import Options
from faceinsight.answers.claims import AgeClaim, Claim, Findings, combine
from faceinsight.answers.clauses import Clause, clauses
from faceinsight.answers.grammar import (
    AFFIRMING,
    COPULAS,
    DENYING,
    ELLIPTIC,
    FINITE,
    NEGATORS,
    PRONOUNS,
)
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.meanings import compile_meanings
from faceinsight.answers.questions import Question
from faceinsight.answers.reader import Reader
from faceinsight.answers.statements import Context, Statement
from faceinsight.answers.words import Normaliser, Words
from faceinsight.method.characteristics import Vocabulary

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
class _Said:
    """Everything that one text claims."""

    claims: list[Claim] = field(default_factory=list)
    ages: list[AgeClaim] = field(default_factory=list)
    told: list[Statement] = field(default_factory=list)
    refused: bool = False


class AnswerParser:
    """Reads answers about faces, the project's own and other systems'.

    Args:
        vocabulary: the characteristics.
        lexicon: their words.
    """

    def __init__(self, vocabulary: Vocabulary, lexicon: Lexicon) -> None:
        self.vocabulary = vocabulary
        self._lexicon = lexicon
        self._normalise = Normaliser(lexicon.settings.variants)
        self._trie = compile_meanings(lexicon, self._normalise)
        self._also = {part: of.also for part, of in lexicon.settings.parts.items() if of.also}
        self._apart = {part for part, of in lexicon.settings.parts.items() if of.apart}
        self.age_classes = {id_ for classes in lexicon.age_groups.values() for id_ in classes}
        self._denying = {
            id_ for id_, entry in lexicon.entries.items() if all(w.negative for w in entry.say)
        }

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
        return self._parsed(text, question, options, None)[0]

    def contradicted(
        self, text: str, labels: Mapping[str, bool], question: Question | None = None
    ) -> tuple[str, ...]:
        """Ids of which a text says something else than `labels`, in vocabulary order.

        A word that several data sets use ("White") contradicts only if none of its readings agrees.
        """
        parsed, _ = self._parsed(text, question, None, labels)
        return tuple(
            id_
            for id_ in self.vocabulary.ids
            if id_ in labels
            and (id_ in parsed.contradictions or parsed.labels.get(id_, labels[id_]) != labels[id_])
        )

    def statements(self, text: str) -> list[Statement]:
        """What each phrase of a text says by itself, in the order of its clauses."""
        said = _Said()
        self._read(text, None, frozenset(), said)
        return said.told

    def _parsed(
        self,
        text: str,
        question: Question | None,
        options: Sequence[str] | Mapping[str, str] | None,
        true: Mapping[str, bool] | None,
    ) -> tuple[ParsedAnswer, Findings]:
        said = _Said()
        asked = frozenset(question.about) if question is not None else frozenset()
        text = _without_echo(text, question)
        picked: list[str] = []
        if options is not None:
            offered = Options.of(options)
            picked = [offered.texts[letter] for letter in offered.chosen(text)]
            if picked and offered.repeated_by(text):
                text = ""
        for part in [*picked, text]:
            self._read(part, question, asked, said)
        found = combine(
            said.claims, said.ages, self.vocabulary, self._lexicon.age_groups, asked, true
        )
        settled = set(found.labels) | found.contradictions
        answered = settled & asked if asked else settled
        order = self.vocabulary.index.__getitem__
        parsed = ParsedAnswer(
            labels={id_: found.labels[id_] for id_ in sorted(found.labels, key=order)},
            contradictions=tuple(sorted(found.contradictions, key=order)),
            refused=said.refused and not answered,
            evidence={id_: found.evidence[id_] for id_ in sorted(settled, key=order)},
        )
        return parsed, found

    def _read(
        self, text: str, question: Question | None, asked: frozenset[str], said: _Said
    ) -> None:
        """Add what a text claims to what is said already."""
        words = self._normalise(text)
        widest = self._lexicon.settings.ages.widest
        reader = Reader(words, self._trie, self._also, asked, widest, self._apart)
        plain = Context(age=bool(asked & self.age_classes))
        pending = question.about if question is not None and question.kind == "yes_no" else ()
        heading, heading_in = plain, -1
        part: str | None = None
        said_in = -1
        for number, clause in enumerate(clauses(words)):
            if clause.end <= clause.first:
                continue
            if clause.opens:
                heading, heading_in = reader.heading(clause.first, clause.end), clause.sentence
                heading.age = heading.age or plain.age
                continue
            if clause.after_blank or (not clause.listed and clause.sentence > heading_in + 2):
                heading = plain
            if pending and not clause.asked:
                first, claims = self._answer(words, clause, pending, number == 0)
                said.claims += claims
                pending = () if claims else pending
            else:
                first = clause.first + _lead(words, clause)
            if first >= clause.end:
                continue
            value = clause.value if clause.value > first else first
            inherited = heading
            if part is not None and (
                words.words[first] in ("it", "they")
                or (clause.sentence == said_in and _verbless(words, first, clause.end))
            ):
                inherited = replace(heading, subject=part)
            reading = reader.read(first, clause.end, value, inherited)
            part = part if reading.part is None else reading.part
            said_in = clause.sentence
            if clause.asked:
                pending = tuple(
                    dict.fromkeys(
                        id_ for c in reading.claims if not c.weak for id_ in c.ids if c.present
                    )
                )
                continue
            said.refused |= reading.refused
            said.told += reading.told
            said.claims += reading.claims
            said.ages += reading.ages

    def _answer(
        self, words: Words, clause: Clause, pending: tuple[str, ...], first: bool
    ) -> tuple[int, list[Claim]]:
        """Yes or no at a clause's beginning, or all that it says: where the rest begins, claims."""
        skip = _lead(words, clause)
        span = words.words[clause.first : clause.end]
        if skip:
            yes = span[0] in AFFIRMING and "not" not in span[1:skip]
        elif "answer" in span and span[-1] in AFFIRMING | DENYING:
            skip, yes = len(span), span[-1] in AFFIRMING  # "The answer is no."
        elif first and set(span) <= ELLIPTIC and not set(span) <= PRONOUNS:
            yes = NEGATORS.isdisjoint(span)
        else:
            return clause.first, []
        evidence = words.excerpt(clause.first, clause.end)
        # "No, there is no beard" after "Has the face no beard?" means that there is none.
        claims = [Claim((id_,), yes, evidence, weak=id_ in self._denying) for id_ in pending]
        return clause.first + skip, claims


def _lead(words: Words, clause: Clause) -> int:
    """How many words at a clause's beginning are a yes or a no by themselves."""
    span = words.words[clause.first : min(clause.first + 3, clause.end)]
    if span[0] in AFFIRMING:
        return 2 if span[1:2] == ["not"] else 1
    if span[0] in DENYING:
        follows = span[1] if len(span) > 1 else ","
        alone = follows in PRONOUNS or follows in (",", "the", "this", "not") or span[0] != "no"
        return 1 if alone else 0
    return 0


def _verbless(words: Words, first: int, end: int) -> bool:
    """Whether a clause goes on with what the one before it speaks of ("..., but not black")."""
    span = words.words[first:end]
    return len(span) <= _FRAGMENT and FINITE.isdisjoint(span) and COPULAS.isdisjoint(span)


def _without_echo(text: str, question: Question | None) -> str:
    """An answer without the question that it repeats first."""
    if question is None:
        return text
    start = text[: len(question.text) + 100].lower().find(question.text.lower())
    if start < 0 or any(c.isalnum() for c in text[:start].replace("Question", "")):
        return text
    return text[start + len(question.text) :]
