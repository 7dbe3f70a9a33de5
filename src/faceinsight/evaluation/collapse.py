"""What has collapsed: common classes that are never answered, tasks no better than no picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceinsight.answers.labels import label_words
from faceinsight.data.registry import dataset_name
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.variants import LABELS, in_order

_METRICS = {"accuracy": "accuracy", "decoded_accuracy": "accuracy of decoded labels", "map": "mAP"}
"""What is held against the baseline, which sees no picture, in words; mAP of attributes alone."""


def find_collapses(runs: Mapping[str, Mapping[str, Any]], vocabulary: Vocabulary) -> list[str]:
    """A sentence for every task that a model has learnt too little of.

    Told are classes with at least a share of `common_class` of the test faces that are answered for
    none, or for less than `hardly_ever` of their share (of the labels that are handed out, the
    decoded ones; in metrics of older versions, which do not count these, of the most probable
    answers), and metrics whose interval ends below the baseline or holds it. Both parameters are
    those of the metrics' own settings.

    Args:
        runs: variant, or a variant's run with a further seed (`lgc.s1`), to what `evaluate`
            returned.
        vocabulary: gives the data sets' words.

    Returns:
        The full model (the last in order) first, and of each model the worst.
    """
    order = list(in_order({run.partition(".")[0]: run for run in runs}))
    found: list[str] = []
    for run in sorted(runs, key=lambda run: (-order.index(run.partition(".")[0]), run)):
        settings = EvaluationSettings.model_validate(runs[run]["settings"])
        variant, _, seed = run.partition(".s")
        name = LABELS.get(variant, variant) + (f" with seed {seed}" if seed else "")
        told = []
        for dataset, task, report in tasks_with_faces(runs[run]):
            never, hardly = _unanswered(report, settings)
            below, alike = _levels(report)
            words = class_words(vocabulary, dataset)
            clauses = [
                f"{often} answers {', '.join(f'{words[c]} ({classes[c]:.0%})' for c in classes)}"
                for often, classes in (("never", never), ("hardly ever", hardly))
                if classes
            ]
            clauses = [clause.replace("%)", "% of the faces)", 1) for clause in clauses]
            if clauses := [*clauses, *below, *alike]:
                sentence = f"{name}, {dataset_name(dataset)} {task}: {'; '.join(clauses)}."
                told.append((-sum(never.values()), not below, not hardly, sentence))
        found += [sentence for *_, sentence in sorted(told, key=lambda one: one[:3])]
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
    """Common classes that are never answered and those that hardly ever are, with their shares."""
    never: dict[str, float] = {}
    hardly: dict[str, float] = {}
    if report["one_of"]:
        answered, true = handed_out(report)
        shares, given = true / report["n"], answered.sum(axis=0) / report["n"]
        for id_, share, of in zip(report["members"], shares, given, strict=False):
            if share >= settings.common_class and (not of or of < settings.hardly_ever * share):
                (hardly if of else never)[id_] = float(share)
    return never, hardly


def _levels(report: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Metrics below the level of no picture, and those that cannot be told from it, in words."""
    below: dict[str, str] = {}
    alike: dict[str, str] = {}
    for name, words in _METRICS.items():
        value, low, high = (report["metrics"][name][end] for end in ("value", "low", "high"))
        baseline = report["baselines"]["map" if name == "map" else "accuracy"]
        if value is None or baseline is None or (name == "map" and report["one_of"]):
            continue
        ends = [value if end is None else end for end in (low, high)]
        found, how = alike, "no better than" if value <= baseline else "not clearly better than"
        if ends[1] < baseline:
            found, how = below, "below"
        # Of what accuracy tells already, that of the decoded labels needs no word.
        if ends[0] <= baseline and (name != "decoded_accuracy" or "accuracy" not in found):
            found[name] = f"{words} {value:.1%} is {how} {baseline:.1%} without a picture"
    return [*below.values()], [*alike.values()]
