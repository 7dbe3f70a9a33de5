"""Questions about a face, and what each asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from faceinsight.answers.lexicon import Entry, Lexicon
from faceinsight.method.characteristics import Vocabulary

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


def questions(vocabulary: Vocabulary, lexicon: Lexicon) -> tuple[Question, ...]:
    """All questions that the project asks.

    Args:
        vocabulary: the characteristics.
        lexicon: their words.

    Returns:
        The request for a description, a question for each group and each topic, and a yes/no
        question for each characteristic that has words, in this order.
    """
    asked = [Question(lexicon.settings.description, vocabulary.ids, "describe")]
    asked += [
        Question(lexicon.group_question(group), members, "group")
        for group, members in lexicon.groups.items()
    ]
    asked += [Question(text, about, "topic") for text, about in lexicon.topics.values()]
    asked += map(yes_no_question, lexicon.entries.values())
    return tuple(asked)


def yes_no_question(entry: Entry) -> Question:
    """ "Does this person appear to have black hair?"."""
    # The last wording of several is the most explicit ("of Black ethnicity" beside "Black").
    wording = entry.say[-1].infinitive
    return Question(f"Does this {entry.subject} appear to {wording}?", (entry.id,), "yes_no")
