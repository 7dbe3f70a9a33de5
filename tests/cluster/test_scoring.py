"""Photographs scored by a cluster, against one machine's table; and what dies or is in the way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from faceinsight import FaceInsight
from faceinsight.cluster import scoring
from faceinsight.cluster.parts import Part, ScoredParts
from faceinsight.cluster.scoring import (
    Scored,
    Scorer,
    Summary,
    analyze_folder_on_cluster,
    analyze_on_cluster,
)
from faceinsight.errors import FaceInsightError, ParameterError
from faceinsight.inference.settings import PhotoSettings
from faceinsight.inference.table import FaceColumns, Scores, scores_key
from tests.cluster.conftest import NODE

SETTINGS = PhotoSettings(faces="whole", device="cpu", workers=1)
SMALL = 8
"""Photographs a part in these tests."""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 photographs in two folders, and what is none."""
    root = tmp_path_factory.mktemp("photos")
    (root / "more").mkdir()
    random = np.random.default_rng(0)
    for number in range(40):
        pixels = random.integers(0, 256, (9, 8, 3)).astype(np.uint8)
        picture = Image.fromarray(pixels).resize((72, 80), Image.Resampling.BICUBIC)
        picture.save(root / ("more" if number % 2 else "") / f"{number:02d}.png")
    (root / "05 empty.png").touch()
    (root / "more" / "notes.txt").write_text("no photograph")
    return root


@pytest.fixture(scope="module")
def model() -> FaceInsight:
    return FaceInsight.from_pretrained(settings=SETTINGS)


@pytest.fixture(scope="module")
def expected(model: FaceInsight, photos: Path) -> Scores:
    """One machine's tables; files beside the photographs have them for `Knowing`."""
    found = model.analyze_folder(photos, progress=False)
    found.faces.to_parquet(f"{photos}.faces.parquet")
    found.skipped.to_parquet(f"{photos}.skipped.parquet")
    return found


@pytest.fixture
def small_parts(model: FaceInsight, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a few photographs; and the driver's model, which only says what it is, is here."""
    monkeypatch.setattr(scoring, "_LEAST", SMALL)
    monkeypatch.setattr(FaceInsight, "from_pretrained", staticmethod(lambda *a, **k: model))


def scored(out: Path) -> pd.DataFrame:
    return pd.read_parquet(out / "faces")


def parts(out: Path) -> dict[str, int]:
    """The files of the parts, and when each was written."""
    return {f"{p.parent.name}/{p.name}": p.stat().st_mtime_ns for p in out.glob("*/[!.]*.parquet")}


def assert_same(out: Path, expected: Scores) -> None:
    found = scored(out).reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected.faces, rtol=1e-5, atol=1e-5)
    skipped = pd.read_parquet(out / "skipped.parquet")
    pd.testing.assert_frame_equal(skipped, expected.skipped, check_dtype=False)


def run(photos: Path | str, out: Path | str, **options: Any) -> Any:
    given = {"address": "auto", "settings": SETTINGS, "progress": False} | options
    return analyze_on_cluster(str(photos), str(out), **given)


class Knowing(Scorer):
    """Writes what one machine has found: a process that is but killed loads no model for it."""

    def __init__(self, root: str, out: str, **others: Any) -> None:
        self._parts = ScoredParts(out)
        self._faces = pd.read_parquet(f"{root}.faces.parquet").set_index("photograph")
        skipped = pd.read_parquet(f"{root}.skipped.parquet").set_index("photograph")
        self._reasons = dict(zip(skipped.index, skipped.itertuples(index=False), strict=True))

    def __call__(self, part: Part) -> Scored:
        self._parts.begin(part)
        faces = self._faces[self._faces.index.isin(part.names)].reset_index()
        faces.insert(0, "row", faces.pop("photograph").map(part.names.index))
        outcomes = [tuple(self._reasons.get(name, ("ok", ""))) for name in part.names]
        passing = self._parts.write(part, outcomes, faces)
        return Scored(len(outcomes), len(faces), passing)


class Dying(Scorer):
    """Dies once in each of two parts: before it begins, and between its two files."""

    def __call__(self, part: Part) -> Any:
        write = self._parts.storage.write_table

        def write_first(name: str, table: pd.DataFrame) -> None:
            write(name, table)
            self._die_once("between")

        if part.number == 0:
            self._die_once("before")
        if part.number == 1:
            self._parts.storage.write_table = write_first  # type: ignore[method-assign]
        return super().__call__(part)

    def _die_once(self, when: str) -> None:
        mark = Path(f"{self._parts.storage.place}.{when}")
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


def test_equals_one_machine_whoever_dies_and_nothing_is_scored_again(
    connected, photos, expected, small_parts, monkeypatch, tmp_path
):
    out = tmp_path / "out"
    monkeypatch.setattr(scoring, "Scorer", Dying)
    done = run(photos, out)
    assert sorted(path.suffix for path in tmp_path.glob("out.*")) == [".before", ".between"]
    assert (done.photographs, done.scored, done.faces) == (42, 42, 40)
    assert_same(out, expected)
    written = parts(out)
    assert len(written) == 2 * 6

    again = run(photos, out)
    assert (again.scored, again.faces) == (0, 0)
    assert parts(out) == written

    # A part that is deleted, and one that was written in half, are scored again, and no other.
    monkeypatch.setattr(scoring, "Scorer", Knowing)
    faces = sorted((out / "faces").iterdir())
    faces[2].unlink()
    (out / "photographs" / faces[4].name).unlink()
    (out / "faces" / f".{faces[4].stem}.1234.parquet").write_bytes(b"half")
    assert run(photos, out).scored == 2 * SMALL
    assert_same(out, expected)
    new = parts(out)
    assert {name for name in written if new[name] == written[name]} == {
        name for name in written if Path(name).name not in (faces[2].name, faces[4].name)
    }


def test_a_node_that_is_lost_costs_its_parts_alone(
    connected, photos, expected, small_parts, monkeypatch, tmp_path
):
    monkeypatch.setattr(scoring, "Scorer", Slow)
    (node,) = connected.worker_nodes

    def lose() -> None:
        end = time.monotonic() + 240
        while not list(tmp_path.glob("faces/[!.]*")) and time.monotonic() < end:
            time.sleep(0.05)
        connected.remove_node(node, allow_graceful=False)

    with ThreadPoolExecutor(1) as pool:
        lost = pool.submit(lose)
        try:
            run(photos, tmp_path)
            lost.result(timeout=60)
        finally:
            connected.add_node(**NODE)
    assert_same(tmp_path, expected)


class Slow(Knowing):
    """Leaves time to be killed in."""

    def __call__(self, part: Part) -> Any:
        time.sleep(1)
        return super().__call__(part)


def test_a_folder_as_the_pipeline_has_it(
    connected, model, photos, expected, small_parts, monkeypatch, tmp_path
):
    monkeypatch.setattr(scoring, "Scorer", Knowing)
    given = {"address": "auto", "model": model.source, "settings": SETTINGS}
    found = analyze_folder_on_cluster(photos, tmp_path, **given)
    (faces,) = tmp_path.glob("*/*/faces")
    min(faces.iterdir()).unlink()
    os.utime(photos / found.faces["photograph"][12])  # its row is in another part than its place's
    given["settings"] = SETTINGS.model_copy(update={"workers": 2, "pictures": True})
    again = analyze_folder_on_cluster(photos, tmp_path, **given)
    assert list(tmp_path.glob("*/*/faces")) == [faces]
    for scores in (found, again):
        pd.testing.assert_frame_equal(scores.faces, expected.faces, rtol=1e-5, atol=1e-5)
        pd.testing.assert_frame_equal(scores.skipped, expected.skipped, check_dtype=False)


DRIVER = f"""
import sys
from faceinsight.cluster import scoring
from tests.cluster import test_scoring
scoring._LEAST, scoring.Scorer = {SMALL}, test_scoring.Slow
test_scoring.run(*sys.argv[1:])
"""


def test_a_driver_that_is_killed_is_gone_on_with(
    connected, photos, expected, small_parts, monkeypatch, tmp_path
):
    monkeypatch.setattr(scoring, "Scorer", Knowing)
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, photos, tmp_path])
    end = time.monotonic() + 240
    while len(list(tmp_path.glob("faces/[!.]*"))) < 3:
        assert driver.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    driver.kill()
    driver.wait()
    go_on(photos, tmp_path, expected)


def go_on(photos: Path, out: Path, expected: Scores) -> None:
    """Score what a driver has left that is gone, and nothing else."""
    end = time.monotonic() + 60
    while actors("MapWorker") and time.monotonic() < end:
        time.sleep(0.05)
    before = parts(out)
    run(photos, out)
    assert_same(out, expected)
    after = parts(out)
    assert [name for name in whole(before) if after[name] != before[name]] == []


def actors(kind: str) -> list[int]:
    """Processes of actors in the cluster."""
    from ray._private import state

    alive = state.actors(actor_state_name="ALIVE").values()
    return sorted(of["Pid"] for of in alive if kind in of["ActorClassName"])


def whole(parts: dict[str, int]) -> list[str]:
    """The files of parts that are there whole."""
    return [name for name in parts if f"faces/{Path(name).name}" in parts]


def test_photographs_and_results_in_an_object_store(
    connected, store, photos, expected, small_parts, tmp_path
):
    import fsspec

    files = fsspec.filesystem("s3")
    files.put(f"{photos}/", f"{store}/photos/", recursive=True)
    out = f"{store}/scores"
    assert run(f"{store}/photos", out).scored == 42
    assert run(f"{store}/photos/", out).scored == 0
    files.get(out, str(tmp_path / "got"), recursive=True)
    found = scored(tmp_path / "got")
    pd.testing.assert_frame_equal(found, expected.faces, rtol=1e-5, atol=1e-5)
    skipped = pd.read_parquet(tmp_path / "got/skipped.parquet")
    assert skipped["reason"].tolist() == expected.skipped["reason"].tolist()


def test_a_full_disk_and_one_that_is_read_only_are_a_sentence(
    connected, photos, expected, small_parts, monkeypatch, disk
):
    monkeypatch.setattr(scoring, "Scorer", Knowing)
    with pytest.raises(FaceInsightError, match=r"^/\S+: No space left on device \(.*start again"):
        run(photos, disk)
    there = parts(disk)
    kept = {name: there[name] for name in whole(there)}
    assert kept
    assert mount(disk, "remount,size=20m") == 0
    run(photos, disk)
    assert_same(disk, expected)
    assert kept.items() <= parts(disk).items()
    assert mount(disk, "remount,ro") == 0
    with pytest.raises(OSError, match="Read-only file system"):
        run(photos, disk)


def mount(place: Path, options: str) -> int:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    return subprocess.run(command, capture_output=True, check=False).returncode


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, with room for some parts."""
    place = tmp_path / "disk"
    place.mkdir()
    if shutil.which("mount") is None or mount(place, "size=400k"):
        pytest.skip("a small disk can be mounted only by root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_node_that_would_score_otherwise_is_told(photos, tmp_path):
    here = FaceInsight.from_pretrained(settings=SETTINGS)
    given = [str(here.source), SETTINGS, str(photos), str(tmp_path), str(photos)]
    key = scores_key(here, str(photos), FaceColumns(here, SETTINGS.sensitive).ids)
    for out, of, told in ((tmp_path / "a", key, None), (tmp_path / "b", "0123", "would score oth")):
        ScoredParts(str(out)).claim(of, {"photographs": "p", "model": "m"}, SMALL)
        given[3] = str(out)
        with nullcontext() if told is None else pytest.raises(FaceInsightError, match=told):
            Scorer(*given, of)


def test_not_one_that_could_be_scored_is_an_error():
    skipped = pd.DataFrame({"photograph": ["a"], "reason": ["missing"], "message": ["a is gone"]})
    Summary("out", 2, 2, 1, skipped, without=1).require_some()
    with pytest.raises(ParameterError, match=r"none of 1 photographs .* 'missing'; .* a is gone$"):
        Summary("out", 1, 1, 0, skipped, without=1).require_some()


class Deadly(Knowing):
    """Dies of one part whenever it is tried."""

    def __call__(self, part: Part) -> Any:
        if part.number == 1:
            self._parts.begin(part)
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(part)


def test_a_part_that_kills_its_process_is_named_and_the_rest_is_kept(
    connected, photos, expected, small_parts, monkeypatch, tmp_path
):
    monkeypatch.setattr(scoring, "Scorer", Deadly)
    with pytest.raises(FaceInsightError, match=r"part 0000001-\w+\.parquet.*has died 3 times"):
        run(photos, tmp_path)
    monkeypatch.setattr(scoring, "Scorer", Knowing)
    run(photos, tmp_path)
    assert_same(tmp_path, expected)


def test_another_run_is_not_mixed_with_this_one(connected, photos, tmp_path):
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces/0.parquet").touch()
    with pytest.raises(ParameterError, match=r"--out: .* holds scores, but not the run\.json"):
        run(photos, tmp_path)
