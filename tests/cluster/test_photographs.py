"""What is meant by a folder, a pattern or a table of photographs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from faceinsight.cluster.photographs import find_photographs, open_photographs, place_of
from faceinsight.cluster.storage import Storage
from faceinsight.errors import FaceInsightError, ParameterError, PhotographError
from faceinsight.inference.photograph import read_photograph
from faceinsight.inference.scored_parts import KEY


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "b.png", "in/c.jpg", ".hidden.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


def test_a_folder_and_a_pattern(folder):
    found = find_photographs(str(folder), None)
    assert (found.root, found.names) == (str(folder), ["a.jpg", "b.png", "in/c.jpg"])
    found = find_photographs(f"{folder}/**/*.jpg", None)
    assert [name for name in found.names if name[0] != "."] == ["a.jpg", "in/c.jpg"]
    assert found.keys(None, 1)["bytes"].tolist() == [len(name) for name in found.names]
    with pytest.raises(ParameterError, match=r"photos: no file is called .*\*\.gif"):
        find_photographs(f"{folder}/*.gif", None)
    with pytest.raises(ParameterError, match=r"photos: there is no folder and no file \S+/gone$"):
        find_photographs(f"{folder}/gone", None)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_of_paths(folder, kind):
    table = pd.DataFrame(
        {"id": ["1", "2", "3"], "path": ["in/c.jpg", f"{folder}/a.jpg", "in/c.jpg"]}
    )
    getattr(table, f"to_{kind}")(folder / f"t.{kind}", index=False)
    found = find_photographs(str(folder / f"t.{kind}"), None)
    assert found.names == ["in/c.jpg", f"{folder}/a.jpg"]
    assert [path.read_bytes() for path in open_photographs(found.root, found.names)] == [
        b"in/c.jpg",
        b"a.jpg",
    ]
    assert found.keys(None, 1)["bytes"].tolist() == [8, 5]
    for column, told in (("paths", "not paths, but one of: id, path are in"), ("id", None)):
        if told is None:
            assert find_photographs(str(folder / f"t.{kind}"), column).names == ["1", "2", "3"]
        else:
            with pytest.raises(ParameterError, match=f"--column: name {told}"):
                find_photographs(str(folder / f"t.{kind}"), column)


def test_tables_that_cannot_be_used(folder):
    (folder / "t.csv").write_text("one,other\n1,2\n")
    with pytest.raises(ParameterError, match="--column: name which column holds the paths"):
        find_photographs(str(folder / "t.csv"), None)
    (folder / "t.csv").write_text("path,id\na.jpg,1\n ,2\n")
    with pytest.raises(ParameterError, match="row 2 names no photograph"):
        find_photographs(str(folder / "t.csv"), None)
    (folder / "t.parquet").write_text("no table")
    with pytest.raises(ParameterError, match=r"t\.parquet is no table that can be read"):
        find_photographs(str(folder / "t.parquet"), None)


@pytest.mark.parametrize("nested", [False, True])
def test_nothing_of_a_strangers_table_is_unpickled(nested, tmp_path):
    """Ray Data teaches Arrow a type of pickled objects, and pandas then unpickles such columns."""
    pytest.importorskip("ray.data")
    from ray.data._internal.object_extensions.arrow import ArrowPythonObjectArray

    mark = tmp_path / "was run"
    objects = ArrowPythonObjectArray.from_objects([Touching(mark)])
    column = pa.StructArray.from_arrays([objects], names=["in"]) if nested else objects
    table = pa.table({"path": pa.array(["a.jpg"]), "other": column})
    pq.write_table(table, tmp_path / "t.parquet")

    with pytest.raises(ParameterError, match=r"t\.parquet is no table .*a type that is not Arrow"):
        find_photographs(str(tmp_path / "t.parquet"), None)
    assert Storage(str(tmp_path)).read_table("t.parquet") is None
    assert not mark.exists()


class Touching:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self):
        return Path.touch, (self._mark,)


def test_of_a_table_the_column_of_paths_alone_is_read(tmp_path):
    table = pd.DataFrame({"path": pd.Categorical(["a", "b", "a"]), "x": 0}, index=[3, 5, 7])
    table[["path"]].to_parquet(tmp_path / "t.parquet")
    found = find_photographs(str(tmp_path / "t.parquet"), None)
    assert found.names == ["a", "b"]


@pytest.mark.parametrize("left", [b"", b"PAR1", b"PAR1" + bytes(40)])
def test_a_record_that_a_power_loss_has_emptied_is_not_there(left, tmp_path):
    (tmp_path / "t.parquet").write_bytes(left)
    assert Storage(str(tmp_path)).read_table("t.parquet") is None


@pytest.mark.parametrize(
    ("given", "out", "is_refused"),
    [
        ("", "", True),
        ("", "in/scores", True),
        ("", "../scores", False),
        ("**/*", "scores", True),
        ("**/*.jpg", "scores", False),
        ("t.csv", "scores", False),
    ],
)
def test_results_are_no_photographs(given, out, is_refused, folder):
    (folder / "t.csv").write_text("path\na.jpg\n")
    found = find_photographs(str(folder / given), None)
    if is_refused:
        with pytest.raises(ParameterError, match=r"--out: .* is below the photographs"):
            found.require_outside(str(folder / out))
    else:
        found.require_outside(str(folder / out))


def test_another_column_is_another_source(folder):
    pd.DataFrame({"path": ["a.jpg"], "b": ["b.png"]}).to_csv(folder / "t.csv", index=False)
    first, same, other = (find_photographs(str(folder / "t.csv"), c) for c in (None, "path", "b"))
    assert first.source == same.source != other.source


def test_an_object_store(store, folder):
    import fsspec

    files = fsspec.filesystem("s3")
    files.put(f"{folder}/", f"{store}/some/", recursive=True)
    found = find_photographs(f"{store}/some", None)
    assert (found.root, found.names) == (f"{store}/some", ["a.jpg", "b.png", "in/c.jpg"])
    keys = found.keys(None, 1)
    assert list(keys) == KEY
    assert keys["bytes"].tolist() == [5, 5, 8]
    assert (keys["changed"] > 1.7e18).all()
    assert find_photographs(f"{store}/some/*.jpg", None).names == ["a.jpg"]
    (photo,) = open_photographs(found.root, ["in/c.jpg"])
    assert photo.read() == b"in/c.jpg"
    (gone,) = open_photographs(found.root, ["gone.jpg"])
    with pytest.raises(PhotographError, match=r"there is no file s3://faces/some/gone\.jpg"):
        read_photograph(gone, "gone.jpg", 1e6)

    files.pipe_file(f"{store}/some/t.csv", b"path\nin/c.jpg\ns3://faces/some/a.jpg\n")
    table = find_photographs(f"{store}/some/t.csv", None)
    assert [place_of(table.root, name) for name in table.names] == [
        "s3://faces/some/in/c.jpg",
        "s3://faces/some/a.jpg",
    ]
    for absent in (f"{store}/nothing", "s3://no-such-bucket/x"):
        with pytest.raises(FaceInsightError, match=r"there is no file in|cannot be read"):
            find_photographs(absent, None)
    with pytest.raises(ParameterError, match="xyz://a cannot be reached"):
        find_photographs("xyz://a", None)


@pytest.mark.parametrize("remote", [False, True])
def test_a_storage_holds_whole_files(remote, store, tmp_path):
    storage = Storage(f"{store}/storage" if remote else str(tmp_path / "storage"))
    assert storage.names("of") == set()
    assert storage.read("of/one") is None
    storage.write("of/one", b"1")
    storage.write("of/one", b"22")
    storage.write_table("of/two.parquet", pd.DataFrame({"a": [1]}))
    assert storage.names("of") == {"one", "two.parquet"}
    assert storage.read("of/one") == b"22"
    assert storage.read_table("of/two.parquet")["a"].tolist() == [1]
    storage.remove("of/one")
    storage.remove("of/one")
    assert storage.names("of") == {"two.parquet"}
