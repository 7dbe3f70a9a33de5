"""What is meant by a folder, a pattern or a table of photographs."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from faceinsight.cluster import photographs
from faceinsight.cluster.photographs import (
    Photographs,
    find_photographs,
    open_photographs,
    place_of,
)
from faceinsight.cluster.storage import Storage
from faceinsight.errors import FaceInsightError, ParameterError, PhotographError
from faceinsight.inference.map_files import MapFiles
from faceinsight.inference.photograph import read_photograph
from faceinsight.inference.scored_parts import KEY, LASTING


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "b.png", "in/c.jpg", ".hidden.jpg", "in/._c.jpg", ".in/d.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


def test_a_folder_and_a_pattern(folder):
    found = find_photographs(str(folder), None)
    assert (found.root, found.names) == (str(folder), ["a.jpg", "b.png", "in/c.jpg"])
    found = find_photographs(f"{folder}/**/*.jpg", None)
    assert found.names == ["a.jpg", "in/c.jpg"]
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


@pytest.mark.parametrize("remote", [False, True])
def test_patterns_mean_the_same_here_and_in_an_object_store(remote, store, folder):
    root = str(folder)
    if remote:
        import fsspec

        root = f"{store}/patterns"
        fsspec.filesystem("s3").put(f"{folder}/", f"{root}/", recursive=True)
    every = ["a.jpg", "b.png", "in/c.jpg"]
    for pattern, names in {
        "**": every,
        "**/*": every,
        "*": every[:2],
        "**/?.jpg": ["a.jpg", "in/c.jpg"],
        "i[n]/**": ["in/c.jpg"],
    }.items():
        assert find_photographs(f"{root}/{pattern}", None).names == names
    for pattern in ("**.jpg", "in**/*"):
        with pytest.raises(ParameterError, match=r"photos: in \S+ other characters stand beside"):
            find_photographs(f"{root}/{pattern}", None)


def test_an_address_of_a_file_is_its_path(folder):
    for given in ("", "/*.jpg"):
        assert find_photographs(f"file://{folder}{given}", None) == find_photographs(
            f"{folder}{given}", None
        )
    (folder / "t.csv").write_text(f"path\nfile://{folder}/a.jpg\n")
    found = find_photographs(f"file://{folder}/t.csv", None)
    assert [path.read_bytes() for path in open_photographs(found.root, found.names)] == [b"a.jpg"]
    assert found.keys(None, 1)["bytes"].tolist() == [5]


@pytest.mark.parametrize(
    "row",
    [
        "xyz://a.jpg",
        "gs://a/a.jpg",
        "https://no-such-host.invalid/a.jpg",
        "http://169.254.169.254/a.jpg",
        "local:///etc/hostname",
        "reference://a.jpg::/tmp/refs.json",
        "simplecache::local:///etc/hostname",
        "s3://faces/a.jpg::file:///etc/hostname",
        "a" * 300 + ".jpg",
        "a\0.jpg",
    ],
)
@pytest.mark.parametrize("root", ["/nowhere", "memory://nowhere"])
def test_no_row_ends_a_run(root, row, monkeypatch):
    monkeypatch.setattr("fsspec.implementations.local.LocalFileSystem.cat_file", _must_not)
    (photo,) = open_photographs(root, [row])
    with pytest.raises(PhotographError, match=r"\.$") as raised:
        read_photograph(photo, row, 1e6)
    assert raised.value.reason not in LASTING


def _must_not(*_: object, **__: object) -> bytes:
    raise AssertionError("a table has had a file of this machine read")


@pytest.mark.parametrize(
    ("root", "row", "is_read"),
    [
        ("/in", "s3://faces/a.jpg", True),
        ("memory://in", "a.jpg", True),
        ("memory://in", "memory://in/a.jpg", True),
        ("memory://in", "memory://in/a.jpg::memory://b", False),
        ("memory://in", "a.jpg::file:///etc/hostname", False),
        ("/in", "memory://in/a.jpg", False),
        ("https://a.invalid", "a.jpg", True),
        ("https://a.invalid", "https://a.invalid/a.jpg", False),
    ],
)
def test_what_a_table_may_name(root, row, is_read, monkeypatch):
    class Store:
        def cat_file(self, path: str) -> bytes:
            return path.encode()

    monkeypatch.setattr(photographs, "filesystem", lambda place: (Store(), place))
    (photo,) = open_photographs(root, [row])
    if is_read:
        assert photo.read().decode() == place_of(root, row)
        return
    with pytest.raises(PhotographError, match="is not read: name photographs by paths, or"):
        photo.read()


def test_a_store_that_fails_all_the_time_is_not_asked_for_ever(monkeypatch):
    asked = []

    class Store:
        def cat_file(self, path: str) -> bytes:
            asked.append(path)
            if "good" in path:
                return b"photograph"
            raise {"s3://down/": OSError, "s3://shut/": PermissionError}[path[:10]]("no")

    def failing(names: list[str]) -> list[str]:
        messages = []
        for photo in open_photographs("/tables", names):
            with pytest.raises(PhotographError) as raised:
                photo.read()
            assert raised.value.reason == "unreadable"
            messages.append(str(raised.value))
        return messages

    monkeypatch.setattr(photographs, "filesystem", lambda place: (Store(), place))
    messages = failing([f"s3://down/{i}" for i in range(100)] + ["s3://down/good"])
    assert len(asked) == 32
    assert "s3://down/31 cannot be read (no): see to" in messages[31]
    assert "s3://down/32 was not asked for: s3://down failed 32 times in a row" in messages[32]
    # One that answers, if only by a refusal, is asked again; so are others, and by the next part.
    asked.clear()
    failing([f"s3://shut/{i}" for i in range(100)] + ["s3://down/0"])
    for photo in open_photographs("/", [f"s3://down/{i % 31 or 'good'}" for i in range(100)]):
        with suppress(PhotographError):
            photo.read()
    assert len(asked) == 201


def test_of_a_table_rows_that_are_files_are_known_as_files(folder):
    rows = ["s3://faces/a.jpg", "a.jpg", f"{folder}/in/c.jpg", f"file://{folder}/b.png", "gone"]
    keys = Photographs(str(folder / "t.csv"), str(folder), rows, []).keys(None, 1)
    alone = find_photographs(str(folder), None).keys(None, 1).set_index("photograph")
    assert keys["photograph"].tolist() == rows
    assert keys["bytes"].tolist() == [0, 5, 8, 5, -1]
    assert keys["changed"].tolist() == [
        0,
        *(alone.loc[name, "changed"] for name in ("a.jpg", "in/c.jpg", "b.png")),
        -1,
    ]
    assert {str(keys[column].dtype) for column in KEY[1:]} == {"int64"}
    (folder / "maps/in").mkdir(parents=True)
    (folder / "maps/in/c.png").write_bytes(b"map")
    keys = Photographs("t.csv", str(folder), rows, []).keys(MapFiles("maps"), 1)
    assert keys["map_bytes"].tolist() == [-1, -1, 3, -1, -1]


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
    files.pipe_file(f"{store}/odd//etc/hostname", b"1")
    files.pipe_file(f"{store}/odd/in/local:///etc/hostname", b"22")
    odd = find_photographs(f"{store}/odd", None)
    assert [photo.read() for photo in open_photographs(odd.root, odd.names)] == [b"1", b"22"]
    assert not files.dircache, "a listing holds much more of each photograph than its name"
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
