"""Digests that are the same everywhere, and writes that are whole or absent."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceinsight.common.work import (
    FINISHED,
    WorkFolder,
    digest,
    link_tree,
    write_beside,
)
from faceinsight.method.characteristics import Vocabulary

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@dataclasses.dataclass
class Options:
    rate: float = 0.1


class Model(pydantic.BaseModel):
    rate: float = 0.1


@given(plain)
def test_digest_is_stable_and_has_sixteen_digits(thing: Any) -> None:
    assert digest(thing) == digest(thing)
    assert len(digest(thing)) == 16
    assert int(digest(thing), 16) >= 0


@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_order_of_keys_does_not_matter(mapping: dict[str, int]) -> None:
    assert digest(dict(reversed(mapping.items()))) == digest(mapping)


def test_digest_is_the_same_in_another_process() -> None:
    read = "from faceinsight.common.work import digest"
    code = read + "; print(digest({'b', 'a'}, {'x': [1, 2.5, None]}))"
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert other == digest({"a", "b"}, {"x": [1, 2.5, None]}) == "aa89b0492251c478"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0), (1, True), (0, None), ("1", 1), ("a", b"a"), ([1, 2], [2, 1]),
        (["ab"], ["a", "b"]), ([[1], 2], [1, [2]]), ({"a": 1}, {"a": 2}), ({"a": 1}, ["a", 1]),
        ([], {}),
        (np.zeros(2), np.zeros(2, np.float32)), (np.zeros((1, 2)), np.zeros((2, 1))),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
        (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [2, 1]})),
        (Options(0.1), Options(0.2)), (Model(rate=1), Model(rate=2)),
    ],
)  # fmt: skip
def test_what_differs_has_another_digest(one: Any, other: Any) -> None:
    assert digest(one) != digest(other)


def test_what_is_equal_has_the_same_digest(vocabulary: Vocabulary) -> None:
    assert digest(Options()) == digest(Model()) == digest({"rate": 0.1})
    assert digest(np.int64(3)) == digest(3)
    assert digest((1, 2)) == digest([1, 2])
    assert digest(np.arange(6).reshape(2, 3).T) == digest(np.arange(6).reshape(2, 3).T.copy())
    assert digest(vocabulary) == digest(vocabulary.to_config())
    frame = pd.DataFrame({"a": [1, 2]})
    assert digest(frame) == digest(frame.set_axis([7, 8]))


def test_paths_by_content(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        (folder / "sub").mkdir(parents=True)
        (folder / "sub/file").write_text("text")
    assert digest(one) == digest(other)
    assert digest(one / "sub/file") == digest(other / "sub/file")
    (other / "sub/file").write_text("texts")
    assert digest(one) != digest(other)
    (other / "sub/file").write_text("text")
    (other / "sub/file").rename(other / "sub/renamed")
    assert digest(one) != digest(other)


def test_what_has_no_stable_content_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot make a digest of a object"):
        digest([object()])


def test_a_file_is_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.parquet"
    with write_beside(path) as beside:
        assert beside.suffix == ".parquet"
        assert beside.parent == path.parent
        beside.write_text("first")
        assert not path.exists()
    with pytest.raises(TypeError), write_beside(path) as beside:  # noqa: PT012
        beside.write_text("half")
        beside.write_text(b"a fault in the middle of writing")
    assert path.read_text() == "first"
    with write_beside(path) as beside:
        beside.write_text("second")
    assert path.read_text() == "second"
    assert list(path.parent.iterdir()) == [path]


def test_a_pipe_or_a_device_is_written_to_and_stays_one(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    with write_beside(pipe) as beside:
        assert beside == pipe
    assert pipe.is_fifo()


def test_a_folder_is_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "model"
    for text in ("first", "second"):
        with write_beside(path) as beside:
            beside.mkdir()
            (beside / "weights").write_text(text)
        assert (path / "weights").read_text() == text
    with pytest.raises(FileExistsError), write_beside(path) as beside:  # noqa: PT012
        beside.mkdir()
        (beside / "weights").write_text("half")
        beside.mkdir()
    assert (path / "weights").read_text() == "second"
    assert list(tmp_path.iterdir()) == [path]


def test_block_that_writes_nothing_is_an_error_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), write_beside(path):
        pass
    assert path.read_text() == "old"


def test_link_tree_shares_content(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "sub/file").write_text("text")
    link_tree(source, tmp_path / "target")
    linked = tmp_path / "target/sub/file"
    assert linked.read_text() == "text"
    assert linked.samefile(source / "sub/file")


def test_link_tree_copies_where_links_are_not_possible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: str, target: str) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    (tmp_path / "source").mkdir()
    (tmp_path / "source/file").write_text("text")
    link_tree(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target/file").read_text() == "text"
    assert not (tmp_path / "target/file").samefile(tmp_path / "source/file")


def test_work_folder_is_found_again(tmp_path: Path) -> None:
    first = WorkFolder(tmp_path, "training", "abc")
    assert not first.is_finished
    (first.path / "checkpoint").touch()
    second = WorkFolder(str(tmp_path), "training", "abc")
    assert second.path == first.path
    assert (second.path / "checkpoint").exists()
    second.finish()
    assert first.is_finished
    assert (first.path / FINISHED).is_file()
    assert not WorkFolder(tmp_path, "training", "other").is_finished


def test_neighbouring_bytes_do_not_run_together() -> None:
    assert digest(b"a;bytes:b") != digest(b"a", b"b")


def test_an_array_of_python_objects_has_no_digest() -> None:
    with pytest.raises(TypeError, match="Python objects"):
        digest(np.array(["a", None], dtype=object))


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/old").touch()
    with write_beside(tmp_path / "folder") as beside:
        beside.mkdir()
        (beside / "new").touch()
    assert [p.name for p in (tmp_path / "folder").iterdir()] == ["new"]
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]
