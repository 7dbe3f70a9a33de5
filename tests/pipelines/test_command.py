"""What the command line makes of what is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from faceinsight.errors import ParameterError
from faceinsight.pipelines import command


def test_home_is_found_in_every_parameter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = {}
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(command, "_enter_project", lambda: None)
    monkeypatch.setattr(
        command.run,
        "callback",
        command._with_readable_errors(lambda **options: given.update(options)),
    )
    params = "variant=org,raw=~/faces,rivals.local.path=~/weights,a=x~/y,b=~nobody-here/z,epochs=2"
    done = CliRunner().invoke(command.run, [f"--params={params}"])
    assert done.exit_code == 0, done.output
    assert given["params"] == {
        "variant": "org",
        "raw": str(tmp_path / "faces"),
        "rivals": {"local": {"path": str(tmp_path / "weights")}},
        "a": "x~/y",
        "b": "~nobody-here/z",
        "epochs": 2,
    }


def test_paths_and_names_stay_as_they_are_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {}
    monkeypatch.setattr(command, "_enter_project", lambda: None)
    monkeypatch.setattr(
        command.run,
        "callback",
        command._with_readable_errors(lambda **options: given.update(options)),
    )
    params = (
        "photos=2024_01,raw=0755,work=1e5,data=on,rivals.local.path=12:30,model.answer_weight=1e5,"
        "detector_weights=null,tables.folder= 7,seed=2024"
    )
    done = CliRunner().invoke(command.run, [f"--params={params}"])
    assert done.exit_code == 0, done.output
    assert given["params"] == {
        "photos": "2024_01",
        "raw": "0755",
        "work": "1e5",
        "data": "on",
        "rivals": {"local": {"path": "12:30"}},
        "model": {"answer_weight": 1e5},
        "detector_weights": None,
        "tables": {"folder": "7"},
        "seed": 2024,
    }


def test_who_stops_a_run_is_told_how_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(**options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_enter_project", lambda: None)
    monkeypatch.setattr(
        command.run, "callback", command._with_readable_errors(stopped, command.STOPPED)
    )
    done = CliRunner().invoke(command.run, [])
    assert done.exit_code == 1
    assert command.STOPPED in done.output


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--load-versions=model", "NAME:VERSION"),
        ("--load-versions=model:../x", "'../x' is not allowed"),
    ],
)
def test_an_option_that_kedro_refuses_is_one_sentence_on_standard_error(
    option: str, said: str
) -> None:
    done = CliRunner().invoke(command.run, [option])
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("within", [True, False])
def test_a_relative_path_is_told_from_where_it_is_seen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, within: bool
) -> None:
    def misses(**options: object) -> None:
        raise ParameterError(f"photos: there is no folder {Path('../faces').absolute()}; name one")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "_enter_project", lambda: within)
    monkeypatch.setattr(command.run, "callback", command._with_readable_errors(misses))
    told = {
        params: CliRunner().invoke(command.run, [f"--params={params}"]).stderr
        for params in ("photos=../faces,variant=org", f"photos={tmp_path}/../faces", "seed=1")
    }
    begins = [f"begin at the project's folder, {tmp_path}," in text for text in told.values()]
    assert begins == [within, False, False]
    assert all(text.rstrip("\n")[-2:] in (").", "e.") for text in told.values())
