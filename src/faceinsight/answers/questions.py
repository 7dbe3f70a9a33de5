"""Questions about a face, and what each asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from faceinsight.answers.lexicon import Lexicon

Kind = Literal["describe", "group", "topic", "yes_no"]


@dataclass(frozen=True)
class Question:
    """A question about a face.

    Attributes:
        text: as it is put.
        about: ids of the characteristics that it asks for.
        kind: "describe" (everything), "group" (the one member that holds), "topic" (several
            characteristics) or "yes_no" (one of them).
    """

    text: str
    about: tuple[str, ...]
    kind: Kind


def questions(lexicon: Lexicon) -> tuple[Question, ...]:
    """All questions that the project asks.

    Returns:
        The request for a description, a question for each group and each topic, and a yes/no
        question for each characteristic that has words, in this order.
    """
    asked = [Question(lexicon.settings.description, lexicon.vocabulary.ids, "describe")]
    asked += [
        Question(lexicon.group_question(group), members, "group")
        for group, members in lexicon.groups.items()
    ]
    asked += [Question(text, about, "topic") for text, about in lexicon.topics.values()]
    asked += [yes_no_question(id_, lexicon) for id_ in lexicon.entries]
    return tuple(asked)


def yes_no_question(id_: str, lexicon: Lexicon) -> Question:
    """ "Does this person appear to have black hair?"."""
    # The last wording of several is the most explicit ("of Black ethnicity" beside "Black").
    entry = lexicon.entries[id_]
    wording = entry.present[-1].infinitive
    return Question(f"Does this {entry.subject} appear to {wording}?", (id_,), "yes_no")
