"""How processes are started, watched and ended; what runs in them is not training."""

import inspect
import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from faceinsight import errors
from faceinsight.training import launch
from faceinsight.training.launch import ProcessError, call_in_processes
from tests.training.conftest import is_alive
from tests.training.processes import fail_while_the_other_waits, look_around, pid_in, wait


def call(function, folder):
    with (folder / "lock").open("w") as lock:
        return call_in_processes(
            function,
            folder,
            processes=2,
            backend="gloo",
            folder=folder / "processes",
            lock=lock.fileno(),
        )


def test_the_firsts_result_is_returned_and_the_others_are_quiet(tmp_path, monkeypatch, capfd):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)))
    before = dict(os.environ)
    found = call(look_around, tmp_path)
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert found.pop("listening") <= loopback
    assert found == {"sum": 3, "threads": "3", "has the lock": True, "kedro": False}
    assert capfd.readouterr().err == "I am 0\n"
    assert not (tmp_path / "processes").exists()
    assert dict(os.environ) == before


@pytest.mark.usefixtures("forks")
def test_an_error_for_a_person_comes_as_itself_and_the_others_are_ended(tmp_path, capfd):
    with pytest.raises(errors.PhotographError, match=r"^one sentence$") as raised:
        call(fail_while_the_other_waits, tmp_path)
    assert raised.value.reason == "missing"
    assert not any(is_alive(pid_in(path)) for path in tmp_path.glob("pid-*"))
    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("forks")
def test_an_interruption_is_heard_by_the_caller_alone_who_ends_all(tmp_path):
    def press_ctrl_c():
        while len(list(tmp_path.glob("pid-*"))) < 2:
            time.sleep(0.02)
        for pid in (*map(pid_in, tmp_path.glob("pid-*")), os.getpid()):
            os.kill(pid, signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=press_ctrl_c)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        call(wait, tmp_path)
    thread.join()
    signal.signal(signal.SIGINT, before)
    assert not any(is_alive(pid_in(path)) for path in tmp_path.glob("pid-*"))


def test_threads_that_are_set_stay(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    with launch._environment(4):
        assert os.environ["OMP_NUM_THREADS"] == "5"


@pytest.fixture
def logs(tmp_path):
    """Folders as the launcher makes them."""
    for rank in (0, 1):
        (tmp_path / f"logs/training_x/attempt_0/{rank}").mkdir(parents=True)
    return tmp_path / "logs/training_x/attempt_0"


@pytest.fixture
def failure(logs, tmp_path, monkeypatch):
    """What is raised when a process has ended, and each one has recorded an error or not."""
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

    def make(rank, code, recorded):
        for failed, error in recorded.items():
            monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(logs / f"{failed}/error.json"))
            try:
                raise error
            except Exception as raised:
                launch._record(raised, failed)
        ended = ProcessFailure(rank, 1, code, str(logs / f"{rank}/error.json"))
        return launch._failure(ChildFailedError("training", {rank: ended}), tmp_path, 2)

    return make


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.FaceInsightError)
    ],
)
def test_every_error_for_a_person_can_be_passed_on(failure, kind):
    sent = kind("missing", "one sentence") if kind is errors.PhotographError else kind("x")
    arrived = failure(1, 1, {1: sent})
    assert type(arrived) is kind
    assert str(arrived) == str(sent)
    assert vars(arrived) == vars(sent)


def test_a_defect_comes_with_its_own_traceback_and_not_with_what_followed(failure):
    recorded = {1: ZeroDivisionError("by nought"), 0: ConnectionError("closed by peer")}
    said = str(failure(0, 1, recorded))
    assert said.startswith("training process 1 of 2 failed:\nTraceback")
    assert Path(__file__).name in said
    assert said.endswith("ZeroDivisionError: by nought\n")


def test_a_killed_process_comes_before_those_that_fell_over_it(failure):
    told = failure(1, -9, {0: ConnectionError("closed by peer")})
    assert type(told) is errors.FaceInsightError
    assert str(told).startswith("training: process 1 of 2 was killed (SIGKILL)")
    assert "lower training.batch_size or training.processes" in str(told)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (3, "training process 1 of 2 ended with status 3:\nlast words"),
        (-11, "training process 1 of 2 ended by SIGSEGV:\nlast words"),
    ],
)
def test_a_process_that_just_ends_has_its_last_words_quoted(failure, logs, code, said):
    (logs / "1/stderr.log").write_text("last words\n")
    told = failure(1, code, {0: ConnectionError("closed by peer")})
    assert isinstance(told, ProcessError)
    assert str(told) == said


def test_a_record_is_no_pickle(failure, logs):
    failure(1, 1, {1: errors.WeightsError("x")})
    assert json.loads((logs / "1/error.json").read_text())["class"] == "WeightsError"
