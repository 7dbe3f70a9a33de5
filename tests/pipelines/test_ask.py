"""Questions about photographs, asked as a person would."""

from __future__ import annotations

import pytest
from PIL import Image

FACE = "data/tiny/01_raw/drawn/celeba/img_align_celeba/000001.jpg"


def test_an_answer_goes_to_standard_output_and_what_it_is_to_standard_error(finished):
    done = finished.fresh("ask", FACE, "Does this person wear a hat?", "--variant=seg")
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(done.stdout.strip().splitlines()) == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(("Grounded: ", "Template: "))
    assert "face 1 of 1" in line
    assert line.endswith("not facts about people.")


def test_direct_answers_stream_or_are_chosen_from_an_older_model_and_elsewhere(finished):
    oldest = finished.versions("lgc.model")[-1]
    at = f"--load-version={oldest}"
    streamed = finished.kedro("ask", FACE, "--direct", "--candidates=1", at)
    whole = finished.kedro("ask", FACE, "--direct", "--candidates=1", "--no-stream")
    chosen = finished.kedro("ask", FACE, "--direct", "--max-new-tokens=9")
    for done in (streamed, whole, chosen):
        assert done.returncode == 0, done.stderr[-3000:]
        assert done.stderr.startswith("Direct: ")
    assert streamed.stdout.strip() == whole.stdout.strip()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.jpg"], "there is no file "),
        (["pyproject.toml"], "pyproject.toml is none of JPEG"),
        ([FACE, "--variant=most"], "there is no variant 'most'"),
        ([FACE, "--face=2"], "there is no face 2 in 000001.jpg; there is 1 face"),
        ([FACE, "--load-version=old"], "there is no version old of 'model'; the newest is 2"),
        ([FACE, "--params=predict.facs=whole"], "did you mean 'faces'?"),
        (["~nobody-here/a.jpg"], "there is no file "),
        (["a" * 300 + ".jpg"], "give it a shorter name"),
        (
            [FACE, "--env=smal"],
            "Error: --env: there is no environment 'smal'; did you mean 'small'?",
        ),
        ([FACE, "--env=small"], "kedro run --pipelines=train --params variant=lgc"),
    ],
)
def test_what_is_wrong_is_one_readable_sentence(finished, arguments, said):
    done = finished.kedro("ask", *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr
    assert done.stdout == ""


def test_a_model_of_drawn_faces_says_so_before_anything_can_fail(finished, tmp_path):
    Image.new("RGB", (32, 32), "gray").save(tmp_path / "a.png")
    done = finished.kedro("ask", str(tmp_path / "a.png"), "--variant=seg")
    assert done.returncode == 1
    caution, error = done.stderr.strip().splitlines()
    assert "has seen drawn faces alone" in caution
    assert "there is no label map" in error


def test_agreement_is_kept_and_told(finished):
    catalog = finished.catalog()
    for variant in ("org", "lgc"):
        measured = catalog.load(f"{variant}.answers_agreement")
        assert measured["direct"]["answers"] >= measured["faces"] > 0
        assert measured["grounded"]["contradictions"] == 0
    assert "Do answers in words say what the probabilities say?" in catalog.load("report")
