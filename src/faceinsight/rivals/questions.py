"""What is asked of a face: yes or no, a list, or one of several in the data set's own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Literal

from faceinsight.common.work import digest
from faceinsight.errors import ParameterError
from faceinsight.method.characteristics import Task, Vocabulary
from faceinsight.rivals.settings import QuestionSettings

Kind = Literal["each", "list", "choice"]

YES, NO = "yes", "no"


def spellings(option: str) -> tuple[str, ...]:
    """How an answer may begin that means this option: `yes`, `Yes`, `YES`; a letter as it is."""
    return tuple(dict.fromkeys((option, option.capitalize(), option.upper())))


@dataclass(frozen=True)
class Question:
    """One question about one face.

    Attributes:
        task: the task that it serves.
        kind: `each`: is this one present? `list`: which of these? `choice`: which one of these?
        text: as the rival is asked, without what its prompt lays around it.
        members: ids of the characteristics that the answer decides.
        options: what may be answered to what it means. `each`: yes and no; `choice`: letters, in
            the order of `members`; `list`: none.
        words: each member's word in the question, in their order.
        max_tokens: most new tokens of the answer.
    """

    task: str
    kind: Kind
    text: str
    members: tuple[str, ...]
    options: tuple[str, ...]
    words: tuple[str, ...]
    max_tokens: int

    @property
    def key(self) -> str:
        """Digest of what is asked; what the answer means does not count."""
        return digest(self.text, self.max_tokens)


def questions_of(
    vocabulary: Vocabulary, dataset: str, settings: QuestionSettings
) -> tuple[Question, ...]:
    """Every question about a face of a data set, in the order of its tasks.

    Raises:
        ParameterError: a task has no question, a group has more members than letters, or a
            characteristic's only name is a number and `questions.words` has no word for it.
    """
    return tuple(
        question
        for task in vocabulary.tasks(dataset)
        for question in _questions(vocabulary, dataset, task, settings)
    )


def _questions(
    vocabulary: Vocabulary, dataset: str, task: Task, settings: QuestionSettings
) -> Iterator[Question]:
    words = tuple(_word(vocabulary, dataset, member, settings.words) for member in task.members)
    if task.one_of:
        yield _choice(task, words, settings)
    elif settings.attributes == "list":
        text = settings.list.replace("{options}", ", ".join(words))
        most = settings.max_tokens["list"]
        yield Question(task.name, "list", text, task.members, (), words, most)
    else:
        phrases = dict(zip(vocabulary.ids, vocabulary.phrases, strict=True))
        for member, word in zip(task.members, words, strict=True):
            text = settings.each.replace("{phrase}", phrases[member])
            most = settings.max_tokens["each"]
            yield Question(task.name, "each", text, (member,), (YES, NO), (word,), most)


def _choice(task: Task, words: tuple[str, ...], settings: QuestionSettings) -> Question:
    if task.name not in settings.choice:
        raise ParameterError(f"rivals.questions.choice has no question for the task '{task.name}'")
    if len(words) > len(ascii_uppercase):
        raise ParameterError(
            f"the task '{task.name}' has {len(words)} classes, more than there are letters to "
            "choose from"
        )
    letters = tuple(ascii_uppercase[: len(words)])
    lines = "\n".join(f"{letter}. {word}" for letter, word in zip(letters, words, strict=True))
    text = settings.choice_form.replace("{question}", settings.choice[task.name])
    text = text.replace("{options}", lines)
    most = settings.max_tokens["choice"]
    return Question(task.name, "choice", text, task.members, letters, words, most)


def _word(vocabulary: Vocabulary, dataset: str, id_: str, words: Mapping[str, str]) -> str:
    """A characteristic in the data set's word, `Wavy Hair` for `Wavy_Hair`."""
    name = vocabulary.characteristics[vocabulary.index[id_]].names[dataset]
    if name.isdigit():
        if id_ not in words:
            raise ParameterError(
                f"rivals.questions.words has no word for '{id_}', which {dataset} calls '{name}'; "
                "a rival cannot know what a number means"
            )
        name = words[id_]
    return name.replace("_", " ")
