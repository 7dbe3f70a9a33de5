"""Hand-written sentences and what they say, read from a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from faceinsight.answers.questions import Question
from faceinsight.method.characteristics import Vocabulary

SHARED = {
    "@white": ["White", "race5_White", "race7_White"],
    "@black": ["Black", "race5_Black", "race7_Black"],
    "@asian": ["Asian", "race5_Asian"],
    "@east": ["Asian", "race5_Asian", "race7_East_Asian"],
    "@southeast": ["Asian", "race5_Asian", "race7_Southeast_Asian"],
    "@indian": ["race5_Indian", "race7_Indian"],
    "@under_18": ["age_0_2", "age_3_9"],
    "@under_30": ["age_0_2", "age_3_9", "age_10_19", "age_20_29"],
    "@under_50": ["age_0_2", "age_3_9", "age_10_19", "age_20_29", "age_30_39", "age_40_49"],
}


@dataclass(frozen=True)
class Sentence:
    text: str
    question: Question | None
    options: Any
    labels: dict[str, bool]
    contradictions: set[str]
    refused: bool

    def __str__(self) -> str:
        return self.text


def read_sentences(name: str, vocabulary: Vocabulary) -> list[Sentence]:
    text = (Path(__file__).parent / name).read_text("utf-8")
    return [_sentence(row, vocabulary) for row in yaml.safe_load(text)]


def _sentence(row: dict[str, Any], vocabulary: Vocabulary) -> Sentence:
    known = {"t", "is", "not", "contra", "refused", "about", "kind", "options"}
    assert set(row) <= known, row
    present = _ids(row.get("is", []), vocabulary)
    absent = _ids(row.get("not", []), vocabulary)
    contradictions = set(_ids(row.get("contra", []), vocabulary))
    labels = dict.fromkeys(absent, False)
    for members in vocabulary.groups.values():
        if set(members) & set(present):
            labels |= dict.fromkeys(members, False)
    labels |= dict.fromkeys(present, True)
    question = None
    if "about" in row:
        about = [id_ for name in row["about"] for id_ in vocabulary.groups.get(name, (name,))]
        question = Question("?", tuple(about), row.get("kind", "group"))
    return Sentence(
        row["t"],
        question,
        row.get("options"),
        {id_: value for id_, value in labels.items() if id_ not in contradictions},
        contradictions,
        row.get("refused", False),
    )


def _ids(names: list[str], vocabulary: Vocabulary) -> list[str]:
    found = [id_ for name in names for id_ in SHARED.get(name, [name])]
    assert set(found) <= set(vocabulary.ids), found
    return found
