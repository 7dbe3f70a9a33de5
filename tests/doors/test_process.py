"""A server under load, at its end, and under requests that nobody thought of."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from faceinsight import FaceInsight
from faceinsight.method.variants import ORG
from tests.docs.pages import commands
from tests.doors.server import Server, started
from tests.inference.conftest import WHOLE, save_model
from tests.serving.conftest import encoded, photograph

CLIENTS = 32
FILES = [photograph(seed) for seed in range(40)]


@pytest.fixture(scope="module")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with random weights that reads no maps."""
    return save_model(tmp_path_factory.mktemp("random"), variant=ORG)


@pytest.fixture(scope="module")
def server(random_model: Path) -> Iterator[Server]:
    with started(f"--model={random_model}", "--faces=whole", "--device=cpu") as running:
        yield running


@pytest.fixture(scope="module")
def alone(random_model: Path) -> list[dict[str, float]]:
    """The probabilities of each file, analysed by itself."""
    model = FaceInsight.from_pretrained(random_model, WHOLE)
    return [dict(model.analyze(file)[0].probabilities) for file in FILES]


def post(client: httpx.Client, number: int) -> dict[str, float]:
    answer = client.post("/analyze", files={"photographs": ("a.png", FILES[number])})
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["photographs"]
    return found["faces"][0]["probabilities"]


def test_every_answer_is_that_of_the_photograph_alone_and_memory_stays(server, alone):
    """Not one is lost or another's. Figures of a minute and of 10,000 requests: docs/server.md."""
    requests = 2000
    numbers = [random.Random(0).randrange(len(FILES)) for _ in range(requests)]
    local = threading.local()

    def one(number: int) -> None:
        if not hasattr(local, "client"):
            local.client = httpx.Client(base_url=server.url, timeout=60)
        assert post(local.client, number) == pytest.approx(alone[number], abs=1e-5)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(one, numbers[: requests // 2]))
        before = server.memory()
        list(pool.map(one, numbers[requests // 2 :]))
    assert server.memory() < before + 40


def test_what_the_page_of_the_server_tells_to_type_is_answered(tmp_path, tmp_path_factory, shared):
    """With a detector and a parser, before photographs of people."""
    model = save_model(tmp_path_factory.mktemp("parsed"), {"maps": "parsed"}, variant=ORG)
    weights = shared / "weights"
    options = [
        f"--model={model}",
        "--maps=parsed",
        "--device=cpu",
        f"--detector-weights={weights / 'retinaface_mobilenet0.25.pth'}",
        f"--parser-weights={weights / 'face_parsing_small.celebm.jit.pt'}",
    ]
    drawn = tmp_path / "data/01_raw/drawn/celeba/img_align_celeba/000002.jpg"
    drawn.parent.mkdir(parents=True)
    faces = shared / "data/celeba/img_align_celeba"
    for place, name in ((drawn, "1"), (tmp_path / "a.jpg", "1"), (tmp_path / "b.jpg", "2")):
        place.symlink_to(faces / f"00000{name}.jpg")
    typed = [one.line for one in commands() if one.page == "docs/server.md" and one.needs]
    assert len(typed) > 8
    with started(*options) as server:
        for line in typed:
            here = line.replace("localhost:8000", server.url.removeprefix("http://"))
            here = here.replace("Eyeglasses", "Bald").replace("curl ", "curl --fail-with-body -s ")
            done = subprocess.run(
                ["bash", "-c", here], cwd=tmp_path, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, line + done.stdout + done.stderr
            if "/analyze" in line:
                found = json.loads(done.stdout)["photographs"]
                assert all(one["faces"][0]["confidence"] > 0.5 for one in found)


def accepted(url: str) -> int:
    """Requests that a server has accepted and not answered yet."""
    metrics = httpx.get(f"{url}/metrics").text
    found = re.search(r"^faceinsight_requests_accepted (\d+)", metrics, re.MULTILINE)
    assert found is not None
    return int(found[1])


def test_a_signal_in_the_middle_loses_nothing_that_was_accepted(random_model):
    noise = np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), dtype=np.uint8)
    large = [("photographs", ("a.png", encoded(Image.fromarray(noise))))] * 2
    options = [f"--model={random_model}", "--faces=whole", "--device=cpu"]
    with started(*options) as server, ThreadPoolExecutor(CLIENTS) as pool:

        def one(number: int) -> int:
            answer = httpx.post(f"{server.url}/analyze", files=large, timeout=120)
            assert answer.status_code == 200
            return len(answer.json()["photographs"])

        answers = [pool.submit(one, number) for number in range(20)]
        # Each takes a fifth of a second to decode; on a busy machine the first ones are answered
        # before the last are sent.
        while sum(answer.done() for answer in answers) + accepted(server.url) < 20:
            time.sleep(0.01)
        server.process.terminate()
        assert [answer.result(120) for answer in answers] == [2] * 20
        assert server.process.wait(60) == 0


CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def test_no_request_that_the_description_allows_or_forbids_ends_in_a_defect(server, tmp_path):
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"),
        *("--checks", ",".join(CHECKS), "--mode", "all", "--max-examples", "40"),
        *("--request-timeout", "60", "--suppress-health-check", "all", "--no-color"),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert httpx.get(f"{server.url}/health").status_code == 200
