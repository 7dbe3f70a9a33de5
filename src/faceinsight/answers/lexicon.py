"""The lexicon for one vocabulary: words for its characteristics, groups and topics."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from faceinsight.answers.settings import LexiconSettings, Years
from faceinsight.errors import ParameterError
from faceinsight.method.characteristics import Vocabulary


class Lexicon:
    """Words for the characteristics of a vocabulary; of those without words nothing is said.

    Args:
        settings: the configured words; what the vocabulary does not have is left out.

    Attributes:
        settings: as given, of the vocabulary's characteristics alone.
        vocabulary: as given.
        entries: words by id, in vocabulary order.
        groups: the vocabulary's, of which every member has words.
        topics: name to question and ids, of which one or more have words.

    Raises:
        ParameterError: the years of a group's members overlap or leave a gap.
    """

    def __init__(self, settings: LexiconSettings, vocabulary: Vocabulary) -> None:
        words = {i: w for i in vocabulary.ids if (w := settings.characteristics.get(i))}
        self.settings = settings.model_copy(update={"characteristics": words})
        self.vocabulary = vocabulary
        self.entries = words
        self.groups = {g: m for g, m in vocabulary.groups.items() if words.keys() >= {*m}}
        self.topics = {
            name: (topic.question, known)
            for name, topic in settings.topics.items()
            if (known := tuple(id_ for id_ in topic.about if id_ in words))
        }
        self._check_years()

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any] | LexiconSettings, vocabulary: Vocabulary
    ) -> Lexicon:
        """Build from configuration (`answers`), or from what `to_config` gives.

        Raises:
            ParameterError: with one message that names every fault.
        """
        if not isinstance(config, LexiconSettings):
            try:
                config = LexiconSettings.model_validate(config)
            except ValidationError as error:
                faults = "; ".join(
                    ": ".join(filter(None, [".".join(map(str, fault["loc"])), fault["msg"]]))
                    for fault in error.errors()
                )
                raise ParameterError(f"answers: {faults}") from None
        return cls(config, vocabulary)

    def to_config(self) -> dict[str, Any]:
        """The plain form that `from_config` reads; may be saved with a model."""
        return self.settings.model_dump(mode="json", exclude_defaults=True)

    @cached_property
    def age_groups(self) -> dict[str, dict[str, Years]]:
        """Groups whose members are classes of ages: group to id to first and last year."""
        return {
            group: years
            for group, members in self.groups.items()
            if len(years := {m: y for m in members if (y := self.entries[m].years)}) == len(members)
        }

    def group_name(self, group: str) -> str:
        """What a group is called, e.g. "ethnicity" for race7."""
        known = self.settings.groups.get(group)
        return known.name if known else group.replace("_", " ")

    def group_question(self, group: str) -> str:
        """The question for the member of a group that holds."""
        known = self.settings.groups.get(group)
        if known:
            return known.question
        return f"What is the apparent {self.group_name(group)} of this person?"

    def _check_years(self) -> None:
        aged = {id_ for id_, entry in self.entries.items() if entry.years is not None}
        for years in self.age_groups.values():
            aged -= set(years)
            ranges = sorted(years.items(), key=lambda item: item[1][0])
            for (one, (_, last)), (other, (first, _)) in pairwise(ranges):
                if last is None or first != last + 1:
                    raise ParameterError(
                        f"answers.characteristics: the years of {one} and {other} overlap or leave "
                        "a gap; each class must begin the year after the last ends"
                    )
        if aged:
            raise ParameterError(
                f"answers.characteristics.{min(aged)} has years, but not every member of its group "
                "has; give them to all members or to none"
            )
