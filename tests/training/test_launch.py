"""How training processes are counted, started, watched and ended; what runs in them is a stub."""

import os
import subprocess
import sys
import time

import pytest

from faceinsight.errors import FaceInsightError, ParameterError, WeightsError
from faceinsight.training import launch
from faceinsight.training.launch import ProcessError, train_in_processes, with_processes
from faceinsight.training.settings import TrainingSettings
from tests.training.conftest import is_alive


@pytest.fixture
def gpus(monkeypatch):
    def make(count):
        monkeypatch.setattr("torch.cuda.is_available", lambda: count > 0)
        monkeypatch.setattr("torch.cuda.device_count", lambda: count)

    return make


@pytest.mark.parametrize(
    ("visible", "asked", "device", "processes"),
    [
        (0, None, "auto", 1),
        (0, 3, "auto", 3),
        (4, None, "auto", 4),
        (4, None, "cuda", 4),
        (4, None, "cpu", 1),
        (4, None, "mps", 1),
        (4, 2, "auto", 2),
        (4, 1, "auto", 1),
        (1, None, "auto", 1),
        (4, 8, "cpu", 8),
    ],
)
def test_how_many_processes_there_are(gpus, visible, asked, device, processes):
    gpus(visible)
    settings = with_processes(TrainingSettings(processes=asked, device=device))
    assert settings.processes == processes
    assert with_processes(settings) == settings


@pytest.mark.parametrize(
    ("visible", "settings", "said"),
    [
        (2, {"processes": 3}, r"training.processes is 3, and 2 GPU\(s\) are visible"),
        (0, {"processes": 2, "device": "mps"}, "but one mps device"),
        (0, {"sharding": "full"}, "training.sharding is full, and one process trains"),
        (0, {"sharding": "full", "processes": 1}, "training.sharding is full"),
    ],
)
def test_what_cannot_be_is_said(gpus, visible, settings, said):
    gpus(visible)
    with pytest.raises(ParameterError, match=said):
        with_processes(TrainingSettings(**settings))


def test_one_process_asks_for_no_devices(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: pytest.fail("asked"))
    with_processes(TrainingSettings(processes=1))
    with_processes(TrainingSettings(device="cpu"))


RUN = """
import os, pathlib, signal, sys, time
folder, rank = pathlib.Path(sys.argv[1]), int(os.environ["RANK"])
(folder.parent / f"starting-{rank}").write_text(str(os.getpid()))
(folder.parent / f"starting-{rank}").rename(folder.parent / f"pid-{rank}")
def fail(error):
    from faceinsight.training.exchange import write_failure
    write_failure(folder, rank, error)
    sys.exit(1)
def wait_for(name):
    while not (folder / name).exists():
        time.sleep(0.01)
"""


@pytest.fixture
def stubs(monkeypatch, job, tmp_path):
    """Run given code in place of training, two processes, and return what came out."""
    start = subprocess.Popen

    def run(code):
        def instead(command, **options):
            return start([sys.executable, "-c", RUN + code, command[-1]], **options)

        monkeypatch.setattr(launch.subprocess, "Popen", instead)
        with (tmp_path / "lock").open("w") as lock:
            return train_in_processes(job(processes=2), tmp_path, tmp_path / "out", lock.fileno())

    return run


def alive(folder):
    return [path for path in folder.glob("pid-*") if is_alive(int(path.read_text()))]


def test_the_first_processes_curve_is_returned(stubs, tmp_path):
    curve = stubs(
        "import pandas\n"
        "if rank == 0: pandas.DataFrame({'value': [2.5]}).to_parquet(folder / "
        "'learning_curve.parquet')"
    )
    assert curve["value"].tolist() == [2.5]
    assert not (tmp_path / launch.FOLDER).exists()


def test_an_error_for_a_person_comes_as_itself_and_the_others_are_ended(stubs, tmp_path):
    with pytest.raises(WeightsError) as raised:
        stubs(
            "from faceinsight.errors import WeightsError\n"
            "if rank == 1: fail(WeightsError('one sentence'))\n"
            "time.sleep(600)"
        )
    assert str(raised.value) == "one sentence"
    assert not alive(tmp_path)


def test_a_defect_comes_with_its_own_traceback_once_and_not_with_what_followed(stubs, tmp_path):
    with pytest.raises(ProcessError) as raised:
        stubs(
            "def broken(): raise ZeroDivisionError('by nought')\n"
            "try:\n"
            "    if rank == 1: broken()\n"
            "    wait_for('failure-1.json'); raise ConnectionError('closed by peer')\n"
            "except Exception as error: fail(error)"
        )
    said = str(raised.value)
    assert said.startswith("training process 1 of 2 failed:\n")
    assert said.count("Traceback") == 1
    assert "in broken" in said
    assert "ZeroDivisionError: by nought" in said
    assert "closed by peer" not in said
    assert not alive(tmp_path)


def test_a_killed_process_comes_before_those_that_fell_over_it(stubs, tmp_path):
    with pytest.raises(FaceInsightError, match=r"process 1 of 2 was killed.*lower training"):
        stubs(
            "if rank == 1: os.kill(os.getpid(), signal.SIGKILL)\n"
            "time.sleep(0.5); fail(ConnectionError('closed by peer'))"
        )
    assert not alive(tmp_path)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("os._exit(3)", "training process 1 of 2 ended with status 3:\nlast words"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "training process 1 of 2 ended by SIGSEGV:\nlast"),
    ],
)
def test_a_process_that_just_ends_has_its_last_words_quoted(stubs, end, said):
    with pytest.raises(ProcessError) as raised:
        stubs(f"if rank == 1: print('last words', flush=True); {end}\ntime.sleep(600)")
    assert said in str(raised.value)


def test_other_processes_than_the_first_are_quiet(stubs, capfd):
    with pytest.raises(ProcessError):
        stubs("print('I am', rank, file=sys.stderr, flush=True)\nif rank == 0: os._exit(1)")
    assert capfd.readouterr().err == "I am 0\n"


def test_an_interruption_ends_all(stubs, monkeypatch, tmp_path):
    def interrupt(seconds):
        if len(list(tmp_path.glob("pid-*"))) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(launch.time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        stubs("time.sleep(600)")
    assert not alive(tmp_path)


def test_threads_and_paths_of_a_process(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(12)))
    own = launch._environment(rank=1, count=4)
    assert own["OMP_NUM_THREADS"] == "3"
    assert (own["RANK"], own["LOCAL_RANK"], own["WORLD_SIZE"]) == ("1", "1", "4")
    code = "import faceinsight.training.worker, sys; print(sys.modules.keys() & {'kedro', 'torch'})"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | own, capture_output=True, text=True
    )
    assert done.stdout.strip() == "set()"
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert launch._environment(rank=1, count=4)["OMP_NUM_THREADS"] == "5"


def test_a_process_ends_when_its_caller_is_killed(tmp_path):
    code = (
        "import threading, time, pathlib, os\n"
        "from faceinsight.training.worker import _end_with_caller\n"
        "threading.Thread(target=_end_with_caller, daemon=True).start()\n"
        f"starting = pathlib.Path({str(tmp_path / 'starting-0')!r})\n"
        "starting.write_text(str(os.getpid()))\n"
        f"starting.rename({str(tmp_path / 'pid-0')!r})\n"
        "time.sleep(600)"
    )
    caller = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            f"subprocess.Popen([sys.executable, '-c', {code!r}], stdin=subprocess.PIPE,"
            " start_new_session=True)\ntime.sleep(600)",
        ]
    )
    while not (tmp_path / "pid-0").exists():
        time.sleep(0.02)
    assert alive(tmp_path)
    caller.kill()
    caller.wait()
    deadline = time.monotonic() + 30
    while alive(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(tmp_path)
