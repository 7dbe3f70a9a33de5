"""What is told of a cluster where there is none; `tests/cluster` has one."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner
from kedro.utils import load_obj
from pydantic import ValidationError

from faceinsight.cli import cli
from faceinsight.cluster import connection
from faceinsight.cluster.settings import ClusterSettings
from faceinsight.errors import ParameterError


@pytest.mark.parametrize("address", [None, "auto", "local", "ray://head.example:10001"])
def test_addresses(address):
    assert ClusterSettings(address=address).address == address


@pytest.mark.parametrize(
    "address", ["Auto", "head:6379", "ray://head", "ray://a b:1", "", "http://a:1"]
)
def test_what_is_no_address(address):
    with pytest.raises(ValidationError, match="expected auto, local or ray://HOST:PORT"):
        ClusterSettings(address=address)


def test_without_ray_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(connection, "find_spec", lambda name: None)
    with pytest.raises(ParameterError, match=r"--cluster: .*pip install 'faceinsight\[ray\]'"):
        connection.connect("auto", option="--cluster")


def test_without_ray_a_runner_is_one_sentence_too(monkeypatch):
    monkeypatch.setattr(connection, "find_spec", lambda name: None)
    with pytest.raises(ParameterError, match=r"--runner: .*pip install 'faceinsight\[ray\]'"):
        load_obj("faceinsight.cluster.RayRunner", "kedro.runner")


def test_the_command_says_so_before_anything_is_read(monkeypatch):
    monkeypatch.setattr(connection, "find_spec", lambda name: None)
    done = CliRunner().invoke(cli, ["analyze", "nowhere", "--cluster=auto", "--out=there"])
    assert done.exit_code == 1
    assert "pip install 'faceinsight[ray]'" in done.output
    assert "nowhere" not in done.output


@pytest.mark.parametrize("address", ["auto", "ray://127.0.0.1:1"])
def test_where_no_cluster_is_one_sentence_says_so(address, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(ParameterError, match=r"cluster\.address: .*no Ray .* at .*127\.0\.0\.1:1"):
        connection.connect(address)


def test_the_package_imports_neither_ray_nor_torch():
    code = (
        "import sys, faceinsight.cluster, faceinsight.cluster.connection, "
        "faceinsight.cluster.settings; "
        "print([n for n in ('ray', 'torch', 'pandas') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
