"""What is said of an answer beside the answer."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner

from faceinsight.answers.labels import CAUTION
from faceinsight.ask import ask, remarks
from faceinsight.inference.asking import PhotoAnswer

ANSWER = PhotoAnswer(
    text="Yes.",
    way="grounded",
    asked="Bald?",
    face=2,
    box=(0, 0, 9, 9),
    faces=3,
    labels={"Bald": True},
    said={"Bald": True},
    contradictions=(),
)


@pytest.mark.parametrize(
    ("answer", "question", "said"),
    [
        (ANSWER, "Bald?", "Grounded: "),
        (ANSWER, None, "face 2 of 3"),
        (ANSWER, "No hair?", 'asked as "Bald?"'),
        (
            replace(ANSWER, way="direct", contradictions=("Wearing_Hat", "age_20_29")),
            None,
            "its labels say otherwise of: wearing hat, 20 to 29 years old",
        ),
        (replace(ANSWER, way="direct", reason="not trained"), None, "; not trained;"),
        (
            replace(ANSWER, way="template", reason="contradicts Bald, race5_Others"),
            None,
            "wrote contradicts them (bald, another race)",
        ),
        (
            replace(ANSWER, way="template", reason="speaks of age_20_29"),
            None,
            "wrote says what it cannot (20 to 29 years old)",
        ),
        (
            replace(ANSWER, way="template", reason="says nothing of what was asked"),
            None,
            "wrote says nothing of what was asked",
        ),
    ],
)
def test_one_line_says_how_an_answer_came_about(answer, question, said):
    line = remarks(answer, question)
    assert said in line
    assert line.endswith(CAUTION)
    assert "\n" not in line
    assert ("asked as" in line) == (question == "No hair?")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a.jpg", "--temperature", "0"],
        ["a.jpg", "--direct", "--candidates", "0"],
        ["a.jpg", "--candidates", "4"],
        ["a.jpg", "--params=x"],
    ],
)
def test_what_cannot_be_meant_is_refused(arguments):
    assert CliRunner().invoke(ask, arguments).exit_code == 2


def test_the_command_line_loads_nothing_heavy():
    code = "import sys, faceinsight.cli; print({'torch', 'pandas'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "set()"
