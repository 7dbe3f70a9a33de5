"""Made-up results of four variants, with the project's own vocabulary and rules."""

import inspect
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
import yaml

from faceinsight.evaluation.ablation import compare
from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.labels import label_matrix
from faceinsight.method.prior import correlation_prior, count
from faceinsight.method.rules.compiler import compile_rules
from faceinsight.method.rules.decode import decode, log_odds
from faceinsight.method.rules.violations import violations
from faceinsight.pipelines.reports.nodes import draw_report_figures
from faceinsight.reports import FIGURES
from faceinsight.reports.charts import style
from faceinsight.reports.data_tables import dataset_summary, skipped_summary
from faceinsight.reports.examples import ExampleFace
from faceinsight.reports.report import render_report
from faceinsight.reports.settings import ReportingSettings
from tests.evaluation.fakes import fake_predictions

SIZES = {"celeba": 60, "maad": 60, "fairface": 80, "utkface": 60, "expw": 50, "rafdb": 50}
SKILLS = {"org": 0.55, "seg": 0.65, "corr": 0.7, "lgc": 0.85}


def fake_report(vocabulary, rules, sizes=SIZES, n_resamples=8) -> dict[str, Any]:
    """What figures are drawn of, and arguments of `render_report` but for the figures."""
    settings = EvaluationSettings(n_resamples=n_resamples)
    predictions = {
        name: fake_predictions(vocabulary, sizes, skill=skill) for name, skill in SKILLS.items()
    }
    for frame in predictions.values():
        p = frame[[f"p_{id_}" for id_ in vocabulary.ids]].to_numpy()
        frame[[f"d_{id_}" for id_ in vocabulary.ids]] = decode(log_odds(p), rules).astype(np.int8)
    labelled = predictions["org"].rename(columns=lambda name: name.removeprefix("y_"))
    examples, selections, audits, skipped = {}, {}, {}, {}
    for dataset in sizes:
        table = labelled[labelled["dataset"] == dataset].reset_index(drop=True)
        table["split"] = np.array(["train", "train", "val", "test"])[table.index % 4]
        examples[dataset] = table
        selections[dataset] = {"rows": 100, "dropped": {}, "resplit": None}
        audits[dataset] = pd.DataFrame({"photograph": ["a.jpg"], "status": ["ok"]})
        skipped[dataset] = pd.DataFrame({"file": [], "row": [], "reason": []})
    audits["celeba"] = pd.DataFrame(
        {
            "photograph": [f"img_align_celeba/{i:06}.jpg" for i in range(8)],
            "status": ["truncated"] * 5 + ["ok", "missing", "ok"],
        }
    )
    selections["celeba"]["dropped"] = {"truncated": 5, "missing": 1, "box": 2}
    selections["celeba"]["resplit"] = "all faces are in train"
    skipped["utkface"] = pd.DataFrame(
        {
            "file": ["61_1_20170109142408075.jpg.chip.jpg", "<b>bold</b>.jpg"],
            "row": [None, 7],
            "reason": ["the name is not age_gender_race_time.jpg"] * 2,
        }
    )
    labels = [
        label_matrix(table[table["split"] == "train"], vocabulary) for table in examples.values()
    ]
    prior = correlation_prior(count(labels))
    prevalence = np.array([0.3] * len(vocabulary))
    metrics = {
        name: evaluate(frame, vocabulary, rules, prevalence, settings)
        for name, frame in predictions.items()
    }
    table, characteristics = compare(
        {name: [frame] for name, frame in predictions.items()},
        {name: [of] for name, of in metrics.items()},
        vocabulary,
        settings,
    )
    return {
        "vocabulary": vocabulary,
        "metrics": metrics,
        "ablation": table,
        "characteristics": characteristics,
        "summary": dataset_summary(examples, vocabulary, selections),
        "skipped": skipped_summary(skipped, audits, selections),
        "conditional": prior.conditional,
        "adjacency": prior.adjacency,
        "label_violations": violations(np.concatenate(labels), rules),
        "curves": {name: fake_curve(skill) for name, skill in SKILLS.items()},
        "examples": fake_faces(vocabulary, predictions["lgc"], 2),
        "provenance": {"commit": "0123abcd", "packages": {"torch": "2.15.0", "peft": None}},
        "parameters": {
            "training": {"learning_rate": 2e-5, "patience": None, "frozen": ["a", "b"]},
            "reporting": ReportingSettings(),
            "note": "</script><script>alert(1)",
        },
        "order_effects": {
            name: {"faces": 64, "shuffles": 4, "mean_change": 0.0123, "answers_changed": 0.02}
            for name in SKILLS
        },
        "agreements": {
            name: {
                "faces": 48,
                "direct": {
                    "answers": 1240,
                    "kinds": {
                        "describe": {"statements": 301, "agree_with_probabilities": 0.6123},
                        "yes_no": {"statements": 476, "agree_with_probabilities": None},
                    },
                    "statements": 777,
                    "agree_with_probabilities": 0.8312,
                    "agree_with_labels": 0.8145,
                    "silent": 0.0,
                    "on_topic": 0.4971,
                },
                "grounded": {"answers": 12, "contradictions": 0, "templates": None},
            }
            for name in SKILLS
        }
        | {"org": {}},
        "proofs": {"dead": {}, "forced": {}, "redundant": {}},
    }


def drawn(arguments: dict[str, Any]) -> dict[str, Any]:
    return draw_report_figures(
        arguments["vocabulary"],
        arguments["summary"],
        {name: arguments[name] for name in ("conditional", "adjacency")},
        arguments["label_violations"],
        arguments["ablation"],
        arguments["characteristics"],
        **{f"{name}_metrics": of for name, of in arguments["metrics"].items()},
        **{f"{name}_learning_curve": of for name, of in arguments["curves"].items()},
    )


def plain_figures() -> dict[str, go.Figure]:
    """Figures that cost nothing, where a test is about the rest of the page."""
    return {name: style(go.Figure(), name, 300, top=80, alt="Nothing.") for name in FIGURES}


def rendered(arguments: dict[str, Any]) -> str:
    """The page; with plain figures, where none are among the arguments."""
    arguments = {"figures": plain_figures()} | arguments
    names = inspect.signature(render_report).parameters
    return render_report(**{name: value for name, value in arguments.items() if name in names})


def fake_curve(skill: float) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for step in range(10, 410, 10):
        epoch = step / 100
        bce = 20 * np.exp(-skill * epoch) + 10 + rng.normal() * 0.3
        logic = 4 * np.exp(-skill * epoch) + rng.random() * 0.2
        parts = {"loss": bce + logic, "bce": bce, "logic": logic, "learning_rate": 1e-3}
        rows += [(step, epoch, name, value) for name, value in parts.items()]
        if step % 50 == 0:
            rows.append((step, epoch, "eval_accuracy", 0.9 - 0.4 * np.exp(-skill * epoch)))
    return pd.DataFrame(rows, columns=["step", "epoch", "name", "value"])


def fake_faces(vocabulary, predictions: pd.DataFrame, per_dataset: int) -> list[ExampleFace]:
    """Discs in the place of faces."""
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    faces = []
    for number, (_, row) in enumerate(
        predictions.groupby("dataset", sort=False).head(per_dataset).iterrows()
    ):
        label_map = np.select([y**2 + (1.4 * x) ** 2 < 0.5, y < 0.2], [1, 13], 0).astype(np.uint8)
        colour = np.array([[90, 110, 130], [200 - number * 8, 150, 120], [60, 40, 30]])
        picture = colour[np.select([label_map == 1, label_map == 13], [1, 2], 0)]
        columns = {
            prefix: np.array(
                [
                    -1 if pd.isna(row[f"{prefix}_{i}"]) else row[f"{prefix}_{i}"]
                    for i in vocabulary.ids
                ]
            )
            for prefix in "pdy"
        }
        faces.append(
            ExampleFace(
                row["dataset"],
                row["photograph"],
                picture.astype(np.uint8),
                label_map,
                columns["p"],
                columns["d"] == 1,
                columns["y"].astype(np.int8),
            )
        )
    return faces


@pytest.fixture(scope="session")
def rules(vocabulary, project_root):
    text = (project_root / "conf/base/rules.yml").read_text(encoding="utf-8")
    return compile_rules(yaml.safe_load(text)["rules"], vocabulary)


@pytest.fixture(scope="session")
def report_arguments(vocabulary, rules) -> dict[str, Any]:
    return fake_report(vocabulary, rules)


@pytest.fixture(scope="session")
def report_figures(report_arguments) -> dict[str, go.Figure]:
    return drawn(report_arguments)
