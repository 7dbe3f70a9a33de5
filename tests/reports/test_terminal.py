"""The end of a run: metrics, places, and what to look at next."""

import copy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from faceinsight.errors import WeightsError
from faceinsight.method.characteristics import Vocabulary
from faceinsight.reports import terminal
from faceinsight.reports.terminal import DRAWN_FACE, run_summary, summary_text


def summary(made, artifacts, **paths):
    return run_summary(made, artifacts.__getitem__, lambda name: paths.get(name))


@pytest.fixture(autouse=True)
def _nothing_installed(monkeypatch):
    def missing():
        raise WeightsError("no model is installed")

    monkeypatch.setattr(terminal, "packaged_model", missing)


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Parameters of a run on faces that it drew."""
    monkeypatch.chdir(tmp_path)
    raw = tmp_path / "data/01_raw/drawn"
    face = raw / DRAWN_FACE
    face.parent.mkdir(parents=True)
    face.touch()
    return {"drawing": {}, "raw": str(raw)}


def test_a_whole_run_ends_with_its_table_and_three_lines(report_arguments, drawn):
    artifacts = {
        "parameters": drawn,
        "ablation": report_arguments["ablation"],
        "params:evaluation": SimpleNamespace(level=0.9),
    }
    paths = {
        "report": Path("report.html"),
        "paper_page": Path("paper.html"),
        "lgc.model": Path.cwd() / "data/latest/lgc/model",
    }
    table, *last = summary(["ablation", "report", "paper_page"], artifacts, **paths)
    assert "+lgc" in table
    assert "[90%]" in table
    assert "drawn by a program" in table
    assert last == [
        "The report: report.html, Beside the paper: paper.html",
        f"A photograph: faceinsight analyze data/01_raw/drawn/{DRAWN_FACE} "
        "--model data/latest/lgc/model --faces whole",
        "The lineage: kedro viz run",
    ]


def test_where_a_model_is_installed_the_last_line_invites(tmp_path, monkeypatch):
    monkeypatch.setattr(terminal, "packaged_model", lambda: tmp_path)
    *_, last = summary(["report"], {"parameters": {"drawing": None, "raw": str(tmp_path)}})
    assert last == "A photograph of your own: faceinsight analyze PHOTO"


def test_without_drawn_faces_a_photograph_of_ones_own_is_meant(tmp_path):
    artifacts = {"parameters": {"drawing": None, "raw": str(tmp_path)}}
    _, command, _ = summary(["report"], artifacts)
    assert command == "A photograph: faceinsight analyze PHOTO"


def test_one_page_alone_is_named(tmp_path):
    assert summary(["paper_page"], {}, paper_page=Path("p.html")) == ["Beside the paper: p.html"]


def test_one_variant_tells_its_metrics_and_its_answers(report_arguments, vocabulary, drawn):
    artifacts = {
        "parameters": drawn,
        "vocabulary": vocabulary,
        "seg.metrics": report_arguments["metrics"]["seg"],
        "seg.answers_agreement": {"direct": {"agree_with_probabilities": 0.5, "on_topic": 1.0}},
    }
    table, answers, *_ = summary(["seg.metrics", "seg.answers_agreement", "seg.model"], artifacts)
    assert "celeba" in table
    assert "in per cent: +seg 50.0." in answers


def test_what_has_collapsed_is_told_before_the_last_lines(report_arguments, vocabulary, drawn):
    metrics = copy.deepcopy(report_arguments["metrics"])
    for of in metrics.values():
        for dataset in of["datasets"].values():
            for task in dataset["tasks"].values():
                if task["one_of"]:
                    task["decoded_confusion"] = np.diag(task["positives"]).tolist()
    age = metrics["lgc"]["datasets"]["fairface"]["tasks"]["age"]
    artifacts = {
        "parameters": drawn,
        "vocabulary": vocabulary,
        "ablation": report_arguments["ablation"],
        "params:evaluation": SimpleNamespace(level=0.9),
    }

    def told():
        of = {f"{name}.metrics": found for name, found in metrics.items()}
        return summary(["ablation", "report", *of], artifacts | of)[1:-3]

    assert told() == []
    age["decoded_confusion"] = [[n, *[0] * 8] for n in age["positives"]]  # called the youngest
    (line,) = told()
    assert line.startswith("Warning: +lgc, FairFace age: never answers 3-9 (")
    assert "more than 70 (" in line
    for name in ("org", "seg", "corr"):
        metrics[name]["datasets"]["fairface"]["tasks"]["age"] = age
    lines = told()
    assert [line.split(",")[0] for line in lines[:3]] == [
        "Warning: +lgc",
        "Warning: +corr",
        "Warning: +seg",
    ]
    assert lines[3:] == ["1 more in the report."]


def test_scores_of_other_systems_are_found_or_asked_for():
    found = {"tables_scores": pd.DataFrame({"system": ["S"]})}
    assert summary(["tables_scores"], found, tables_scores=Path("s.csv")) == ["The table: s.csv"]
    nothing = {"tables_scores": pd.DataFrame()}
    assert "tables.folder=FOLDER" in summary(["tables_scores"], nothing)[0]


def test_what_tells_nothing_else_says_where_it_lies():
    paths = {"a.crops": Path("data/03_primary/a/crops/1"), "rules": Path("data/04_feature/r/1/r")}
    told = summary(["a.crops", "rules", "memory"], {}, **paths)
    assert told == ["Made in data/03_primary, data/04_feature: crops, rules"]
    assert summary(["memory"], {}) == []


def face(vocabulary: Vocabulary, *present: str, **columns: object) -> dict[str, object]:
    return columns | {f"d_{id_}": int(id_ in present) for id_ in vocabulary.ids}


def test_a_summary_counts_and_puts_the_first_faces_in_words(vocabulary: Vocabulary) -> None:
    faces = pd.DataFrame(
        [
            face(vocabulary, "Male", photograph="a.jpg", face=1),
            face(vocabulary, "Female", "Bangs", photograph="a.jpg", face=2),
            face(vocabulary, photograph="b.jpg", face=1),
            face(vocabulary, "sad", photograph="c.jpg", face=1),
        ]
    )
    reasons = ["truncated", "no face found", "no face found"]
    skipped = pd.DataFrame({"photograph": ["x", "y", "z"], "reason": reasons, "message": "."})
    text = summary_text(faces, skipped, vocabulary)
    assert "Scored 4 faces in 3 photographs." in text
    assert "Skipped 3: 2 no face found, 1 truncated." in text
    assert "a.jpg, face 2, appears female, bangs\n" in text
    assert "b.jpg, face 1, appears with none of the characteristics" in text
    assert "c.jpg" not in text
    assert "Skipped" not in summary_text(faces.head(1), skipped.head(0), vocabulary)
    assert "1 face in 1 photograph." in summary_text(faces.head(1), skipped, vocabulary)
