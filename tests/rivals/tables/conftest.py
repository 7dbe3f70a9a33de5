"""A small FairFace: eight labelled faces, and settings of a table about them."""

import pandas as pd
import pytest

from tests.label_tables import label_table

AGES = ["20-29", "3-9", "more than 70", "20-29", "30-39", "0-2", "20-29", "30-39"]
RACES = ["White", "Black", "East Asian", "Southeast Asian", "East Asian", "Indian", "White", None]
GENDERS = ["Male", "Female", "Female", "Male", "Male", "Female", "Female", "Male"]


@pytest.fixture
def labels(vocabulary) -> pd.DataFrame:
    """Photographs train/1.jpg to train/4.jpg and val/1.jpg to val/4.jpg."""
    columns = {}
    for task, words in (("age", AGES), ("race", RACES), ("gender", GENDERS)):
        members = next(t for t in vocabulary.tasks("fairface") if t.name == task).members
        names = vocabulary.named_by("fairface")
        for id_ in members:
            columns[id_] = [None if w is None else int(names[id_] == w) for w in words]
    photographs = [f"{part}/{i}.jpg" for part in ("train", "val") for i in range(1, 5)]
    splits = ["train", "train", "train", "val", "test", "test", "test", "test"]
    return label_table(photographs, splits=splits, **columns)


@pytest.fixture
def settings() -> dict:
    """Of a table with a system called S, in plain values."""
    return {
        "file": "answers.csv",
        "dataset": "fairface",
        "photograph": {"column": "file"},
        "systems": {"S": {"race": "race"}},
        "words": {
            "race": {
                "White": "race7_White",
                "Black": "race7_Black",
                "Asian": ["race7_East_Asian", "race7_Southeast_Asian"],
                "Indian": "race7_Indian",
                "none": "refused",
                "Martian": "not in vocabulary",
            }
        },
    }
