"""Labels in plain words: how a face appears to a model, which is no fact about a person."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from faceinsight.data.registry import dataset_name
from faceinsight.method.characteristics import Vocabulary

CAUTION = "How faces appear to a model, not facts about people."

_AGE = re.compile(r"age(?:_decade)?_(\d+)_(\d+|plus)")
_RACE = re.compile(r"race\d+_(.+)")
_WORDS = {
    "disgust": "disgusted",
    "fear": "fearful",
    "surprise": "surprised",
    "race5_Others": "another race",
}
_RACES = ("Asian", "Black", "White")
"""MAAD's classes of race, which exclude one another but are no group."""


def label_words(id_: str) -> str:
    """One label as words: `age_20_29` is "20 to 29 years old", `Wavy_Hair` is "wavy hair"."""
    if id_ in _WORDS:
        return _WORDS[id_]
    if age := _AGE.fullmatch(id_):
        last = "or more" if age[2] == "plus" else f"to {age[2]}"
        return f"{age[1]} {last} years old"
    if race := _RACE.fullmatch(id_):
        return race[1].replace("_", " ")
    return id_.replace("_", " ").lower()


def is_race(id_: str) -> bool:
    """Whether a characteristic is a class of race."""
    return id_ in _RACES or _RACE.fullmatch(id_) is not None


def present_in(face: Mapping[Any, Any], vocabulary: Vocabulary) -> list[str]:
    """Ids that are present by a row of a table of faces, which may lack some of the vocabulary."""
    return [id_ for id_ in vocabulary.ids if face.get(f"d_{id_}") == 1]


def labels_of(present: Collection[str], vocabulary: Vocabulary) -> list[str]:
    """The labels of a face in words, classes of groups first; what two data sets say alike once.

    Data sets divide races differently. Where their classes differ in words, each is told with the
    data set whose it is: "Latino Hispanic (FairFace), another race (UTKFace)".
    """
    in_groups = [member for members in vocabulary.groups.values() for member in members]
    singles = [id_ for id_ in vocabulary.ids if id_ not in set(in_groups)]
    listed = [id_ for id_ in (*in_groups, *singles) if id_ in present]
    races = set(filter(is_race, listed))
    several = len({label_words(id_).lower() for id_ in races}) > 1
    names = {c.id: c.names for c in vocabulary.characteristics}
    said: dict[str, str] = {}
    for id_ in listed:
        words = label_words(id_)
        if several and id_ in races:
            words += f" ({', '.join(dataset_name(name) for name in names[id_])})"
        said.setdefault(words.lower(), words)
    return list(said.values())
