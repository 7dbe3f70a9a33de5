"""FairFace's reader, against an independent reading of the whole official files."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceinsight.data.readers import read_labels
from faceinsight.errors import VocabularyError
from faceinsight.method.characteristics import Vocabulary
from tests.data.readers.layouts import FAIRFACE_HEAD, good, write

FIELDS = ("age", "gender", "race")
FILES = ("fairface_label_train.csv", "fairface_label_val.csv")


def words(vocabulary: Vocabulary) -> dict[str, dict[str, str]]:
    """For each task the data set's word to the id."""
    named = vocabulary.named_by("fairface")
    return {t.name: {named[m]: m for m in t.members} for t in vocabulary.tasks("fairface")}


def check(table, rows: list[dict[str, str]], vocabulary: Vocabulary) -> None:
    assert table["photograph"].tolist() == [row["file"] for row in rows]
    for field, id_of in words(vocabulary).items():
        of = table[list(id_of.values())]
        assert (of.sum(axis=1) == 1).all()
        assert of.idxmax(axis=1).tolist() == [id_of[row[field]] for row in rows]


def test_whole_files_equal_an_independent_reading(shared: Path, vocabulary: Vocabulary) -> None:
    rows = []
    for name in FILES:
        with (shared / "data/fairface" / name).open(newline="") as stream:
            rows += list(csv.DictReader(stream))
    table = read_labels("fairface", shared / "data/fairface", vocabulary, seed=3).table
    assert len(table) == 97_698
    check(table, rows, vocabulary)
    tests = table["photograph"].str.startswith("val/")
    assert ((table["split"] == "test") == tests).all()
    assert (table["split"] == "val").sum() == pytest.approx(0.1 * 86_744, rel=0.05)


@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_any_layout_reads_back(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, vocabulary: Vocabulary
) -> None:
    columns = data.draw(st.permutations(["file", *FIELDS, "service_test", "note"]))
    folder = tmp_path_factory.mktemp("fairface")
    rows = []
    for part, name in zip(("train", "val"), FILES, strict=True):
        numbers = data.draw(st.lists(st.integers(0, 10**6), min_size=1, max_size=9, unique=True))
        mine = [
            {
                "file": f"{part}/{number}.jpg",
                **{f: data.draw(st.sampled_from(list(w))) for f, w in words(vocabulary).items()},
                "service_test": "True",
                "note": data.draw(st.sampled_from(["", "x, y", "é"])),
            }
            for number in numbers
        ]
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns)
            writer.writeheader()
            writer.writerows(mine)
        rows += mine
    check(read_labels("fairface", folder, vocabulary).table, rows, vocabulary)


def test_fewer_tasks_read_fewer_columns(tmp_path: Path, vocabulary: Vocabulary) -> None:
    config = vocabulary.to_config()
    config["tasks"] = {"fairface": {"gender": "gender"}}
    files = good("fairface", vocabulary)
    files[FILES[1]] = "file,gender\nval/1.jpg,Female\n"
    table = read_labels("fairface", write(tmp_path, files), Vocabulary.from_config(config)).table
    assert list(table.columns[8:]) == ["Male", "Female"]
    assert table["Female"].tolist() == [0, 1, 1]


def test_task_that_the_file_has_no_field_for(tmp_path: Path, vocabulary: Vocabulary) -> None:
    config = vocabulary.to_config()
    config["tasks"]["fairface"]["attributes"] = "attributes"
    config["characteristics"]["Bald"]["names"]["fairface"] = "bald"
    with pytest.raises(VocabularyError, match=r"tasks\.fairface\.attributes: fairface is labelled"):
        read_labels("fairface", tmp_path, Vocabulary.from_config(config))
    config = vocabulary.to_config()
    config["tasks"]["celeba"]["gender"] = "gender"
    with pytest.raises(VocabularyError, match=r"tasks\.celeba\.gender: celeba is labelled with"):
        read_labels("celeba", tmp_path, Vocabulary.from_config(config))


def test_two_classes_of_one_name(tmp_path: Path, vocabulary: Vocabulary) -> None:
    config = vocabulary.to_config()
    config["characteristics"]["age_0_2"]["names"]["fairface"] = "3-9"
    with pytest.raises(
        VocabularyError, match=r"age_0_2\.names\.fairface: another class of 'age' is"
    ):
        read_labels("fairface", tmp_path, Vocabulary.from_config(config))


def test_blank_lines_and_a_file_without_last_line_end(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    files = good("fairface", vocabulary)
    files[FILES[1]] = f"\ufeff{FAIRFACE_HEAD}\n\nval/7.jpg,20-29,Male,White,True"
    table = read_labels("fairface", write(tmp_path, files), vocabulary).table
    assert table["photograph"].tolist()[-1] == "val/7.jpg"
