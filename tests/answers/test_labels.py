from __future__ import annotations

import pytest

from faceinsight.answers.labels import label_words, labels_of
from faceinsight.method.characteristics import Vocabulary


@pytest.mark.parametrize(
    ("id_", "words"),
    [
        ("age_20_29", "20 to 29 years old"),
        ("age_70_plus", "70 or more years old"),
        ("age_decade_0_9", "0 to 9 years old"),
        ("race7_East_Asian", "East Asian"),
        ("race5_Others", "another race"),
        ("5_o_Clock_Shadow", "5 o clock shadow"),
        ("surprise", "surprised"),
        ("Wavy_Hair", "wavy hair"),
    ],
)
def test_labels_are_words(id_: str, words: str) -> None:
    assert label_words(id_) == words


def test_every_label_of_the_vocabulary_is_words(vocabulary: Vocabulary) -> None:
    for id_ in vocabulary.ids:
        assert "_" not in label_words(id_)


def test_classes_come_first_and_nothing_is_said_twice(vocabulary: Vocabulary) -> None:
    present = ("Smiling", "White", "race7_White", "race5_White", "Female", "age_20_29", "happy")
    said = labels_of(present, vocabulary)
    assert said == ["female", "20 to 29 years old", "White", "happy", "smiling"]


def test_races_of_several_data_sets_are_told_apart(vocabulary: Vocabulary) -> None:
    present = ("White", "race7_Latino_Hispanic", "race5_Others", "Smiling")
    assert labels_of(present, vocabulary) == [
        "Latino Hispanic (FairFace)",
        "another race (UTKFace)",
        "smiling",
        "white (MAAD)",
    ]
    assert labels_of(("race7_Indian", "race5_Indian"), vocabulary) == ["Indian"]
