"""Labels as facts for a language model's prompt, and how a text stands to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from faceinsight.answers import grammar
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question
from faceinsight.answers.settings import EntrySettings
from faceinsight.answers.wording import Wording


def grounding(
    labels: Mapping[str, bool], lexicon: Lexicon, about: Collection[str] | None = None
) -> str:
    """Labels as short facts, e.g. "Age: in their thirties. Looks: young. Absent: a hat."

    Args:
        labels: id to present (True) or absent; what is unknown is left out.
        about: ids to speak of, and of their groups the member that holds; None speaks of all.

    Returns:
        One line; empty if nothing is known. The parser reads the same labels back from it.
    """
    wanted = set(lexicon.entries if about is None else about)
    lines: dict[str, list[str]] = {}
    for group, members in lexicon.groups.items():
        held = [id_ for id_ in members if labels.get(id_)]
        if held and not wanted.isdisjoint(members):
            name = lexicon.group_name(group).capitalize()
            lines[name] = [lexicon.entries[id_].present[0].rest for id_ in held]
    for kind in ("Looks", "Not", "Present", "Absent"):
        lines[kind] = []
    grouped = {id_ for members in lexicon.groups.values() for id_ in members}
    for id_, entry in lexicon.entries.items():
        if id_ in wanted and id_ not in grouped and id_ in labels:
            kind, text = _fact(entry, labels[id_])
            lines[kind].append(text)
    return " ".join(f"{name}: {', '.join(texts)}." for name, texts in lines.items() if texts)


def _fact(entry: EntrySettings, present: bool) -> tuple[str, str]:
    """Under which heading a characteristic stands, and its words there."""
    said = entry.present[0]
    if said.negative:
        # "no beard" is said of nobody with a beard by what is there: "a beard".
        other = entry.absent[0] if entry.absent else Wording(said.verb, said.rest.partition(" ")[2])
        said, present = (said, True) if present else (other, True)
    if said.verb == "be":
        return ("Looks" if present else "Not"), said.rest
    return ("Present" if present else "Absent"), said.rest


def facts(question: Question, labels: Mapping[str, bool], lexicon: Lexicon) -> str:
    """Labels as facts for one sentence: "She appears to be young; to have wavy hair, no beard".

    Args:
        question: its ids are spoken of, one or more, all known and of one subject. The fact that
            answers a yes/no question stands after a yes or a no.
        labels: id to present (True) or absent.
    """
    about, entries = question.about, lexicon.entries
    subject, gender = f"the {entries[about[0]].subject}", 0
    if subject == "the person" and question.kind != "yes_no":
        for number, (word, pronoun) in enumerate((("man", "he"), ("woman", "she")), 1):
            named = {id_ for id_, entry in entries.items() if word in entry.synonyms}
            if any(labels.get(id_) for id_ in named) and named.isdisjoint(about):
                subject, gender = pronoun, number
    told: dict[str, list[str]] = {}
    for id_ in about:
        verb, rest = infinitive(entries[id_], labels[id_], gender)
        told.setdefault(verb, []).append(rest)
    joined = "; ".join(f"{verb} {', '.join(rests)}" for verb, rests in told.items())
    if question.kind == "yes_no":
        return f"{'yes' if labels[about[0]] else 'no'}, {subject} appears {joined}"
    return f"{subject.capitalize()} appears {joined}"


def infinitive(entry: EntrySettings, present: bool, gender: int = 0) -> tuple[str, str]:
    """A verb that may be denied and what follows it: "to wear", "a hat"; "not to be", "smiling".

    Args:
        entry: words of a characteristic.
        present: whether it is there.
        gender: place in `THEIR`.
    """
    said = entry.present[0] if present or not entry.absent else entry.absent[0]
    rest = said.of_gender[gender]
    denied = rest.startswith("not ") or not (present or entry.absent)
    return f"{'not ' if denied else ''}to {said.verb}", rest.removeprefix("not ")


def baseless(text: str, question: Question, parser: AnswerParser) -> list[str]:
    """Words of a text, as written, that neither labels nor plain English account for.

    Accounted for are: words that state nothing of a face by themselves (`plain` in `grammar.yml`);
    those of a question, but for a yes/no question; parts of the face that belong to what was asked;
    and the words of a phrase that states a label, and no more than that; where it denies one, only
    if the text was to. "In a park" is baseless, and so are "beautiful", where somebody is
    attractive, the "black" of "black eyes", and "no man" of a woman.

    Args:
        text: whatever it says of labels agrees with them.
        question: what was asked; its ids are those that the text is to state.
        parser: knows the words.
    """
    entries, phrase = parser.lexicon.entries, parser.normalise.phrase
    founded = set(grammar.PLAIN)
    if question.kind != "yes_no":
        founded.update(phrase(question.text))
    for id_ in question.about:
        for exact in _exact(entries[id_]):
            founded.update(phrase(exact.partition("~")[2]))
    words = parser.normalise(text)
    known: set[int] = set()
    for one in parser.statements(text):
        ids = [id_ for claim in one.claims for id_ in claim.ids]
        ids += question.about if one.age is not None else ()
        if one.denied and {*question.about}.isdisjoint(ids):
            continue
        of = {word for id_ in ids for exact in _exact(entries[id_]) for word in phrase(exact)}
        known.update(at for at in range(one.start, one.end) if words.words[at] in of)
    loose = [
        words.raw[at]
        for at, word in enumerate(words.words)
        if word not in founded and at not in known and word[0].isalnum()
    ]
    return list(dict.fromkeys(loose))


def repeated(text: str, parser: AnswerParser) -> list[str]:
    """Phrases, in normal form, with which a text states labels more than once."""
    words = parser.normalise(text).words
    said = Counter(
        " ".join(words[start:end])
        for start, end in dict.fromkeys(
            (one.start, one.end) for one in parser.statements(text) if one.claims or one.age
        )
    )
    return [phrase for phrase, times in said.items() if times > 1]


def _exact(entry: EntrySettings) -> list[str]:
    """Phrases and wordings that say that a characteristic is present or absent, and no more."""
    lists = (entry.say, entry.deny, entry.synonyms, entry.opposites, entry.wider, entry.missing)
    return [phrase for phrases in lists for phrase in phrases]


def misstated(
    ids: Iterable[str], labels: Mapping[str, bool], groups: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Of ids that a text contradicts, those that it is wrong to name.

    "Between 20 and 59" of someone in their fifties contradicts both ages, since it names two; wrong
    is the first. Where a group's true member is denied and no other is named, that one stays.

    Args:
        ids: what `AnswerParser.contradicted` found.
        labels: id to present (True) or absent.
        groups: ids of which exactly one holds.
    """
    found = tuple(ids)
    held = {
        id_
        for members in groups.values()
        if any(member in found and not labels.get(member) for member in members)
        for id_ in members
        if labels.get(id_)
    }
    return tuple(id_ for id_ in found if id_ not in held)


def stated(labels: Mapping[str, bool], groups: Mapping[str, Sequence[str]]) -> dict[str, bool]:
    """Labels without those that only follow: who is in their thirties is of no other age.

    Args:
        groups: ids of which exactly one holds.
    """
    implied = {
        id_
        for members in groups.values()
        if any(labels.get(member) for member in members)
        for id_ in members
        if not labels.get(id_)
    }
    return {id_: value for id_, value in labels.items() if id_ not in implied}


def unfounded(
    text: str, question: Question | None, known: Collection[str], parser: AnswerParser
) -> list[str]:
    """Ids that a text speaks of although nothing is known of them, in the order of its words.

    A word that several data sets use ("White"), or that says several things ("young"), is founded
    if one of them is known, and so is a pronoun.

    Args:
        question: what was asked, for answers as short as "Yes."; None where it is no known one.
        known: ids of which something is known.
    """
    said = parser.parse(text, question).labels
    loose: dict[str, None] = {}
    for statement in parser.statements(text):
        ids = [id_ for claim in statement.claims if not claim.weak for id_ in claim.ids]
        if statement.age is not None and statement.age.kind:
            ids += [id_ for id_ in parser.age_classes if said.get(id_)]
        if ids and not any(id_ in known for id_ in ids):
            loose[ids[0]] = None
    if question is not None and not any(id_ in known for id_ in question.about):
        loose |= dict.fromkeys(id_ for id_ in question.about if id_ in said)
    return list(loose)


def on_topic(labels: Collection[str], question: Question | None) -> bool:
    """Whether an answer that says something of `labels` speaks of what was asked.

    Args:
        labels: ids of which the answer settles something.
        question: what was asked; where it is no known one, anything will do.
    """
    return bool(labels) if question is None else not set(question.about).isdisjoint(labels)
