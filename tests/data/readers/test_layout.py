"""Layouts that people have: what is plainly the same data is found, and nothing else is."""

import os
from pathlib import Path

import pytest

from faceinsight.data.readers import read_labels
from faceinsight.data.registry import TableSettings, dataset_folder
from faceinsight.errors import LabelFileError
from faceinsight.method.characteristics import Vocabulary
from tests.data.readers.layouts import good, write

CELEBA, PARTS = "list_attr_celeba.txt", "list_eval_partition.txt"
RAFDB = "EmoLabel/list_patition_label.txt"

# data set, the photographs' places, what the reader gives for them
PLACES = [
    ("celeba", ["img_align_celeba/000001.jpg"], None),
    ("celeba", ["img_align_celeba/img_align_celeba/000001.jpg"], None),
    ("celeba", ["img_align_celeba_png/000001.png"], None),
    ("celeba", ["Img/img_align_celeba_png.7z/img_align_celeba_png/000001.png"], None),
    ("celeba", ["img_align_celeba/000001.JPG"], None),
    ("celeba", ["000001.jpg"], None),
    ("celeba", ["CelebA/Img/img_align_celeba/000001.jpg", "img_celeba/000001.jpg"], [0]),
    ("celeba", ["thumbs/000001.jpg", "a/img_align_celeba/000001.jpg"], [1]),
    ("celeba", ["img_align_celeba/000001.jpg", "img_align_celeba/copy/000001.jpg"], [0]),
    ("celeba", ["img_celeba/000001.jpg", "maps/img_align_celeba/000001.png"], []),
    ("celeba", ["__MACOSX/img_align_celeba/000001.jpg", "a/._000001.jpg", "a/000001.txt"], []),
    ("celeba", ["train/000001.jpg", "test/000002.jpg", "Img/chunk_0/000003.JPEG"], None),
    ("maad", ["train/n000002/0001_01.jpg", "test/n000003/0001_01.jpg"], None),
    ("maad", ["VGGFace2/data/train/n000002/0001_01.jpg", "n000003/0001_01.jpg"], None),
    ("maad", ["n000002/0001_01.JPG", "n000003/0001_01.jpeg"], None),
    ("maad", ["train/n000004/0001_01.jpg", "train/0001_01.jpg"], []),
    ("fairface", ["fairface-img-margin025-trainval/train/1.jpg"], None),
    ("fairface", ["a-margin125/val/1.jpg", "a-margin025/val/1.jpg"], [1]),
    ("fairface", ["train/train/2.jpg", "val/val/1.jpg"], None),
    ("fairface", ["FairFace/train/1.jpg", "FairFace/Validation/1.jpg"], None),
    ("fairface", ["2.jpg", "other/1.jpg"], []),
    ("expw", ["image/origin/a.jpg"], None),
    ("expw", ["origin/a.JPG"], None),
    ("expw", ["data/image/origin/a.jpg"], None),
    ("rafdb", ["Image/aligned/aligned/train_00001_aligned.jpg"], None),
    ("rafdb", ["Image/aligned/train_00001.jpg", "Image/original/train_00001.jpg"], [0]),
    ("rafdb", ["DATASET/train/5/train_00001_aligned.jpg"], None),
    ("rafdb", ["Image/original/train_00001.jpg"], []),
]


@pytest.mark.parametrize(("dataset", "places", "found"), PLACES)
def test_photographs_are_found(
    dataset: str, places: list[str], found: list[int] | None, tmp_path: Path, vocabulary: Vocabulary
) -> None:
    authors = read_labels(dataset, write(tmp_path / "a", good(dataset, vocabulary)), vocabulary)
    folder = write(tmp_path / "b", good(dataset, vocabulary) | dict.fromkeys(places, b""))
    table = read_labels(dataset, folder, vocabulary).table
    there = {name for name in table["photograph"] if (folder / name).is_file()}
    assert there == (set(places) if found is None else {places[i] for i in found})
    lost = table["photograph"][~table["photograph"].isin(there)]
    assert set(lost) <= set(authors.table["photograph"])
    same = table.drop(columns="photograph")
    assert same.equals(authors.table.drop(columns="photograph"))


def as_csv(text: str, delimiter: str = ",") -> str:
    return "\n".join(delimiter.join(line.split()) for line in text.splitlines()) + "\n"


def mirror(dataset: str, vocabulary: Vocabulary) -> dict[str, dict[str, str | bytes]]:
    """Label files as others than the authors have them, which say the same."""
    files = {name: str(text) for name, text in good(dataset, vocabulary).items()}
    if dataset == "celeba":
        rows = files[CELEBA].splitlines()[1:]
        kaggle = {
            "list_attr_celeba.csv": as_csv("\n".join([f"image_id {rows[0]}", *rows[1:]])),
            "list_eval_partition.csv": "image_id,partition\n" + as_csv(files[PARTS]),
        }
        deeper = {f"Anno/{CELEBA}": files[CELEBA], f"Eval/{PARTS}": files[PARTS]}
        mark = {name: "\ufeff" + text for name, text in files.items()}
        spaces = {name: text.replace(",", ";") for name, text in kaggle.items()}
        return {"kaggle": kaggle, "deeper": deeper, "byte order mark": mark, "; for ,": spaces}
    delimited = {name: text.replace(",", ";") for name, text in files.items()}
    if dataset in ("expw", "rafdb"):
        delimited = {name: as_csv(text, ";") for name, text in files.items()}
    found: dict[str, dict[str, str | bytes]] = {
        "deeper": {f"a/b/{name}": text for name, text in files.items()},
        "byte order mark": {name: "\ufeff" + text for name, text in files.items()},
        "; for ,": delimited,
        "CRLF": {name: text.replace("\n", "\r\n") for name, text in files.items()},
    }
    if dataset in ("maad", "fairface"):
        found["\\ for /"] = {name: text.replace("/", "\\") for name, text in files.items()}
        found["tabs"] = {name: text.replace(",", "\t") for name, text in files.items()}
    if dataset == "fairface":
        found["no part"] = {
            name: text.replace("train/", "").replace("val/", "") for name, text in files.items()
        }
        found["other names"] = {
            name.replace("fairface_label_", "").replace(".csv", "_labels.csv"): text
            for name, text in files.items()
        }
    if dataset == "rafdb":
        found["aligned"] = {RAFDB: files[RAFDB].replace(".jpg", "_aligned.jpg")}
        rows = files[RAFDB].replace(".jpg ", "_aligned.jpg,").splitlines()
        found["kaggle"] = {
            f"{part}_labels.csv": f"image,label\n{row}\n"
            for part, row in zip(("train", "test"), rows, strict=True)
        }
    found["case"] = {name.upper(): text for name, text in files.items()}
    twice = {name: Path(name) for name in files}
    found["down twice"] = {
        f"a/b/c/{path.stem} (1){path.suffix}": files[name] for name, path in twice.items()
    }
    return found


@pytest.mark.parametrize("dataset", ["celeba", "maad", "fairface", "expw", "rafdb"])
def test_label_files_of_mirrors_say_the_same(
    dataset: str, tmp_path: Path, vocabulary: Vocabulary
) -> None:
    folder = write(tmp_path / "authors", good(dataset, vocabulary))
    authors = read_labels(dataset, folder, vocabulary).table
    for number, (kind, files) in enumerate(mirror(dataset, vocabulary).items()):
        folder = write(tmp_path / f"{number}", files)
        assert read_labels(dataset, folder, vocabulary).table.equals(authors), kind


FACES = ("25_0_2_20170116174525125", "110_1_4_20170116174525126")


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ([f"UTKFace/UTKFace/{FACES[0]}.jpg.chip.jpg", f"part1/{FACES[1]}.jpg"], [0]),
        ([f"crop_part1/{FACES[0]}.jpg.chip.jpg", f"part1/{FACES[0]}.jpg"], [0]),
        ([f"part1/{FACES[0]}.jpg", f"part3/part3/{FACES[1]}.JPG"], [0, 1]),
        ([f"{FACES[0]}.jpg", f"{FACES[1]}.jpg.chip.jpg"], [1, 0]),
        ([f"a/utkface/{FACES[0]}.jpg", f"a/copy/utkface/{FACES[0]}.jpg"], [1]),
        ([f"UTKFace/{FACES[0]}.jpg", f"UTKFace/deeper/{FACES[1]}.jpg"], [0]),
        ([f"UTKFace/{FACES[0]}.jpg", f"UTKFace/UTKFace/{FACES[1]}.jpg"], [0, 1]),
    ],
)
def test_utkface_in_other_folders(
    places: list[str], found: list[int], tmp_path: Path, vocabulary: Vocabulary
) -> None:
    folder = write(tmp_path, dict.fromkeys(places, b""))
    table = read_labels("utkface", folder, vocabulary).table
    assert sorted(table["photograph"]) == sorted(places[i] for i in found)


def test_a_table_with_backslashes_and_a_folder_more(tmp_path: Path) -> None:
    vocabulary = Vocabulary.from_config(
        {
            "characteristics": {"Dark": {"phrase": "dark", "names": {"mine": "dark"}}},
            "groups": {},
            "tasks": {"mine": {"attributes": "attributes"}},
        }
    )
    rows = "photograph;dark\nx\\1.png;1\nx\\2.png;0\n3.PNG;1\n"
    places = ["pictures/pictures/x/1.png", "pictures/x/2.jpg", "more/3.png"]
    folder = write(tmp_path, {"labels.csv": "\ufeff" + rows} | dict.fromkeys(places, b""))
    settings = TableSettings(file="labels.csv", folder="pictures")
    table = read_labels("mine", folder, vocabulary, table=settings).table
    assert table["photograph"].tolist() == places


def test_two_labels_never_share_a_photograph(tmp_path: Path, vocabulary: Vocabulary) -> None:
    files = good("expw", vocabulary) | {"image/a.jpg": b"", "image/b.png": b""}
    files["label.lst"] = "a.jpg 0 1 1 9 9 1 2\na.png 0 1 1 9 9 1 2\nb.jpg 0 1 1 9 9 1 2\n"
    table = read_labels("expw", write(tmp_path, files), vocabulary).table
    assert table["photograph"].tolist() == ["image/a.jpg", "image/a.png", "image/b.png"]


@pytest.mark.parametrize("archive", ["img_align_celeba.zip", "Img/img_align_celeba.7z.001"])
def test_an_archive_that_was_not_unpacked_is_named(
    archive: str, tmp_path: Path, vocabulary: Vocabulary
) -> None:
    folder = write(tmp_path / "celeba", {archive: b""})
    with pytest.raises(
        LabelFileError, match=rf"celeba/{archive} is an archive that was not unpack"
    ):
        read_labels("celeba", folder, vocabulary)


def test_an_archive_beside_the_folder_is_named(tmp_path: Path, vocabulary: Vocabulary) -> None:
    write(tmp_path, {"UTKFace.tar.gz": b"", "celeba.zip": b""})
    with pytest.raises(LabelFileError, match=r"there \(UTKFace\.tar\.gz is an archive that was"):
        read_labels("utkface", tmp_path / "utkface", vocabulary)


def test_an_archive_of_label_files_is_named(tmp_path: Path, vocabulary: Vocabulary) -> None:
    folder = write(tmp_path / "rafdb", {"basic.rar": b"", "Image/aligned.zip": b""})
    with pytest.raises(
        LabelFileError, match=r"\(rafdb/Image/aligned\.zip and 1 more is an archive"
    ):
        read_labels("rafdb", folder, vocabulary)


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        *(("rafdb", "RAF-DB"), ("rafdb", "raf-db-dataset"), ("utkface", "UTK_Face")),
        *(("celeba", "CelebA"), ("celeba", "celeba-dataset"), ("maad", "MAAD-Face")),
    ],
)
def test_a_data_sets_folder_may_be_spelt_as_its_authors_do(
    dataset: str, name: str, tmp_path: Path
) -> None:
    assert dataset_folder(tmp_path, dataset) == tmp_path / dataset
    (tmp_path / f"{dataset}_mask").mkdir()  # something else
    (tmp_path / name).mkdir()
    assert dataset_folder(tmp_path, dataset) == tmp_path / name
    (tmp_path / dataset).mkdir()
    assert dataset_folder(tmp_path, dataset) == tmp_path / dataset


def test_photographs_on_another_disk_are_found_through_links(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    disk = write(tmp_path / "disk", {"img_align_celeba/000001.png": b"", "000002.jpg": b""})
    folder = write(tmp_path / "celeba", good("celeba", vocabulary))
    (folder / "Img").symlink_to(disk)
    (disk / "circle").symlink_to(folder)
    (folder / "all").symlink_to(tmp_path)
    write(tmp_path / "other", {"img_align_celeba/000003.jpg": b""})
    table = read_labels("celeba", folder, vocabulary).table
    assert table["photograph"].tolist() == [
        "Img/img_align_celeba/000001.png",
        "Img/000002.jpg",
        "img_align_celeba/000003.jpg",  # which is not there
    ]


def test_a_folder_that_cannot_be_read_is_named(
    tmp_path: Path, vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "celeba", {"Anno/x.txt": b""})
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(LabelFileError, match=r"celeba/Anno cannot be read: see to its permissions"):
        read_labels("celeba", folder, vocabulary)
