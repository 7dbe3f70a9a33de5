"""`faceinsight serve`, its signals and sockets, in this process."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from faceinsight import FaceInsight, cli
from faceinsight.errors import ParameterError, WeightsError
from faceinsight.serving.command import check, serve
from faceinsight.serving.settings import ServerSettings
from tests.serving.conftest import photograph

PHOTOGRAPH = {"photographs": ("a.png", photograph())}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host=0.0.0.0"], "so the server needs a token"),
        (["--host=::"], "so the server needs a token"),
        (["--token=short"], "token: "),
        (["--limit=que=1"], "did you mean 'queue'?"),
        (["--limit=queue"], "there is no limit"),
        (["--limit=queue=0"], "queue: Input should be greater than or equal to 1"),
        (["--limit=token=aaaaaaaaaaaaaaaaaaaaaaaa"], "there is no limit 'token'"),
        (["--host=no.such.host.invalid", "--token=" + "a" * 16], "nothing can listen on"),
        (["--port=70000"], "70000 is not in the range"),
        (["--model=nowhere"], "there is no folder"),
    ],
)
def test_what_cannot_be_meant_is_told_in_a_sentence(arguments, said):
    given = arguments if "--port" in arguments[0] else ["--port=0", *arguments]
    done = CliRunner().invoke(cli.cli, ["serve", *given])
    assert done.exit_code != 0
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 4


def test_a_package_that_is_missing_is_named_with_what_brings_it(monkeypatch):
    monkeypatch.setattr(
        "faceinsight.serving.command.find_spec", lambda name: None if name == "uvicorn" else name
    )
    with pytest.raises(ParameterError, match=r"uvicorn is not installed.*faceinsight\[serve\]"):
        check({}, [], 8000)


def test_a_port_that_is_taken_is_told_before_a_model_is_loaded():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ParameterError, match=f"nothing can listen on 127.0.0.1, port {port}"):
            serve(lambda: pytest.fail("loaded"), ServerSettings(), port)


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def run(model: FaceInsight, port: int, meanwhile: Callable[[httpx.Client], None], **limits: Any):
    """Serve in this thread, and do something in another, at whose end there is a SIGTERM."""
    failed: list[BaseException] = []

    def work() -> None:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                wait_for(lambda: client.get("/health").status_code == 200)
                meanwhile(client)
        except BaseException as error:
            failed.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = Thread(target=work)
    thread.start()
    with pytest.raises(SystemExit) as ended:
        serve(lambda: model, ServerSettings(**limits), port)
    thread.join()
    assert ended.value.code == 0
    if failed:
        raise failed[0]


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if holds():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise TimeoutError


def test_a_signal_in_the_middle_loses_nothing_that_was_accepted(model, free_port, monkeypatch):
    gate, score, answers = Event(), FaceInsight.score, []
    threads: list[Thread] = []

    def call() -> None:
        url = f"http://127.0.0.1:{free_port}/analyze"
        answers.append(httpx.post(url, files=PHOTOGRAPH, timeout=30))

    def meanwhile(client: httpx.Client) -> None:
        monkeypatch.setattr(FaceInsight, "score", lambda *a: gate.wait(30) and score(*a))
        threads.extend(Thread(target=call) for _ in range(12))
        for thread in threads:
            thread.start()
        wait_for(lambda: "faceinsight_requests_accepted 12.0" in client.get("/metrics").text)
        Thread(target=lambda: (time.sleep(0.5), gate.set())).start()  # after the signal

    run(model, free_port, meanwhile)
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 12
    assert all(len(answer.json()["photographs"][0]["faces"]) == 1 for answer in answers)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{free_port}/health")


def test_slow_and_broken_clients_have_their_status_and_harm_nobody(model, free_port):
    head = b"POST /analyze HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

    def say(data: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", free_port), 30) as connection:
            connection.sendall(data)
            return connection.recv(4096)

    def leave(data: bytes) -> None:
        with socket.create_connection(("127.0.0.1", free_port), 30) as connection:
            connection.sendall(data)

    def meanwhile(client: httpx.Client) -> None:
        slow = say(head + b"Content-Length: 100\r\n\r\n{")
        assert slow.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in slow.lower()
        for broken, status in (
            (b"nonsense\r\n\r\n", b"400"),
            (b"GET /health HTTP/9\r\n\r\n", b"400"),
            (head + b"Content-Length: -1\r\n\r\n", b"400"),
            (head + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", b"400"),
            (head + b"Content-Length: 99999999999\r\n\r\n", b"413"),
        ):
            assert say(broken).split()[1] == status, broken
        leave(head + b"Content-Length: 100\r\n\r\n{")
        leave(b"GET /hea")
        leave(b"\x16\x03\x01\x02\x00")
        wait_for(lambda: "faceinsight_requests_accepted 0.0" in client.get("/metrics").text)
        assert client.post("/analyze", files=PHOTOGRAPH).status_code == 200

    run(model, free_port, meanwhile, seconds=1.5)


def test_weights_that_cannot_be_loaded_end_the_server_with_their_sentence(
    model, free_port, monkeypatch
):
    def fail(*given: Any, **options: Any) -> None:
        raise WeightsError("the detector's weights are missing")

    monkeypatch.setattr(FaceInsight, "prepare", fail)
    with pytest.raises(WeightsError, match="the detector's weights are missing"):
        serve(lambda: model, ServerSettings(), free_port)
