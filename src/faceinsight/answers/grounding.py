"""Labels as facts for a language model's prompt, and how a text stands to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

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
