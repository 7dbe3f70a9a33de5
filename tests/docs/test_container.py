"""The container, which is not built here: its files agree with each other and with the server.

`tests/doors/test_container.py` runs what they say."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from typing import Any

import pytest
import yaml

from faceinsight.cli import MODEL, TOKEN, cli
from faceinsight.errors import ParameterError
from faceinsight.serving import command
from tests.docs.dockerfile import only, steps
from tests.docs.pages import ROOT


def started() -> dict[str, Any]:
    """Options of the command that starts, as the command line reads them."""
    program, name, *arguments = json.loads(only("CMD"))
    assert program == "faceinsight"
    return cli.commands[name].make_context(name, arguments).params


def test_what_is_copied_is_there_and_not_ignored():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert ignored[0] == "*"
    copied = [of for step, rest in steps() if step == "COPY" for of in rest.split()[:-1]]
    assert copied
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in ignored, name


def test_what_is_installed_is_what_the_server_needs():
    install = next(rest for step, rest in steps() if step == "RUN" and "pip" in rest)
    (extra,) = re.findall(r"\.\[(\w+)\]", install)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = " ".join(project["optional-dependencies"][extra]).replace("-", "_")
    for package in command._NEEDED:
        assert package in named
    assert "${TORCH_INDEX}" in install
    assert "requirements.txt" in install


def test_the_command_that_starts_is_one_that_the_server_accepts(monkeypatch):
    options = started()
    monkeypatch.setenv(TOKEN, "sixteen letters!")
    given = {name: options[name] for name in ("host", "origins")} | {"token": "sixteen letters!"}
    settings = command.check(given, options["limits"], options["port"])
    assert settings.host == "0.0.0.0"
    with pytest.raises(ParameterError, match="FACEINSIGHT_TOKEN"):
        command.check(given | {"token": None}, options["limits"], options["port"])


def test_it_is_not_root_and_is_asked_whether_it_is_well():
    order = [step for step, _ in steps()]
    assert order.index("USER") < order.index("CMD")
    user = only("USER")
    assert user != "root"
    assert any(
        step == "RUN" and rest.startswith("useradd") and user in rest for step, rest in steps()
    )
    port = started()["port"]
    assert only("EXPOSE") == str(port)
    _, _, check = next(rest for step, rest in steps() if step == "HEALTHCHECK").partition("CMD ")
    program, option, code = json.loads(check)
    assert (program, option) == ("python", "-c")
    compile(code, "HEALTHCHECK", "exec")
    assert f":{port}/health" in code


def test_the_compose_file_agrees_with_the_image():
    (service,) = yaml.safe_load((ROOT / "compose.yml").read_text(encoding="utf-8"))[
        "services"
    ].values()
    environment = dict(
        of.split("=", 1) for step, rest in steps() if step == "ENV" for of in shlex.split(rest)
    )
    (mounted,) = service["volumes"]
    assert mounted.endswith(f":{environment[MODEL]}:ro")
    assert "data/06_models/lgc/model" in mounted
    (published,) = service["ports"]
    address, _, inside = published.split(":")
    assert (address, inside) == ("127.0.0.1", str(started()["port"]))
    assert service["environment"][TOKEN].startswith("${FACEINSIGHT_TOKEN:?")
    assert service["read_only"] is True
