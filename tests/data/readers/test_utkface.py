"""UTKFace's reader: labels in names, names that lack a part, and ages in the vocabulary's bins."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceinsight.data.readers import read_labels
from faceinsight.errors import VocabularyError
from faceinsight.method.characteristics import Vocabulary
from tests.data.readers.layouts import write


def with_decades(vocabulary_config: dict) -> dict:
    vocabulary_config["tasks"]["utkface"]["age"] = "age_decades"
    return vocabulary_config


@pytest.fixture(scope="module")
def decades(project_root: Path) -> Vocabulary:
    import yaml

    text = (project_root / "conf/base/characteristics.yml").read_text(encoding="utf-8")
    return Vocabulary.from_config(with_decades(yaml.safe_load(text)["vocabulary"]))


def age_id(age: int) -> str:
    if age < 3:
        return "age_0_2"
    if age < 10:
        return "age_3_9"
    return "age_70_plus" if age >= 70 else f"age_{age // 10}0_{age // 10}9"


def decade_id(age: int) -> str:
    if age < 10:
        return "age_decade_0_9"
    return "age_decade_90_plus" if age >= 90 else f"age_decade_{age // 10}0_{age // 10}9"


def test_real_folder(shared: Path, vocabulary: Vocabulary, decades: Vocabulary) -> None:
    folder = shared / "data/utkface"
    of = {}
    for path in (folder / "UTKFace").iterdir():
        parts = path.name.split("_")
        if len(parts) == 4:
            of[f"UTKFace/{path.name}"] = [int(part) for part in parts[:3]]
    labels = read_labels("utkface", folder, vocabulary)
    assert len(labels.table) == len(of) == 9_890
    assert labels.skipped["file"].tolist() == [
        "39_1_20170116174525125.jpg.chip.jpg",
        "61_1_20170109142408075.jpg.chip.jpg",
        "61_1_20170109150557335.jpg.chip.jpg",
    ]
    assert set(labels.skipped["reason"]) == {"the name is not age_gender_race_time.jpg"}
    races = ["race5_White", "race5_Black", "race5_Asian", "race5_Indian", "race5_Others"]
    for vocabulary_, prefix, id_of in ((vocabulary, "age_", age_id), (decades, "age_", decade_id)):
        table = read_labels("utkface", folder, vocabulary_).table.set_index("photograph")
        truth = [of[name] for name in table.index]
        ages = table[[c for c in table.columns if c.startswith(prefix)]]
        assert ages.idxmax(axis=1).tolist() == [id_of(age) for age, _, _ in truth]
        assert (ages.sum(axis=1) == 1).all()
        assert table["years"].tolist() == [age for age, _, _ in truth]
        assert table["Female"].tolist() == [gender for _, gender, _ in truth]
        assert table["Male"].tolist() == [1 - gender for _, gender, _ in truth]
        assert table[races].idxmax(axis=1).tolist() == [races[race] for _, _, race in truth]


@settings(max_examples=8, deadline=None)
@given(
    faces=st.lists(
        st.tuples(st.integers(0, 116), st.integers(0, 1), st.integers(0, 4)),
        min_size=1,
        unique=True,
    ),
    tail=st.sampled_from([".jpg.chip.jpg", ".jpg", " .jpg.chip.jpg", "jpg.chip.jpg", ".JPG"]),
)
def test_any_layout_reads_back(
    faces: list[tuple[int, int, int]],
    tail: str,
    tmp_path_factory: pytest.TempPathFactory,
    vocabulary: Vocabulary,
) -> None:
    folder = tmp_path_factory.mktemp("utkface")
    write(folder, {f"UTKFace/{a}_{g}_{r}_20170116174525125{tail}": b"" for a, g, r in faces})
    labels = read_labels("utkface", folder, vocabulary)
    assert labels.skipped.empty
    table = labels.table.set_index("photograph")
    assert len(table) == len(faces)
    for age, gender, race in faces:
        row = table.loc[f"UTKFace/{age}_{gender}_{race}_20170116174525125{tail}"]
        present = {id_ for id_ in vocabulary.annotated_by("utkface") if row[id_] == 1}
        races = ("White", "Black", "Asian", "Indian", "Others")
        assert present == {age_id(age), ("Male", "Female")[gender], f"race5_{races[race]}"}


def test_what_cannot_be_used_is_listed_with_its_reason(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    write(
        tmp_path,
        {
            f"UTKFace/{name}": b""
            for name in (
                "25_0_2_1.jpg", "25_3_2_1.jpg", "25_0_7_1.jpg", "25_0_1.jpg", "x_0_1_2.jpg",
                ".DS_Store", "25_0_2_.jpg", "25_0_2_back\\slash.jpg", "25_0_2_1.jpg.txt",
            )
        },
    )  # fmt: skip
    (tmp_path / "UTKFace/25_0_2_folder.jpg").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "UTKFace") + b"/25_0_2_\xff.jpg")).touch()
    labels = read_labels("utkface", tmp_path, vocabulary)
    assert labels.table["photograph"].tolist() == ["UTKFace/25_0_2_1.jpg"]
    reasons = dict(zip(labels.skipped["file"], labels.skipped["reason"], strict=True))
    assert reasons.pop("25_3_2_1.jpg") == "gender 3 is none of the vocabulary's classes"
    assert reasons.pop("25_0_7_1.jpg") == "race 7 is none of the vocabulary's classes"
    assert set(reasons.values()) == {"the name is not age_gender_race_time.jpg"}
    assert set(reasons) == {
        ".DS_Store", "25_0_1.jpg", "25_0_2_.jpg", "25_0_2_1.jpg.txt", "25_0_2_\\xff.jpg",
        "25_0_2_back\\slash.jpg", "x_0_1_2.jpg",
    }  # fmt: skip
    labels.skipped.to_parquet(tmp_path / "skipped.parquet")


def test_fewer_bins_leave_ages_out(tmp_path: Path, vocabulary: Vocabulary) -> None:
    config = vocabulary.to_config()
    config["characteristics"]["age_70_plus"]["names"]["utkface"] = "70-99"
    write(tmp_path, {f"UTKFace/{age}_0_0_1.jpg": b"" for age in (69, 70, 99, 100)})
    labels = read_labels("utkface", tmp_path, Vocabulary.from_config(config))
    assert labels.table["age_70_plus"].sum() == 2
    assert labels.skipped["reason"].tolist() == ["age 100 is none of the vocabulary's classes"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "older",
            r"age_70_plus\.names\.utkface is 'older', but a class of age is a number such as 4",
        ),
        ("80-70", r"age_70_plus\.names\.utkface is '80-70'"),
        ("69+", r"age 69 of utkface is in two classes: age_60_69 and age_70_plus"),
    ],
)
def test_bins_that_cannot_be(
    name: str, message: str, tmp_path: Path, vocabulary: Vocabulary
) -> None:
    config = vocabulary.to_config()
    config["characteristics"]["age_70_plus"]["names"]["utkface"] = name
    with pytest.raises(VocabularyError, match=message):
        read_labels("utkface", tmp_path, Vocabulary.from_config(config))
