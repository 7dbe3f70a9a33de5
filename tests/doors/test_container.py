"""What the Dockerfile says, done one by one in a clean folder: no image is built here."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from faceinsight.cli import MODEL, TOKEN
from faceinsight.method.variants import ORG
from tests.docs.dockerfile import only, steps
from tests.docs.pages import ROOT
from tests.inference.conftest import save_model
from tests.pipelines import wheel

SECRET = "sixteen letters!"

NOT_HERE = ("--extra-index-url", "${TORCH_INDEX}")
"""PyTorch for a CPU is on an index of its own; here it is the build that the project pins."""


def somebody_else() -> list[str]:
    """What makes a command run without the rights of root, where this is root."""
    wrapped = ["unshare", "--user", "--map-user=10001", "--map-group=10001"]
    if os.geteuid() == 0 and shutil.which("unshare"):
        tried = subprocess.run([*wrapped, "true"], check=False, capture_output=True)
        return wrapped if tried.returncode == 0 else []
    return []


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def install(folder: Path) -> Path:
    """COPY and RUN: what is copied, and nothing else, is installed; returns where programs lie."""
    source = folder / "opt"
    source.mkdir()
    ignored = shutil.ignore_patterns("*.egg-info", "__pycache__")
    for step, rest in steps():
        for name in rest.split()[:-1] if step == "COPY" else ():
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, source / name, ignore=ignored)
            else:
                shutil.copy(ROOT / name, source)
    (line,) = (rest for step, rest in steps() if step == "RUN" and rest.startswith("pip "))
    words = [word for word in shlex.split(line)[1:] if word not in NOT_HERE]
    python = folder / "venv/bin/python"
    wheel.run(
        wheel.uv(), "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=source
    )
    # From what the environment was made of, so that nothing is fetched.
    options = ("--offline", "--quiet", "--python", python)
    wheel.run(wheel.uv(), "pip", *words, *options, cwd=source)
    return python.parent


def test_a_server_as_the_image_starts_it(tmp_path: Path, shared: Path) -> None:
    """By nobody in particular, with a model that cannot be written to, asked whether it is well."""
    programs = install(tmp_path)
    model = save_model(tmp_path / "model", variant=ORG)
    for path in (*model.iterdir(), model):
        path.chmod(0o555)
    home = tmp_path / "home"
    weights = home / ".cache/torch/hub/checkpoints/mobilenet0.25_Final.pth"
    weights.parent.mkdir(parents=True)
    shutil.copy(shared / "weights/retinaface_mobilenet0.25.pth", weights)

    said = dict(of.split("=", 1) for step, rest in steps() if step == "ENV" for of in rest.split())
    environment = {n: v for n, v in os.environ.items() if not n.startswith("PYTHON")} | said
    environment |= {"HOME": str(home), "PATH": f"{programs}:/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    environment |= {MODEL: str(model), TOKEN: SECRET}
    port = free_port()  # as this machine may use the image's

    def command(text: str) -> list[str]:
        assert only("EXPOSE") in text
        first, *rest = json.loads(text.replace(only("EXPOSE"), str(port)))
        return [*somebody_else(), str(programs / first), *rest]

    check = command(only("HEALTHCHECK").partition("CMD ")[2])
    with subprocess.Popen(command(only("CMD")), cwd=home, env=environment) as server:
        try:
            while subprocess.run(
                check, env=environment, check=False, capture_output=True
            ).returncode:
                assert server.poll() is None, "the server has ended"
                time.sleep(1)
            url = f"http://127.0.0.1:{port}"
            photograph = (shared / "data/celeba/img_align_celeba/000001.jpg").read_bytes()
            sent = {"photographs": ("a.jpg", photograph)}
            assert httpx.post(f"{url}/analyze", files=sent).status_code == 401
            bearer = {"Authorization": f"Bearer {SECRET}"}
            answer = httpx.post(f"{url}/analyze", files=sent, headers=bearer, timeout=60)
            assert answer.status_code == 200, answer.text
            (found,) = answer.json()["photographs"]
            assert found["faces"][0]["confidence"] > 0.5
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
