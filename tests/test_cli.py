"""What the command line makes of what is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from faceinsight import cli


def test_home_is_found_in_every_parameter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = {}
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(cli, "_enter_project", lambda: None)
    monkeypatch.setattr(
        cli.run, "callback", cli._with_readable_errors(lambda **options: given.update(options))
    )
    params = "variant=org,raw=~/faces,rivals.local.path=~/weights,a=x~/y,b=~nobody-here/z,epochs=2"
    done = CliRunner().invoke(cli.run, [f"--params={params}"])
    assert done.exit_code == 0, done.output
    assert given["params"] == {
        "variant": "org",
        "raw": str(tmp_path / "faces"),
        "rivals": {"local": {"path": str(tmp_path / "weights")}},
        "a": "x~/y",
        "b": "~nobody-here/z",
        "epochs": 2,
    }


def test_who_stops_a_run_is_told_how_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(**options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_enter_project", lambda: None)
    monkeypatch.setattr(cli.run, "callback", cli._with_readable_errors(stopped, cli.STOPPED))
    done = CliRunner().invoke(cli.run, [])
    assert done.exit_code == 1
    assert cli.STOPPED in done.output
