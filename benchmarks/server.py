"""Claim: requests of several clients, answered in one batch, are answered faster than one by one.

    python benchmarks/server.py MODEL PHOTOGRAPHS [--detector FILE --parser FILE]

starts two servers of one model, one at a time: one as `faceinsight serve` has it, and one that
analyses one request after the other with all cores. 1, 8 and 32 clients send photographs of a
folder, a request each time the last one is answered. The servers take turns of some seconds each,
so that whatever else the machine does slows both, and the rates of a turn are compared with each
other. It prints, for each number of clients, the ratio of both rates, and of each server the median
and the 99th percentile of the time that an answer takes, and the processor time that it costs.

Without `--detector` each photograph is one face and the network alone works (a model that reads no
maps); with it, faces are found, cut, parsed and scored. Each answer is compared with that of
`analyze` to the same photograph. `--requests N` sends N requests to the first server and prints how
much memory it holds, ten times on the way.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import numpy as np

CLIENTS = (1, 8, 32)
HEADERS = {"Content-Type": "multipart/form-data; boundary=b"}
HEAD = (
    b'--b\r\nContent-Disposition: form-data; name="photographs"; filename="a"\r\n'
    b"Content-Type: image/jpeg\r\n\r\n"
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("model", type=Path, help="folder of a trained model")
    arguments.add_argument("photographs", type=Path)
    arguments.add_argument("--detector", type=Path)
    arguments.add_argument("--parser", type=Path)
    arguments.add_argument("--count", type=int, default=200, help="photographs, sent in turn")
    arguments.add_argument("--seconds", type=float, default=5, help="of a turn")
    arguments.add_argument("--turns", type=int, default=5)
    arguments.add_argument("--clients", type=int, nargs="*", default=CLIENTS)
    arguments.add_argument("--requests", type=int, default=0)
    arguments.add_argument("--limit", action="append", default=[], help="of the batching server")
    arguments.add_argument("--serve", choices=["batched", "alone"], help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.serve:
        serve(given)
        return
    files = sorted(path for path in given.photographs.iterdir() if path.is_file())[: given.count]
    photographs = [path.read_bytes() for path in files]
    right = expected(given, photographs)
    if given.requests:
        hold(given, photographs, right)
        return
    with running("batched") as batched, running("alone") as alone:
        for clients in given.clients:
            turns, spent = [], [0.0, 0.0]
            for _ in range(given.turns):
                pair = []
                for place, server in enumerate((batched, alone)):
                    before = processor_seconds(server)
                    pair.append(load(server.url, clients, given.seconds, photographs, right))
                    spent[place] += processor_seconds(server) - before
                turns.append(pair)
            print(json.dumps({"clients": clients} | compared(turns, spent)), flush=True)


@dataclass(frozen=True)
class Server:
    url: str
    pid: int


def processor_seconds(server: Server) -> float:
    """What a server has used up to now."""
    fields = Path(f"/proc/{server.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compared(turns: Sequence[Sequence[Sequence[float]]], spent: Sequence[float]) -> dict[str, Any]:
    """Rates and times of both servers, from the seconds of each answer of each turn."""
    told: dict[str, Any] = {}
    rates = []
    for place, name in enumerate(("batched", "alone")):
        rates.append([1 / statistics.mean(turn[place]) for turn in turns])
        times = sorted(seconds for turn in turns for seconds in turn[place])
        told[name] = {
            "p50_ms": round(1000 * times[len(times) // 2], 1),
            "p99_ms": round(1000 * times[int(0.99 * len(times))], 1),
            "processor_ms": round(1000 * spent[place] / len(times), 2),
            "answers": len(times),
        }
    # A client always waits for one answer, so that the rates are as the mean times.
    ratios = [one / other for one, other in zip(*rates, strict=True)]
    told["ratio"] = round(statistics.median(ratios), 2)
    told["ratios"] = [round(ratio, 2) for ratio in sorted(ratios)]
    return told


def load(
    url: str, clients: int, seconds: float, photographs: Sequence[bytes], right: Sequence[Any]
) -> list[float]:
    """Seconds that each answer took, of clients that send one request after the other."""
    until = time.perf_counter() + seconds
    order = random.Random(0)

    def one(client: int) -> list[float]:
        times, sender = [], Client(url, photographs, right)
        while (started := time.perf_counter()) < until:
            sender.send(order.randrange(len(photographs)))
            times.append(time.perf_counter() - started)
        return times

    with ThreadPoolExecutor(clients) as pool:
        return [took for times in pool.map(one, range(clients)) for took in times]


class Client:
    """Sends photographs over one connection, with little work of its own."""

    def __init__(self, url: str, photographs: Sequence[bytes], right: Sequence[Any]) -> None:
        self._connection = HTTPConnection(url.removeprefix("http://"), timeout=600)
        self._photographs, self._right = photographs, right

    def send(self, number: int) -> None:
        """Send a photograph; its answer must be the one that it has alone."""
        body = HEAD + self._photographs[number] + b"\r\n--b--\r\n"
        self._connection.request("POST", "/analyze", body, HEADERS)
        answer = self._connection.getresponse()
        told = answer.read()
        assert answer.status == 200, told
        (found,) = json.loads(told)["photographs"]
        boxes, probabilities = plain(found["faces"])
        right_boxes, right_probabilities = self._right[number]
        assert boxes == right_boxes, f"photograph {number} has another's answer"
        assert np.allclose(probabilities, right_probabilities, atol=1e-3)


def plain(faces: Sequence[dict[str, Any]]) -> tuple[list[Any], np.ndarray]:
    """What is compared: boxes, and probabilities."""
    probabilities = [list(face["probabilities"].values()) for face in faces]
    return [list(face["bbox"]) for face in faces], np.array(probabilities)


def hold(given: argparse.Namespace, photographs: Sequence[bytes], right: Sequence[Any]) -> None:
    """How much memory a server holds while it answers many requests."""
    local = threading.local()

    def one(number: int) -> None:
        if not hasattr(local, "client"):
            local.client = Client(server.url, photographs, right)
        local.client.send(number % len(photographs))

    with running("batched") as server, ThreadPoolExecutor(max(given.clients)) as pool:
        for part in range(10):
            step = given.requests // 10
            list(pool.map(one, range(part * step, (part + 1) * step)))
            status = Path(f"/proc/{server.pid}/status").read_text("utf-8")
            held = next(line for line in status.splitlines() if line.startswith("VmRSS"))
            said = {"requests": (part + 1) * step, "MB": int(held.split()[1]) // 1024}
            print(json.dumps(said), flush=True)


@contextmanager
def running(kind: str) -> Iterator[Server]:
    """A server as a process."""
    command = [sys.executable, __file__, *sys.argv[1:], f"--serve={kind}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        while httpx.get(f"{url}/health", timeout=600).status_code != 200:
            time.sleep(0.1)
        yield Server(url, process.pid)
    finally:
        process.terminate()
        process.wait()


def expected(given: argparse.Namespace, photographs: Sequence[bytes]) -> list[Any]:
    """What `analyze` says of each photograph by itself."""
    model = opened(given)
    found = [model.analyze(photograph) for photograph in photographs]
    return [plain([face.to_dict() for face in faces]) for faces in found]


def opened(given: argparse.Namespace) -> Any:
    from faceinsight import FaceInsight

    options: dict[str, Any] = {"faces": "whole", "device": "cpu"}
    if given.detector:
        options |= {"faces": "detect", "maps": "parsed"}
        options |= {"detector_weights": given.detector, "parser_weights": given.parser}
    return FaceInsight.from_pretrained(given.model, **options)


def serve(given: argparse.Namespace) -> None:
    import torch
    import uvicorn

    from faceinsight.serving.app import create_app
    from faceinsight.serving.command import check as settings_of

    settings = settings_of({}, given.limit, 0)
    cores = os.cpu_count() or 1
    batches = given.serve == "batched"
    torch.set_num_threads(max(1, cores // settings.threads) if batches else cores)
    app = create_app(opened(given), settings)
    if not batches:
        alone, model = ThreadPoolExecutor(1), app.state.engine.model

        def one_at_a_time(photos: Sequence[bytes], faces: Any = None) -> Any:
            return alone.submit(model.analyze, photos)

        app.state.engine.analyze = one_at_a_time

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="warning"))
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
