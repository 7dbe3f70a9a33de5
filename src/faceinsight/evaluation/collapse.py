"""What has collapsed: common classes that are never answered, tasks no better than no picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceinsight.answers import label_words
from faceinsight.data.registry import dataset_name
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.variants import LABELS, in_order

METRIC_WORDS = {
    "accuracy": "accuracy",
    "decoded_accuracy": "accuracy of decoded labels",
    "map": "mAP",
}
"""Metrics that are held against the baseline, which sees no picture, and their names here."""


@dataclass(frozen=True)
class Collapse:
    """A task of which a model has learnt too little.

    Attributes:
        run: name of the model, `lgc` or `lgc.s1`.
        dataset: the task's data set.
        task: its name.
        never: common classes that are answered for no face, to their true shares of the test faces.
        hardly: those answered for less than `hardly_ever` of their shares.
        below: metrics whose interval ends under the baseline, to their values and the baseline.
        alike: metrics whose interval holds the baseline, likewise.
    """

    run: str
    dataset: str
    task: str
    never: dict[str, float]
    hardly: dict[str, float]
    below: dict[str, tuple[float, float]]
    alike: dict[str, tuple[float, float]]

    def sentence(self, vocabulary: Vocabulary) -> str:
        """What is wrong, with variant, data set, task, and classes in the data set's words."""
        variant, _, seed = self.run.partition(".s")
        words = class_words(vocabulary, self.dataset)
        told = [
            f"{often} answers "
            + ", ".join(f"{words[id_]} ({share:.0%})" for id_, share in classes.items()).replace(
                "%)", "% of the faces)", 1
            )
            for often, classes in (("never", self.never), ("hardly ever", self.hardly))
            if classes
        ]
        for name, (value, baseline) in (self.below | self.alike).items():
            alike = "not clearly better than" if value > baseline else "no better than"
            how = "below" if name in self.below else alike
            told.append(
                f"{METRIC_WORDS[name]} {value:.1%} is {how} {baseline:.1%} without a picture"
            )
        name = LABELS.get(variant, variant) + (f" with seed {seed}" if seed else "")
        return f"{name}, {dataset_name(self.dataset)} {self.task}: {'; '.join(told)}."


def find_collapses(runs: Mapping[str, Mapping[str, Any]]) -> list[Collapse]:
    """Every task of every model that has collapsed: the full model first, and its worst first.

    What counts are the labels that are handed out, the decoded ones; in metrics of older versions,
    which have no counts of these, the most probable answers. The thresholds, `common_class` and
    `hardly_ever`, are those of the metrics' own settings.

    Args:
        runs: variant, or a variant's run with a further seed (`lgc.s1`), to what `evaluate`
            returned.
    """
    order = list(in_order({run.partition(".")[0]: run for run in runs}))
    found = []
    for run in sorted(runs, key=lambda run: (-order.index(run.partition(".")[0]), run)):
        settings = EvaluationSettings.model_validate(runs[run]["settings"])
        of_run = [
            Collapse(run, dataset, task, *_unanswered(report, settings), *_levels(report))
            for dataset, task, report in tasks_with_faces(runs[run])
        ]
        kept = [c for c in of_run if c.never or c.hardly or c.below or c.alike]
        found += sorted(kept, key=lambda c: (-sum(c.never.values()), not c.below, not c.hardly))
    return found


def tasks_with_faces(metrics: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Data set, task and report of every task that has test faces."""
    for dataset, of in metrics["datasets"].items():
        for task, report in of["tasks"].items():
            if report["n"]:
                yield dataset, task, report


def handed_out(report: Mapping[str, Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of a class task, faces by true and answered class, [k, k + 1], and by true class, [k].

    The last column counts the faces without an answer.
    """
    answered = np.array(report.get("decoded_confusion") or report["confusion"], dtype=np.int64)
    true = answered.sum(axis=1)
    if true.sum() < report["n"]:
        true = np.array(report["positives"], dtype=np.int64)
    return np.column_stack([answered, true - answered.sum(axis=1)]), true


def class_words(vocabulary: Vocabulary, dataset: str) -> dict[str, str]:
    """Ids to the data set's own words for them; to ours where its file has numbers."""
    return {
        id_: label_words(id_) if name.isdigit() else name.replace("_", " ")
        for id_, name in vocabulary.named_by(dataset).items()
    }


def _unanswered(
    report: Mapping[str, Any], settings: EvaluationSettings
) -> tuple[dict[str, float], dict[str, float]]:
    """Common classes that are never answered, and those that hardly ever are."""
    never: dict[str, float] = {}
    hardly: dict[str, float] = {}
    if report["one_of"]:
        answered, true = handed_out(report)
        shares, given = true / report["n"], answered.sum(axis=0) / report["n"]
        for id_, share, of in zip(report["members"], shares, given, strict=False):
            if share >= settings.common_class and (not of or of < settings.hardly_ever * share):
                (hardly if of else never)[id_] = float(share)
    return never, hardly


def _levels(report: Mapping[str, Any]) -> tuple[dict[str, tuple[float, float]], ...]:
    """Metrics below the level of no picture, and those that cannot be told from it."""
    found: tuple[dict[str, tuple[float, float]], ...] = ({}, {})
    for name in METRIC_WORDS:
        value, low, high = (report["metrics"][name][end] for end in ("value", "low", "high"))
        baseline = report["baselines"]["map" if name == "map" else "accuracy"]
        if value is None or baseline is None or (name == "map" and report["one_of"]):
            continue
        # Of what accuracy tells already, that of the decoded labels needs no word.
        verdict = 0 if (value if high is None else high) < baseline else 1
        above = verdict and (value if low is None else low) > baseline
        if not above and (name != "decoded_accuracy" or "accuracy" not in found[verdict]):
            found[verdict][name] = value, baseline
    return found
