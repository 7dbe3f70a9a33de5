"""RAF-DB's reader: its own order of expressions, its split in the names."""

from pathlib import Path

from faceinsight.data.readers import read_labels
from faceinsight.method.characteristics import Vocabulary
from tests.data.readers.layouts import write

FILE = "EmoLabel/list_patition_label.txt"
EXPRESSIONS = ["surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"]


def test_published_format_equals_an_independent_reading(
    shared: Path, vocabulary: Vocabulary
) -> None:
    rows = [line.split() for line in (shared / "formats/rafdb" / FILE).read_text().splitlines()]
    table = read_labels("rafdb", shared / "formats/rafdb", vocabulary).table
    assert table["photograph"].tolist() == [
        f"Image/aligned/{name.removesuffix('.jpg')}_aligned.jpg" for name, _ in rows
    ]
    assert table[EXPRESSIONS].idxmax(axis=1).tolist() == [EXPRESSIONS[int(c) - 1] for _, c in rows]
    assert (table[EXPRESSIONS].sum(axis=1) == 1).all()
    tests = [name.startswith("test_") for name, _ in rows]
    assert (table["split"] == "test").tolist() == tests


def test_a_share_of_the_train_part_validates(tmp_path: Path, vocabulary: Vocabulary) -> None:
    lines = [f"train_{i:05d}.jpg {1 + i % 7}" for i in range(1, 2001)]
    lines += [f"test_{i:04d}.jpg {1 + i % 7}" for i in range(1, 501)]
    write(tmp_path, {FILE: "\ufeff" + "\r\n".join(lines)})
    split = read_labels("rafdb", tmp_path, vocabulary, val_share=0.2).table["split"]
    assert (split[2000:] == "test").all()
    assert set(split[:2000]) == {"train", "val"}
    assert 340 < (split == "val").sum() < 460
