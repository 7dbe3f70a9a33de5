from __future__ import annotations

import pandas as pd
import pytest

from faceinsight.answers.labels import label_words, labels_of, summary_text
from faceinsight.method.characteristics import Vocabulary


def face(vocabulary: Vocabulary, *present: str, **columns: object) -> dict[str, object]:
    return columns | {f"d_{id_}": int(id_ in present) for id_ in vocabulary.ids}


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


def test_a_summary_counts_and_puts_the_first_faces_in_words(vocabulary: Vocabulary) -> None:
    faces = pd.DataFrame(
        [
            face(vocabulary, "Male", photograph="a.jpg", face=1),
            face(vocabulary, "Female", "Bangs", photograph="a.jpg", face=2),
            face(vocabulary, photograph="b.jpg", face=1),
            face(vocabulary, "sad", photograph="c.jpg", face=1),
        ]
    )
    reasons = ["truncated", "no face found", "no face found"]
    skipped = pd.DataFrame({"photograph": ["x", "y", "z"], "reason": reasons, "message": "."})
    text = summary_text(faces, skipped, vocabulary)
    assert "Scored 4 faces in 3 photographs." in text
    assert "Skipped 3: 2 no face found, 1 truncated." in text
    assert "a.jpg, face 2, appears female, bangs\n" in text
    assert "b.jpg, face 1, appears with none of the characteristics" in text
    assert "c.jpg" not in text
    assert "Skipped" not in summary_text(faces.head(1), skipped.head(0), vocabulary)
    assert "1 face in 1 photograph." in summary_text(faces.head(1), skipped, vocabulary)
