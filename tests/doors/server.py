"""`faceinsight serve` as a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]


class Server:
    """A server that runs.

    Attributes:
        process: of the operating system.
        url: where it listens.
    """

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url

    def wait_until_ready(self, seconds: float = 240) -> None:
        transport = httpx.HTTPTransport(retries=3)
        with httpx.Client(base_url=self.url, timeout=seconds, transport=transport) as client:
            while client.get("/health").status_code != 200:
                assert self.process.poll() is None, "the server has ended"

    def memory(self) -> float:
        """MB that it holds in memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


@contextmanager
def started(*arguments: str, threads: int = 1) -> Iterator[Server]:
    """A server on a free port of this machine, ready to answer; ended by SIGTERM."""
    command = [sys.executable, "-m", "faceinsight", "serve", "--port=0", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        said = next((line for line in process.stdout if "http://" in line), "")
        assert said, "the server has ended before it listened"
        server = Server(process, re.search(r"http://\S+", said)[0])
        server.wait_until_ready()
        yield server
    finally:
        process.terminate()
        process.wait(60)
