"""What a cluster has scored, without a cluster: what is removed, kept, and refused."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from faceinsight.cluster.owner import Owner
from faceinsight.cluster.parts import Part, ScoredParts
from faceinsight.cluster.storage import Storage
from faceinsight.errors import FaceInsightError, ParameterError
from faceinsight.inference.scored_parts import KEY

FACTS = {"photographs": "/photos", "model": "/model"}
COUNT, SIZE = 40, 8


def listing(count: int = COUNT) -> pd.DataFrame:
    names = [f"{number:02d}.png" for number in range(count)]
    return pd.DataFrame({"photograph": names} | dict.fromkeys(KEY[1:], 1)).astype(
        {"photograph": object}
    )


def opened(out: Path, size: int = SIZE) -> ScoredParts:
    parts = ScoredParts(str(out))
    parts.claim("key", FACTS, size)
    return parts


def score(parts: ScoredParts, pieces: list[Part]) -> None:
    """Two faces in each photograph."""
    for piece in pieces:
        rows = np.repeat(np.arange(len(piece.rows)), 2)
        faces = pd.DataFrame({"row": rows, "face": np.tile([1, 2], len(piece.rows))})
        faces["p"] = faces["face"].astype("float32")
        parts.write(piece, [("ok", "")] * len(piece.rows), faces)


def missing(parts: ScoredParts, files: pd.DataFrame) -> list[Part]:
    return parts.missing(files["photograph"].tolist(), files)


def faces(out: Path) -> list[str]:
    return sorted(pd.read_parquet(out / "faces")["photograph"])


def files_of(out: Path) -> set[str]:
    return {f"{p.parent.name}/{p.name}" for p in out.glob("*/*.parquet")}


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A place where all is scored."""
    parts = opened(tmp_path)
    score(parts, missing(parts, listing()))
    return tmp_path


def test_only_rows_that_are_out_of_date_go(full):
    files = listing().drop(index=3).reset_index(drop=True)  # 03 is gone, 10 has changed
    files.loc[files["photograph"] == "10.png", "changed"] = 2
    before = files_of(full)
    parts = opened(full)
    pieces = missing(parts, files)
    assert [piece.names for piece in pieces] == [["10.png"]]
    assert faces(full) == sorted(2 * [f"{n:02d}.png" for n in range(COUNT) if n not in (3, 10)])
    assert len(before & files_of(full)) == 2 * 3
    table = pd.read_parquet(full / "faces")
    assert table.dtypes.astype(str).to_dict() | {"photograph": ""} == {
        "photograph": "",
        "face": "int64",
        "p": "float32",
    }
    score(parts, pieces)
    assert not len(parts.finish(files, [], []))
    assert faces(full) == sorted(2 * files["photograph"].tolist())


def test_a_folder_that_cannot_be_read_for_once_costs_nothing(full):
    before = files_of(full)
    with pytest.raises(ParameterError, match=r"scores of 40 photographs, of which 5 are not there"):
        missing(opened(full), listing(COUNT - 5))
    assert files_of(full) == before
    assert not missing(opened(full), listing())


def test_a_stop_amid_rewriting_loses_nothing(full, monkeypatch):
    files = listing().drop(index=3).reset_index(drop=True)

    def stop(self: Storage, name: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "remove", stop)
        with pytest.raises(KeyboardInterrupt):
            missing(opened(full), files)
    assert len(faces(full)) > 2 * COUNT  # both
    assert not missing(opened(full), files)
    assert faces(full) == sorted(2 * files["photograph"].tolist())


@pytest.mark.parametrize("ends_with", ["finish", "missing"])
def test_parts_that_overlap_are_made_to_not(tmp_path, ends_with):
    first, second = opened(tmp_path), opened(tmp_path)
    second.size = 6  # as another driver, that sees other photographs missing
    for parts in (first, second):
        rows = np.arange(COUNT)
        grid = np.split(rows, range(parts.size, COUNT, parts.size))
        names = listing()["photograph"].tolist()
        pieces = [
            Part(number, some, [names[row] for row in some], listing().iloc[some])
            for number, some in enumerate(grid)
        ]
        score(parts, pieces)
    assert len(faces(tmp_path)) == 2 * 2 * COUNT
    if ends_with == "finish":
        first.finish(listing(), [], [])
    else:
        assert not missing(first, listing())
    assert faces(tmp_path) == sorted(2 * listing()["photograph"].tolist())
    assert not missing(opened(tmp_path), listing())


@pytest.mark.parametrize("emptied", ["faces", "photographs"])
@pytest.mark.parametrize("how", ["emptied", "cut", "gone"])
def test_a_part_of_which_a_file_is_lost_is_scored_again(full, emptied, how):
    name = sorted(path.name for path in (full / emptied).iterdir())[2]
    file = full / emptied / name
    if how == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2 if how == "cut" else 0])
    parts = opened(full)
    pieces = missing(parts, listing())
    assert [piece.file for piece in pieces] == [name]
    assert not (full / "faces" / name).exists()  # it would be read as if it counted
    score(parts, pieces)
    assert faces(full) == sorted(2 * listing()["photograph"].tolist())


def test_faces_of_an_earlier_try_do_not_count_with_photographs_of_a_later(tmp_path, monkeypatch):
    parts = opened(tmp_path)
    (piece, *_) = missing(parts, listing())
    found = pd.DataFrame({"row": range(1, SIZE), "face": 1})
    unreadable, ok = ("unreadable", "for once"), ("ok", "")
    parts.write(piece, [unreadable, *[ok] * (SIZE - 1)], found)
    write_table = Storage.write_table

    def die(storage: Storage, name: str, table: pd.DataFrame) -> None:
        write_table(storage, name, table)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "write_table", die)
        with pytest.raises(KeyboardInterrupt):
            parts.write(piece, [ok] * SIZE, pd.DataFrame({"row": range(SIZE), "face": 1}))
    again, *_ = missing(opened(tmp_path), listing())
    assert again.names == piece.names


def test_what_is_hidden_or_goes_while_it_is_listed_is_no_file(full):
    (full / "faces/.1.parquet").symlink_to(full / "nothing")
    (full / "faces/1.parquet").symlink_to(full / "nothing")
    storage = Storage(str(full))
    assert storage.names("faces", whole=True) == storage.names("faces") - {"1.parquet"}


def test_a_node_with_another_run_at_the_place_is_told(full):
    opened(full).require_shared("key")
    with pytest.raises(FaceInsightError, match=r"is not the same folder on node \S+: name a place"):
        opened(full).require_shared("other")


def test_a_part_that_is_begun_three_times_and_never_ended(tmp_path):
    parts = opened(tmp_path)
    pieces = missing(parts, listing())
    for _ in range(3):
        parts.begin(pieces[0])
    with pytest.raises(
        FaceInsightError, match=r"part 0000000-\w+\.parquet, photographs 00\.png to"
    ):
        parts.begin(pieces[0])
    missing(parts, listing())  # the next start may try again
    parts.begin(pieces[0])
    score(parts, pieces[:1])
    assert not list((tmp_path / ".begun").iterdir())


def test_of_two_that_claim_a_place_one_wins(tmp_path, monkeypatch):
    first, second = ScoredParts(str(tmp_path)), ScoredParts(str(tmp_path))
    create = Storage.create

    def after_the_other(storage: Storage, name: str, data: bytes) -> None:
        monkeypatch.setattr(Storage, "create", create)
        second.claim("other", FACTS, 4)
        create(storage, name, data)

    monkeypatch.setattr(Storage, "create", after_the_other)
    with pytest.raises(ParameterError, match="with other options; name another place"):
        first.claim("key", FACTS, SIZE)
    assert json.loads((tmp_path / "run.json").read_text())["key"] == "other"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.json"]


def test_a_record_that_a_power_loss_has_emptied_is_written_again(tmp_path):
    (tmp_path / "run.json").touch()
    assert opened(tmp_path).size == SIZE
    assert opened(tmp_path, 4).size == SIZE


def test_one_start_at_a_time(tmp_path):
    storage = Storage(str(tmp_path))
    with Owner(storage):
        with pytest.raises(ParameterError, match=r"another start, process .* wait for its end"):
            Owner(storage).__enter__()
        assert (tmp_path / "owner.json").exists()
    assert not (tmp_path / "owner.json").exists()


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("how", ["not renewed", "process gone", "emptied", "no time"])
def test_a_start_that_died_is_taken_over_from(tmp_path, how):
    record = {"start": "a", "host": "elsewhere", "pid": 1, "at": time.time() - 121}
    if how == "process gone":
        record |= {"host": socket.gethostname(), "pid": dead_process(), "at": time.time()}
    if how == "no time":
        record["at"] = "now"
    text = "" if how == "emptied" else json.dumps(record)
    (tmp_path / "owner.json").write_text(text)
    with Owner(Storage(str(tmp_path))) as owner:
        owner.require()


def test_a_start_that_was_taken_over_from_stops(tmp_path, monkeypatch):
    monkeypatch.setattr("faceinsight.cluster.owner._EVERY", 0.01)
    storage = Storage(str(tmp_path))
    record = {"start": "a", "host": "elsewhere", "pid": 1, "at": time.time()}

    def be_taken(owner: Owner) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            # Again: a renewal that was under way may have come after it.
            storage.write("owner.json", json.dumps(record).encode())
            time.sleep(0.05)
            owner.require()

    with Owner(storage) as owner, pytest.raises(ParameterError, match="process 1 on elsewhere"):
        be_taken(owner)
    assert (tmp_path / "owner.json").exists()  # it is the other one's
