"""Connecting to a cluster."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest
import ray

from faceinsight.cluster.connection import connect
from faceinsight.cluster.settings import known_address
from faceinsight.errors import ParameterError

LOCAL = """
import json, os, ray
from pathlib import Path
from faceinsight.cluster.connection import connect

connect("local")
token = os.environ["RAY_AUTH_TOKEN"].encode()
logs = Path(ray._private.worker._global_node.get_logs_dir_path())
told = [str(path) for path in logs.rglob("*") if path.is_file() and token in path.read_bytes()]
nodes = {int(of) for path in Path("/proc/self/task").glob("*/children") for of in
         path.read_text().split()}
ours = {os.getpid(), *nodes}
for status in Path("/proc").glob("[0-9]*/stat"):  # and what they have started
    try:
        if int(status.read_text().rpartition(")")[2].split()[1]) in nodes:
            ours.add(int(status.parent.name))
    except OSError:
        continue
sockets = set()
for number in ours:
    for file in Path(f"/proc/{number}/fd").glob("*"):
        try:
            sockets.add(os.readlink(file))
        except OSError:
            continue
listens = [
    (name, fields[1])
    for name in ("tcp", "tcp6")
    for fields in map(str.split, Path(f"/proc/net/{name}").read_text().splitlines()[1:])
    if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets
]
print(json.dumps({"listens": listens, "told": told, "mode": os.environ.get("RAY_AUTH_MODE")}))
"""


def test_auto_finds_the_cluster(connected):
    assert ray.cluster_resources()["CPU"] == 2
    connect("auto")  # a second time it is there
    with pytest.raises(ParameterError, match=r"^--cluster: .*connected to the Ray cluster auto"):
        connect("local", option="--cluster")


def test_a_cluster_of_this_machine_is_reached_by_nobody_else(tmp_path):
    made = subprocess.run(
        [sys.executable, "-c", LOCAL], capture_output=True, text=True, check=False, timeout=300
    )
    assert made.returncode == 0, made.stderr
    found = json.loads(made.stdout.splitlines()[-1])
    assert found["told"] == []
    assert found["mode"] == "token"
    # 127.0.0.1 and ::1 as the kernel writes them, also the former as the latter's kind
    loopback = ("0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000")
    listens = [place.partition(":")[0] for _, place in found["listens"]]
    assert len(listens) > 2
    assert [place for place in listens if place not in loopback] == []


@pytest.mark.parametrize("address", ["ray://host:99999", "ray://host:0", "ray://host", "host:1"])
def test_an_address_of_no_form_that_is_known(address):
    with pytest.raises(ValueError, match="expected auto, local or ray://HOST:PORT"):
        known_address(address)
    assert known_address("ray://host:10001") == "ray://host:10001"


def test_what_ray_says_is_told(monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)

    def refuse(*_, **__):
        raise RuntimeError("Version mismatch: 2.60.0 and 2.9.3\nand much more")

    monkeypatch.setattr(ray, "init", refuse)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"ray://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(
            ParameterError, match=r"no Ray cluster answers .*\(Ray says: Version .* 2\.9\.3\)$"
        ):
            connect(address)
    with pytest.raises(ParameterError, match=rf"no Ray cluster answers at {address}; .* Ray$"):
        connect(address)
    monkeypatch.setenv("RAY_ADDRESS", "host:99999")
    with pytest.raises(ParameterError, match="host:99999 has no port between 1 and 65535"):
        connect("auto")
