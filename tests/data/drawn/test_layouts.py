"""The six layouts, parsed here with csv and regular expressions alone, and by the readers."""

import csv
import re
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from faceinsight.data.drawn.layouts import CELEBA_COLUMNS, MAAD_COLUMNS, WRITERS
from faceinsight.data.drawn.settings import DATASETS, DrawnSettings
from faceinsight.data.drawn.writing import draw_datasets
from faceinsight.data.readers import read_labels


def _photographs(folder) -> list[str]:
    return sorted(
        p.relative_to(folder).as_posix()
        for p in folder.rglob("*.jpg")
        if p.relative_to(folder).parts[0] not in ("maps", "maps_faulty")
    )


def test_celeba(drawn):
    folder = drawn / "celeba"
    text = (folder / "list_attr_celeba.txt").read_bytes().decode()
    assert text.count("\r\n") == text.count("\n") == 22
    count, header, *rows = text.split("\r\n")[:-1]
    assert int(count) == len(rows) == 20
    assert header.split() == list(CELEBA_COLUMNS)
    for number, row in enumerate(rows, start=1):
        assert re.fullmatch(rf"{number:06d}\.jpg( +-?1){{40}}", row)
    parts = (folder / "list_eval_partition.txt").read_text().splitlines()
    assert [p.split()[0] for p in parts] == [r.split()[0] for r in rows]
    assert set(Counter(p.split()[1] for p in parts)) == {"0", "1", "2"}
    assert _photographs(folder) == [f"img_align_celeba/{i:06d}.jpg" for i in range(1, 21)]


def test_the_columns_are_the_published_ones(shared):
    with (shared / "data/celeba/list_attr_celeba.txt").open() as stream:
        next(stream)
        assert tuple(next(stream).split()) == CELEBA_COLUMNS
    with (shared / "formats/maad/MAAD_Face.csv").open() as stream:
        assert tuple(next(csv.reader(stream))) == ("Filename", "Identity", *MAAD_COLUMNS)


def test_maad(drawn):
    folder = drawn / "maad"
    with (folder / "MAAD_Face.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 20
    values = [int(row[c]) for row in rows for c in MAAD_COLUMNS]
    assert set(values) == {-1, 0, 1}
    assert 0.08 < np.mean(np.array(values) == 0) < 0.16
    for row in rows:
        match = re.fullmatch(r"n(\d{6})/(\d{4})_01\.jpg", row["Filename"])
        assert int(match[1]) == int(row["Identity"])
    assert set(Counter(row["Identity"] for row in rows).values()) == {5}
    assert _photographs(folder) == sorted(row["Filename"] for row in rows)


def test_fairface(drawn, vocabulary):
    folder, files = drawn / "fairface", []
    words = set(vocabulary.named_by("fairface").values())
    for part, count in (("train", 16), ("val", 4)):
        with (folder / f"fairface_label_{part}.csv").open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert [row["file"] for row in rows] == [f"{part}/{i}.jpg" for i in range(1, count + 1)]
        assert list(rows[0]) == ["file", "age", "gender", "race", "service_test"]
        assert {row[c] for row in rows for c in ("age", "gender", "race")} <= words
        assert {row["service_test"] for row in rows} <= {"True", "False"}
        files += [row["file"] for row in rows]
    assert _photographs(folder) == sorted(files)


def test_utkface(drawn):
    names = [name.removeprefix("UTKFace/") for name in _photographs(drawn / "utkface")]
    good = [n for n in names if re.fullmatch(r"\d{1,3}_[01]_[0-4]_\d{17}\.jpg\.chip\.jpg", n)]
    bad = [n for n in names if re.fullmatch(r"\d{1,3}_[01]_\d{17}\.jpg\.chip\.jpg", n)]
    assert (len(good), len(bad)) == (20, 2)
    assert len(names) == 22
    assert len({n.split("_")[-1] for n in names}) == 22
    assert all(1 <= int(n.split("_")[0]) <= 95 for n in names)


def test_expw(drawn):
    folder = drawn / "expw"
    rows = [line.split(" ") for line in (folder / "label.lst").read_text().splitlines()]
    assert len(rows) == 30
    sizes = {
        name.removeprefix("image/"): Image.open(folder / name).size for name in _photographs(folder)
    }
    assert {row[0] for row in rows} == set(sizes)
    faces = Counter(row[0] for row in rows)
    assert set(faces.values()) == {1, 2}
    leaving = 0
    for name, face, top, left, right, bottom, confidence, label in rows:
        box = np.array([int(left), int(top), int(right), int(bottom)])
        width, height = sizes[name]
        assert int(face) in range(faces[name])
        assert 0 <= float(confidence) <= 100
        assert 0 <= int(label) <= 6
        assert (box[2:] - box[:2] > 20).all()
        leaving += bool((box[:2] < 0).any() or box[2] > width or box[3] > height)
    assert leaving > 0


def test_expw_boxes_hold_the_faces(drawn):
    folder = drawn / "expw"
    for line in (folder / "label.lst").read_text().splitlines():
        name, _, *sides = line.split(" ")[:6]
        top, left, right, bottom = (max(0, int(s)) for s in sides)
        labels = np.asarray(Image.open(folder / "maps/image" / name.replace(".jpg", ".png")))
        inside = labels[top:bottom, left:right]
        of_the_face = np.isin(inside, range(1, 15))
        assert of_the_face.mean() > 0.4
        assert (inside == 2).any()  # the nose


def test_rafdb(drawn):
    folder = drawn / "rafdb"
    lines = (folder / "EmoLabel/list_patition_label.txt").read_text().splitlines()
    names = [line.split(" ")[0] for line in lines]
    assert names[:16] == [f"train_{i:05d}.jpg" for i in range(1, 17)]
    assert names[16:] == [f"test_{i:04d}.jpg" for i in range(1, 5)]
    assert {line.split(" ")[1] for line in lines} <= set("1234567")
    aligned = [f"Image/aligned/{n.removesuffix('.jpg')}_aligned.jpg" for n in names]
    assert _photographs(folder) == sorted(aligned)


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_photograph_has_both_maps_at_its_size(drawn, dataset):
    folder = drawn / dataset
    differing = 0
    for name in _photographs(folder):
        size = Image.open(folder / name).size
        maps = []
        for kind in ("maps", "maps_faulty"):
            image = Image.open((folder / kind / name).with_suffix(".png"))
            assert image.mode == "P"
            assert image.size == size
            maps.append(np.asarray(image))
            assert maps[-1].max() < 19
        differing += (maps[0] != maps[1]).any()
    assert differing > 0.9 * len(_photographs(folder))


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_readers_read_them(drawn, vocabulary, settings, dataset):
    labels = read_labels(dataset, drawn / dataset, vocabulary)
    table = labels.table
    assert len(table) == settings.count(dataset)
    assert len(labels.skipped) == (2 if dataset == "utkface" else 0)
    assert set(table["photograph"]) <= set(_photographs(drawn / dataset))
    annotated = list(vocabulary.annotated_by(dataset))
    known = table[annotated].to_numpy(dtype=float, na_value=np.nan)
    assert set(np.unique(known[~np.isnan(known)])) == {0, 1}


def test_readers_find_the_truth(tmp_path, vocabulary):
    from faceinsight.data.drawn.studio import Studio

    settings = DrawnSettings(faces=12, size=48, label_noise=0, unknown=0)
    folder = draw_datasets(tmp_path / "d", settings, vocabulary)
    for dataset, each in (("celeba", 1), ("maad", 5), ("expw", 1), ("rafdb", 1)):
        truth = Studio(tmp_path, dataset, settings, 12, each).faces.present
        table = read_labels(dataset, folder / dataset, vocabulary).table
        for id_ in vocabulary.annotated_by(dataset):
            assert table[id_].to_list() == truth[id_].astype(int).tolist(), (dataset, id_)


def test_label_noise_changes_labels_and_nothing_else(tmp_path, vocabulary, drawn, settings):
    noisy = settings.model_copy(update={"label_noise": 0.2})
    folder = tmp_path / "d"
    for dataset in ("celeba", "expw"):
        (folder / dataset).mkdir(parents=True)
        WRITERS[dataset](folder / dataset, noisy)
    for photograph in _photographs(folder):
        assert (folder / photograph).read_bytes() == (drawn / photograph).read_bytes()
    clean = read_labels("celeba", drawn / "celeba", vocabulary).table[list(CELEBA_COLUMNS)]
    changed = read_labels("celeba", folder / "celeba", vocabulary).table[list(CELEBA_COLUMNS)]
    share = (clean.to_numpy() != changed.to_numpy()).mean()
    assert 0.01 < share < 0.15
    read_labels("expw", folder / "expw", vocabulary)  # classes stay classes
