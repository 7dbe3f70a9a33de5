"""Connections that say nothing, or never come to an end, before a server of one line."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from threading import Thread
from typing import Any

import httpx
import pytest
import uvicorn

from faceinsight.serving.connections import limited

MOST, PATIENCE = 120, 2


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"well"})

    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        http = limited(MOST)
        config = uvicorn.Config(
            app, http=http, timeout_keep_alive=PATIENCE, lifespan="off", log_config=None
        )
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()
        server.should_exit = True
        thread.join()


def connected(address: tuple[str, int]) -> socket.socket:
    return socket.create_connection(address, timeout=60)


def is_closed(one: socket.socket) -> bool:
    """Waits until the server says something, or closes the connection."""
    try:
        return one.recv(1) == b""
    except ConnectionError:
        return True
    finally:
        one.close()


def is_well(address: tuple[str, int]) -> bool:
    return httpx.get("http://{}:{}".format(*address), timeout=60).text == "well"


def test_a_hundred_connections_that_say_nothing_leave_the_server_well(address):
    idle = [connected(address) for _ in range(100)]
    assert is_well(address)
    assert all(map(is_closed, idle))
    assert is_well(address)


def test_headers_that_never_end_are_waited_for_once(address):
    slow = connected(address)
    slow.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
    slow.settimeout(0.2)
    with pytest.raises(ConnectionError):  # noqa: PT012 - it is closed between two of them
        for _ in range(600):
            slow.sendall(b"X: y\r\n")
            try:
                if slow.recv(1) == b"":
                    raise ConnectionResetError
            except TimeoutError:
                continue
    slow.close()


def test_a_connection_is_kept_for_another_request_and_not_for_half_of_one(address):
    with connected(address) as kept:
        for _ in range(2):
            kept.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = HTTPResponse(kept)
            answer.begin()
            assert answer.read() == b"well"
        kept.sendall(b"GET / HT")
        assert is_closed(kept)


def test_the_newest_beyond_the_limit_is_closed(address):
    idle = [connected(address) for _ in range(MOST + 1)]
    idle[0].sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert idle[0].recv(1000).startswith(b"HTTP/1.1 200")
    assert is_closed(idle[-1])
    assert all(map(is_closed, idle[1:-1]))
    idle[0].close()
    assert is_well(address)


def test_headers_that_are_too_large_are_refused(address):
    with connected(address) as large:
        large.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70_000)
        assert large.recv(1000).startswith(b"HTTP/1.1 400")
