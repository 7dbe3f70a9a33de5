"""Every fault of a label file ends in one sentence that names file, line and expectation."""
# ruff: noqa: E501 -- the faults are a table, one a line

from pathlib import Path

import pytest

from faceinsight.data.readers import read_labels
from faceinsight.data.registry import DATA_SETS
from faceinsight.errors import FaceInsightError, LabelFileError
from faceinsight.method.characteristics import Vocabulary
from tests.data.readers.layouts import FAIRFACE_HEAD, good, write

CELEBA, PARTS = "list_attr_celeba.txt", "list_eval_partition.txt"
MAAD, EXPW, RAFDB = "MAAD_Face.csv", "label.lst", "EmoLabel/list_patition_label.txt"
TRAIN, VAL = "fairface_label_train.csv", "fairface_label_val.csv"
UNSAFE = "must be a relative path with forward slashes that stays in the data set's folder"
DATE = "which a spreadsheet has made of '{}' as if it were a date: take the original file"


def swap(old: str, new: str):
    def change(content: str | bytes) -> str | bytes:
        text = content.decode() if isinstance(content, bytes) else content
        assert old in text
        return text.replace(old, new, 1)

    return change


def to(content: str | bytes):
    return lambda _: content


# data set, file, change (None: delete), message after the file's path
FAULTS = [
    ("celeba", CELEBA, None, " is missing: put CelebA's list_attr_celeba.txt there"),
    ("celeba", PARTS, None, " is missing: put CelebA's list_eval_partition.txt there"),
    ("maad", MAAD, None, " is missing: put MAAD-Face's MAAD_Face.csv there"),
    ("fairface", TRAIN, None, " is missing: put FairFace's fairface_label_train.csv there"),
    ("fairface", VAL, None, " is missing: put FairFace's fairface_label_val.csv there"),
    ("expw", EXPW, None, " is missing: put ExpW's label.lst there"),
    ("rafdb", RAFDB, None, " is missing: put RAF-DB's list_patition_label.txt there"),
    ("celeba", CELEBA, to(""), " is empty: expected CelebA's labels, one face a line"),
    ("maad", MAAD, to("\n"), " is empty: expected MAAD-Face's labels, one face a line"),
    ("expw", EXPW, to(" \r\n"), " is empty: expected ExpW's labels, one face a line"),
    ("rafdb", RAFDB, to(b""), " is empty: expected RAF-DB's labels, one face a line"),
    ("fairface", VAL, to(FAIRFACE_HEAD), " holds no face: expected one a line after its head"),
    # columns
    ("celeba", CELEBA, swap("Bald", "Bold"), ", line 2: column 'Bald' is missing"),
    ("celeba", CELEBA, swap("Bald", "Bangs"), ", line 2: column 'Bangs' occurs twice"),
    ("maad", MAAD, swap("Identity", "Id"), ", line 1: column 'Identity' is missing"),
    ("maad", MAAD, swap("Senior", "Old"), ", line 1: column 'Senior' is missing"),
    ("fairface", TRAIN, swap("race", "ethnicity"), ", line 1: column 'race' is missing"),
    # number of rows and of fields
    ("celeba", CELEBA, swap("3\r\n", "4\r\n"), ", line 1: promises 4 photographs, but the file"),
    ("celeba", CELEBA, swap("3\r\n", "many\r\n"), ", line 1: expected the number of photographs"),
    ("celeba", CELEBA, swap("3\r\n", ""), ", line 1: expected the number of photographs, found '5_o"),
    ("celeba", CELEBA, swap("2.jpg -1", "2.jpg"), ", line 4: expected 41 fields, found 40"),
    ("maad", MAAD, swap("3/0001_01.jpg,3,", "3/0001_01.jpg,3,1,"), ", line 3: expected 49 fields"),
    ("fairface", VAL, swap(",True", ""), ", line 2: expected 5 fields, found 4"),
    ("expw", EXPW, swap("50.0 6", "6"), ", line 2: expected 8 fields, found 7"),
    ("rafdb", RAFDB, swap(" 7", ""), ", line 2: expected 2 fields, found 1"),
    # values
    ("celeba", CELEBA, swap("2.jpg -1", "2.jpg 0"), ", line 4: 5_o_Clock_Shadow is '0', expected one"),
    ("celeba", PARTS, swap("2.jpg 1", "2.jpg 3"), ", line 2: the part is '3', expected 0, 1 or 2"),
    ("celeba", PARTS, swap("000002.jpg 1\n", ""), "{celeba}, line 4: '000002.jpg' has labels, but no"),
    ("maad", MAAD, swap(",2,1,-1", ",2,2,-1"), "is '2', expected one of 1, -1, 0"),
    ("maad", MAAD, swap(",2,1,-1", ",2,,-1"), ", line 2: 5_o_Clock_Shadow is '', expected one of"),
    ("maad", MAAD, swap("jpg,3,", "jpg,three,"), ", line 3: Identity is 'three', expected a person's"),
    ("fairface", TRAIN, swap("3-9", "9-Mar"), f", line 2: age is '9-Mar', {DATE.format('3-9')}"),
    ("fairface", VAL, swap("10-19", "Oct-19"), f", line 2: age is 'Oct-19', {DATE.format('10-19')}"),
    ("fairface", VAL, swap("10-19", "02-Jan"), f"'02-Jan', {DATE.format('a range of years')[:30]}"),
    ("fairface", TRAIN, swap("Black", "black"), ", line 3: race is 'black', expected one of White,"),
    ("fairface", TRAIN, swap("Male", ""), ", line 2: gender is '', expected one of Male, Female"),
    ("expw", EXPW, swap("93.9 2", "93.9 7"), ", line 1: expression is '7', expected one of 0, 1, 2"),
    ("expw", EXPW, swap("38 28", "38.5 28"), ", line 1: top is '38.5', expected a whole number"),
    ("expw", EXPW, swap("a.jpg 1", "a.jpg x"), ", line 2: face id is 'x', expected a whole number"),
    ("expw", EXPW, swap("a.jpg 1", "a.jpg 40000"), ", line 2: face id is '40000', expected"),
    ("expw", EXPW, swap("38 28", "38 99999999999"), ", line 1: left is '99999999999', expected"),
    ("expw", EXPW, swap("28 142", "142 142"), ", line 1: the box's right 142 must be greater"),
    ("expw", EXPW, swap("-3 5 40 44", "44 5 40 44"), ", line 2: the box's bottom 44 must be greater"),
    ("expw", EXPW, swap("93.9", "high"), ", line 1: confidence is 'high', expected a number"),
    ("rafdb", RAFDB, swap(" 5", " 0"), ", line 1: expression is '0', expected one of 6, 3, 2"),
    ("rafdb", RAFDB, swap("test_", "tost_"), "'tost_0001.jpg' must begin with train_ or test_"),
    # duplicates
    ("celeba", CELEBA, swap("000003", "000001"), ", line 5: '000001.jpg' already has a label in line 3"),
    ("maad", MAAD, swap("n000003", "n000002"), ", line 3: 'n000002/0001_01.jpg' already has"),
    ("fairface", TRAIN, swap("train/2", "train/1"), ", line 3: 'train/1.jpg' already has a label in"),
    ("fairface", VAL, swap("val/1", "train/2"), ", line 2: 'train/2.jpg' already has a label in"),
    ("expw", EXPW, swap("a.jpg 1", "a.jpg 0"), ", line 2: face 0 of 'a.jpg' already has a label in"),
    ("rafdb", RAFDB, swap("test_0001", "train_00001"), ", line 2: 'train_00001.jpg' already has"),
    # names
    ("celeba", CELEBA, swap("000002.jpg", "../../x.jpg"), f", line 4: the photograph's name '../../x.jpg' {UNSAFE}"),
    ("maad", MAAD, swap("n000003/", "/n000003/"), f", line 3: the photograph's name '/n000003/0001_01.jpg' {UNSAFE}"),
    ("maad", MAAD, swap("n000003/", "..\\n000003\\"), UNSAFE),
    ("maad", MAAD, swap("n000003/", "n000003//"), UNSAFE),
    ("fairface", TRAIN, swap("train/2", "C:/train/2"), UNSAFE),
    ("fairface", TRAIN, swap("train/2.jpg", ""), f", line 3: the photograph's name '' {UNSAFE}"),
    ("fairface", TRAIN, swap("train/2", "train/./2"), UNSAFE),
    ("fairface", TRAIN, swap("train/2", "train/\x002"), "'train/\\x002.jpg' must be a relative path"),
    ("fairface", TRAIN, swap("train/2.jpg", '"train/\n2.jpg"'), ", line 3: is not a line of a CSV file"),
    ("expw", EXPW, swap("a.jpg", "../a.jpg"), f", line 1: the photograph's name '../a.jpg' {UNSAFE}"),
    ("rafdb", RAFDB, swap("train_00001.jpg", "train_/../../x.jpg"), UNSAFE),
    # bytes
    ("celeba", CELEBA, lambda c: swap("000002", "00\xff")(c).encode("latin-1"), ", line 4: holds bytes that are not"),
    ("maad", MAAD, lambda c: swap("n000003", "\xff")(c).encode("latin-1"), ", line 3: holds bytes that"),
    ("fairface", VAL, to(FAIRFACE_HEAD.encode("utf-16")), ", line 1: holds bytes that are not UTF-8"),
    ("expw", EXPW, to(b"\xe9.jpg 0 1 1 9 9 1.0 2\n"), ", line 1: holds bytes that are not UTF-8 text"),
    ("rafdb", RAFDB, to(b"\x00\xff\xfe\n" * 9), ", line 1: holds bytes that are not UTF-8 text"),
]  # fmt: skip


@pytest.mark.parametrize("dataset", DATA_SETS)
def test_the_layout_that_the_faults_are_made_of_is_sound(
    dataset: str, tmp_path: Path, vocabulary: Vocabulary
) -> None:
    folder = write(tmp_path, good(dataset, vocabulary))
    assert len(read_labels(dataset, folder, vocabulary).table) in (2, 3)


@pytest.mark.parametrize(("dataset", "file", "change", "message"), FAULTS)
def test_fault_is_named(
    dataset: str, file: str, change, message: str, tmp_path: Path, vocabulary: Vocabulary
) -> None:
    files = good(dataset, vocabulary)
    if change is None:
        del files[file]
    else:
        files[file] = change(files[file])
    folder = write(tmp_path, files)
    with pytest.raises(LabelFileError) as caught:
        read_labels(dataset, folder, vocabulary)
    said = str(caught.value)
    if message.startswith("{celeba}"):
        message, file = message.removeprefix("{celeba}"), CELEBA
    if message.startswith((" ", ",")):
        message = f"{folder / file}{message}"
    assert message in said
    assert said.startswith(str(folder))
    assert "\n" not in said
    assert len(said.removeprefix(str(folder / file))) < 250


def test_utkface_without_photographs_says_what_to_put_where(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    with pytest.raises(LabelFileError, match=r"UTKFace is missing: put UTKFace's photographs"):
        read_labels("utkface", tmp_path, vocabulary)
    write(tmp_path, {"UTKFace/portrait.jpg": b""})
    with pytest.raises(LabelFileError, match=r"holds no photograph with a name such as 25_0_2_"):
        read_labels("utkface", tmp_path, vocabulary)
    write(tmp_path / "file", {"UTKFace": b""})
    with pytest.raises(LabelFileError, match=r"UTKFace cannot be read: Not a directory"):
        read_labels("utkface", tmp_path / "file", vocabulary)


def test_spreadsheet_has_damaged_a_real_file(shared: Path, vocabulary: Vocabulary, tmp_path: Path):
    damaged = shared / "data/bad/fairface_label_val_opened_in_a_spreadsheet.csv"
    (tmp_path / TRAIN).symlink_to(shared / "data/fairface" / TRAIN)
    (tmp_path / VAL).symlink_to(damaged)
    with pytest.raises(LabelFileError) as caught:
        read_labels("fairface", tmp_path, vocabulary)
    assert str(caught.value) == (
        f"{tmp_path / VAL}, line 2: age is '9-Mar', which a spreadsheet has made of '3-9' as if it"
        " were a date: take the original file"
    )


def test_unreadable_folder_and_unknown_data_set(tmp_path: Path, vocabulary: Vocabulary) -> None:
    with pytest.raises(
        FaceInsightError, match="there is no data set 'lfw'; there are celeba, maad"
    ):
        read_labels("lfw", tmp_path, vocabulary)
    (tmp_path / "label.lst").mkdir()
    with pytest.raises(LabelFileError, match=r"label\.lst is missing"):
        read_labels("expw", tmp_path, vocabulary)
