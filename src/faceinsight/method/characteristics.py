"""One vocabulary of facial characteristics across all data sets.

A characteristic has an id (`Wavy_Hair`, `age_20_29`), a phrase that describes a face which has it,
and a name in each data set that annotates it. Characteristics of which exactly one holds for every
face form a group. A data set's tasks say what is measured on it: `attributes` (each by itself) or a
group (one class of several).

The order of the vocabulary is the order of the columns of every label, probability and rule matrix
in the project, and of the characteristic tokens in the model's input.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, StringConstraints, ValidationError, model_validator

from faceinsight.common.settings import Settings
from faceinsight.errors import VocabularyError

ATTRIBUTES = "attributes"
"""Name of the task that scores single characteristics, beside the tasks that are groups."""

SENSITIVE = (
    *("race5", "race7", "Asian", "White", "Black"),
    *("Pale_Skin", "Attractive", "Chubby", "Big_Lips", "Big_Nose"),
)
"""What is sensitive where a vocabulary, as that of an older model, does not say."""

_Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$", min_length=1)]
_Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class _CharacteristicConfig(Settings):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    phrase: _Phrase
    names: dict[str, str]
    # Of answers in words, which the vocabulary has no part in.
    words: dict[str, Any] | None = None


class VocabularyConfig(Settings):
    """The vocabulary as it stands in `conf/*/characteristics.yml`."""

    characteristics: dict[_Identifier, _CharacteristicConfig]
    groups: dict[_Identifier, list[_Identifier]]
    tasks: dict[_Identifier, dict[_Identifier, _Identifier]]
    # The order, stated where it must survive what does not keep the order of mappings.
    order: list[_Identifier] | None = None
    # Characteristics and groups that are handed out only to whoever asks for them.
    sensitive: list[_Identifier] | None = None
    # Groups, and characteristics outside groups, that do not exist: nobody reads, learns or
    # measures them. An environment adds to it; it could not take a key out of a mapping.
    without: list[_Identifier] = []

    @model_validator(mode="after")
    def _says_no_thing_twice(self) -> VocabularyConfig:
        if self.order is not None and sorted(self.order) != sorted(self.characteristics):
            raise ValueError("order does not name exactly the characteristics")
        known = {*self.characteristics, *self.groups}
        for key in ("sensitive", "without"):
            if unknown := set(getattr(self, key) or ()) - known:
                raise ValueError(
                    f"{key} names '{min(unknown)}', which is nothing of the vocabulary"
                )
        by_phrase: dict[str, str] = {}
        for id_, entry in self.characteristics.items():
            if (other := by_phrase.setdefault(entry.phrase, id_)) != id_:
                raise ValueError(f"{other} and {id_} have the same phrase, '{entry.phrase}'")
        return self


@dataclass(frozen=True)
class Characteristic:
    """One facial characteristic.

    Attributes:
        id: its name in rules, columns and reports.
        phrase: the text whose features are its T_p^0, e.g. "a face with bushy eyebrows".
        names: its name in each data set that annotates it.
        group: the group of which exactly one member holds, if any.
    """

    id: str
    phrase: str
    names: Mapping[str, str]
    group: str | None = None


@dataclass(frozen=True)
class Task:
    """What is measured on a data set.

    Attributes:
        name: `attributes`, `age`, `gender`, `race`, `expression`.
        members: ids of the characteristics it scores, in vocabulary order.
        one_of: True where exactly one member holds (the class with the highest P is the answer).
    """

    name: str
    members: tuple[str, ...]
    one_of: bool


class Vocabulary:
    """An ordered set of characteristics with groups and, for each data set, tasks.

    Attributes:
        sensitive: ids that are handed out only to whoever asks for them, in vocabulary order.

    Args:
        characteristics: in the order of every label and probability matrix.
        groups: group id to member ids; exactly one member holds for every face.
        tasks: data set to task name to group id, or to `attributes`.
        sensitive: ids of characteristics and groups that are handed out only to whoever asks for
            them; those that do not occur are left out.

    Raises:
        VocabularyError: a group or task refers to what does not exist.
    """

    def __init__(
        self,
        characteristics: Iterable[Characteristic],
        groups: Mapping[str, tuple[str, ...]],
        tasks: Mapping[str, Mapping[str, str]],
        sensitive: Iterable[str] = SENSITIVE,
    ) -> None:
        self.characteristics = tuple(characteristics)
        self.groups = {name: tuple(members) for name, members in groups.items()}
        named = {id_ for name in sensitive for id_ in self.groups.get(name, (name,))}
        self.sensitive = tuple(id_ for id_ in self.ids if id_ in named)
        self._tasks = {dataset: dict(of) for dataset, of in tasks.items()}
        self._check()

    @classmethod
    def from_config(cls, config: Mapping[str, Any] | VocabularyConfig) -> Vocabulary:
        """Build the vocabulary from configuration.

        A group that no data set uses is left out together with its members, so that e.g. UTKFace's
        ages are switched to decades by naming another group for its task. What `without` names is
        left out with the tasks that measure it.

        Raises:
            VocabularyError: with one message that names every fault.
        """
        if not isinstance(config, VocabularyConfig):
            try:
                config = VocabularyConfig.model_validate(config)
            except ValidationError as error:
                faults = "; ".join(
                    ": ".join(filter(None, [".".join(map(str, e["loc"])), e["msg"]]))
                    for e in error.errors()
                )
                raise VocabularyError(f"vocabulary: {faults}") from None
        without = set(config.without)
        tasks = {
            dataset: {task: group for task, group in of.items() if group not in without}
            for dataset, of in config.tasks.items()
        }
        used = {group for of in tasks.values() for task, group in of.items() if task != ATTRIBUTES}
        if missing := sorted(used - set(config.groups)):
            raise VocabularyError(f"vocabulary.tasks names groups that do not exist: {missing}")
        group_of: dict[str, str] = {}
        for group, members in config.groups.items():
            for member in members:
                if member not in config.characteristics:
                    raise VocabularyError(
                        f"vocabulary.groups.{group}: there is no characteristic '{member}'"
                    )
                if member in group_of:
                    raise VocabularyError(
                        f"vocabulary.groups.{group}: '{member}' is already in '{group_of[member]}'"
                    )
                group_of[member] = group
        if inside := sorted(without & group_of.keys()):
            raise VocabularyError(
                f"vocabulary.without: '{inside[0]}' is one of the group '{group_of[inside[0]]}': "
                "leave out the whole group, of which exactly one holds"
            )
        # CelebA's and MAAD's attributes hold `Male`, which keeps its group without a task for it.
        for dataset, of in tasks.items():
            if ATTRIBUTES in of.values():
                used |= {
                    g for id_, g in group_of.items() if dataset in config.characteristics[id_].names
                }
        used -= without
        unused = set(config.groups) - used
        characteristics = [
            Characteristic(id_, config.characteristics[id_].phrase, names, group_of.get(id_))
            for id_ in config.order or config.characteristics
            if id_ not in without and group_of.get(id_) not in unused
            for names in [dict(config.characteristics[id_].names)]
        ]
        groups = {name: tuple(m) for name, m in config.groups.items() if name in used}
        sensitive = SENSITIVE if config.sensitive is None else config.sensitive
        return cls(characteristics, groups, tasks, sensitive)

    @classmethod
    def of_model(cls, folder: Path | str) -> Vocabulary:
        """The vocabulary that lies in a saved model's folder."""
        text = (Path(folder) / "vocabulary.json").read_text(encoding="utf-8")
        return cls.from_config(json.loads(text))

    def to_config(self) -> dict[str, Any]:
        """The plain form that `from_config` reads; saved with every model and prediction."""
        return {
            "characteristics": {
                c.id: {"phrase": c.phrase, "names": dict(c.names)} for c in self.characteristics
            },
            "groups": {name: list(members) for name, members in self.groups.items()},
            "tasks": {dataset: dict(of) for dataset, of in self._tasks.items()},
            "order": list(self.ids),
            "sensitive": list(self.sensitive),
        }

    def _check(self) -> None:
        if len(set(self.ids)) != len(self.ids):
            raise VocabularyError("vocabulary: an id occurs twice")
        if not self.ids:
            raise VocabularyError("vocabulary: there is no characteristic")
        for group, members in self.groups.items():
            if len(members) < 2 or len(set(members)) != len(members):
                raise VocabularyError(
                    f"vocabulary.groups.{group}: a group needs two or more different members"
                )
        for dataset in self._tasks:
            self.tasks(dataset)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Ids in vocabulary order."""
        return tuple(c.id for c in self.characteristics)

    @cached_property
    def index(self) -> dict[str, int]:
        """Id to column."""
        return {id_: i for i, id_ in enumerate(self.ids)}

    @cached_property
    def phrases(self) -> tuple[str, ...]:
        """Phrases in vocabulary order."""
        return tuple(c.phrase for c in self.characteristics)

    @property
    def datasets(self) -> tuple[str, ...]:
        """Data sets that have tasks."""
        return tuple(self._tasks)

    def __len__(self) -> int:
        return len(self.characteristics)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.to_config() == other.to_config()

    def __hash__(self) -> int:
        return hash(self.ids)

    def named_by(self, dataset: str) -> dict[str, str]:
        """Id to the data set's own name, for what its label file itself holds.

        Only characteristics that one of the data set's tasks scores are returned; none for a data
        set without tasks.
        """
        if dataset not in self._tasks:
            return {}
        wanted = {member for task in self.tasks(dataset) for member in task.members}
        return {
            c.id: c.names[dataset]
            for c in self.characteristics
            if dataset in c.names and c.id in wanted
        }

    def annotated_by(self, dataset: str) -> tuple[str, ...]:
        """Ids with a known label in this data set: the label columns of its table.

        Beside those that the data set names itself, a group of two of which one is annotated gives
        the other as its complement (CelebA's and MAAD's `Male` gives `Female`).
        """
        named = set(self.named_by(dataset))
        known = named | set(self.complements(dataset).values())
        return tuple(id_ for id_ in self.ids if id_ in known)

    def complements(self, dataset: str) -> dict[str, str]:
        """Annotated id to the id that is its negation, where only one of a pair is annotated."""
        named = set(self.named_by(dataset))
        pairs = {}
        for members in self.groups.values():
            if len(members) == 2:
                known = [m for m in members if m in named]
                if len(known) == 1:
                    pairs[known[0]] = next(m for m in members if m not in named)
        return pairs

    def group_of_task(self, task: str) -> tuple[str, ...]:
        """Members of the group that a data set has as this task, or that is called so."""
        for dataset in self.datasets:
            for t in self.tasks(dataset):
                if t.one_of and t.name == task:
                    return next(g for g in self.groups.values() if set(t.members) <= set(g))
        return self.groups.get(task, ())

    def task_of_group(self, group: str) -> str:
        """The task that a data set has this group as, "race" for `race7`; else the group's name."""
        asked = (task for of in self._tasks.values() for task, t in of.items() if t == group)
        return next(asked, group)

    def tasks(self, dataset: str) -> tuple[Task, ...]:
        """The tasks measured on a data set, in configuration order.

        Raises:
            VocabularyError: the data set is unknown, or a task would score nothing.
        """
        if dataset not in self._tasks:
            raise VocabularyError(
                f"vocabulary.tasks: there is no data set '{dataset}'; there are {list(self._tasks)}"
            )
        groups = [target for target in self._tasks[dataset].values() if target != ATTRIBUTES]
        if missing := sorted(set(groups) - set(self.groups)):
            raise VocabularyError(f"vocabulary.tasks.{dataset}: there is no group {missing}")
        in_other_task = {member for group in groups for member in self.groups[group]}
        tasks = []
        for name, target in self._tasks[dataset].items():
            if target == ATTRIBUTES:
                members = tuple(
                    c.id
                    for c in self.characteristics
                    if dataset in c.names and c.id not in in_other_task
                )
            else:
                members = tuple(
                    c.id
                    for c in self.characteristics
                    if c.id in self.groups[target] and dataset in c.names
                )
            if not members:
                raise VocabularyError(
                    f"vocabulary.tasks.{dataset}.{name}: '{dataset}' names no characteristic of it"
                )
            tasks.append(Task(name, members, target != ATTRIBUTES))
        return tuple(tasks)
