"""All systems scored as tables of anyone's answers are, and in pairs with the package's model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from faceinsight.answers.ages import OLDEST
from faceinsight.evaluation.bootstrap import basic_interval, chunks_of, draws
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.rivals.tables.same_faces import compare_on_same_faces
from faceinsight.rivals.tables.scoring import score_tables
from faceinsight.rivals.tables.settings import PhotographSettings, TableLayout, TablesSettings

Answers = Mapping[str, pd.DataFrame]
"""System to what it says of a data set's faces, as `answers.in_way` gives it."""

Layouts = Mapping[str, TableLayout]
"""Tables of answers by name; of each the file is an absolute path."""

_WORDS = {"fearful": "fear", "disgusted": "disgust", "surprised": "surprise"}
"""The expressions that face-api calls otherwise than ExpW."""


class Scoring:
    """The labels, and what is measured with them.

    Args:
        labels: data set to its labelled faces that are asked about.
        vocabulary: the classes.
        settings: of the intervals.
        folder: for the tables of answers.
    """

    def __init__(
        self,
        labels: Mapping[str, pd.DataFrame],
        vocabulary: Vocabulary,
        settings: EvaluationSettings,
        folder: Path,
    ) -> None:
        self._labels, self._vocabulary = labels, vocabulary
        self._settings, self._folder = settings, folder

    def tasks(self, dataset: str) -> dict[str, tuple[str, ...]]:
        """The tasks of a data set, to their classes."""
        return {task.name: task.members for task in self._vocabulary.tasks(dataset)}

    def accuracies(
        self, dataset: str, answers: Answers, published: Layouts | None = None
    ) -> dict[tuple[str, str], dict[str, Any]]:
        """(System, task) to `n` and the accuracy, `value, low, high`.

        Args:
            dataset: whose faces.
            answers: of the systems that were asked.
            published: answers of systems that were not, about the same faces.
        """
        tables = self._tables(dataset, answers, published)
        scores, _ = score_tables(tables, self._labels, self._vocabulary, self._settings)
        rows = scores[(scores["scoring"] == "exact") & (scores["labels"] == "data set")]
        return {
            (row["system"], row["task"]): {
                "n": int(row["n"]),
                "value": row["accuracy"],
                "low": row["accuracy_low"],
                "high": row["accuracy_high"],
            }
            for row in rows.to_dict("records")
        }

    def leads(
        self,
        dataset: str,
        answers: Answers,
        ours: Sequence[str],
        published: Layouts | None = None,
    ) -> dict[tuple[str, str, str], dict[str, Any]]:
        """(System, task, one of ours) to `n`, the accuracy of the `system`, and our lead.

        Args:
            dataset: whose faces.
            answers: of all systems, ours among them.
            ours: which of them others are compared with.
            published: as for `accuracies`.
        """
        others = {system: of for system, of in answers.items() if system not in ours}
        tables = self._tables(dataset, others, published)
        models = {name: self._as_predictions(dataset, answers[name]) for name in ours}
        pairs = compare_on_same_faces(
            tables, self._labels, models, self._vocabulary, self._settings
        )
        return {
            (row["system"], row["task"], row["model"]): {
                "n": int(row["n"]),
                "system": row["system_accuracy"],
                "value": row["difference"],
                "low": row["difference_low"],
                "high": row["difference_high"],
            }
            for row in pairs[pairs["scoring"] == "exact"].to_dict("records")
        }

    def errors_of_ages(
        self, dataset: str, answers: Answers, ours: Sequence[str]
    ) -> dict[str, dict[str, Any]]:
        """System to `n` and its mean absolute `error` in years, and by how much each of ours is
        `less` wrong; of the faces of which every system says an age.
        """
        labels = self._labels[dataset].set_index(["photograph", "face"])["years"]
        wrong = pd.DataFrame(
            {
                system: of.set_index(["photograph", "face"])["years"].astype(float)
                for system, of in answers.items()
            }
        )
        wrong = wrong.sub(labels.astype(float), axis=0).abs().dropna()
        errors = wrong.to_numpy()
        number, names = pd.factorize(wrong.index.get_level_values("photograph"), sort=True)
        resampled = []
        for numbers in chunks_of(self._settings.n_resamples, len(number)):
            weights = draws(dataset, len(names), numbers, self._settings.seed)[:, number]
            resampled.append(weights @ errors / weights.sum(axis=1, keepdims=True))
        drawn = dict(zip(wrong.columns, np.concatenate(resampled).T, strict=True))
        mean = wrong.mean()
        level = self._settings.level

        def measured(value: float, of: np.ndarray, scale: Any) -> dict[str, Any]:
            # Differences are of shares, from -1 to 1: here of the longest life.
            unit = OLDEST if scale == "difference" else 1
            ends = basic_interval(value / unit, of / unit, level, scale)
            low, high = (None if end is None else unit * end for end in ends)
            return {"value": value, "low": low, "high": high}

        return {
            system: {
                "n": len(wrong),
                "error": measured(float(mean[system]), drawn[system], "count"),
                "less": {
                    name: measured(
                        float(mean[system] - mean[name]), drawn[system] - drawn[name], "difference"
                    )
                    for name in ours
                    if system not in ours
                },
            }
            for system in wrong.columns
        }

    def _tables(
        self, dataset: str, answers: Answers, published: Layouts | None = None
    ) -> TablesSettings:
        """The answers as tables in files, and what their words mean."""
        tasks = self.tasks(dataset)
        layouts = dict(published or {})
        for system, of in answers.items():
            said = {task: task for task in tasks if task in of}
            if not said:
                continue
            file = f"{dataset}-{system}.csv"
            self._folder.mkdir(parents=True, exist_ok=True)
            of.to_csv(self._folder / file, index=False)
            words = {task: {id_: id_ for id_ in tasks[task]} for task in said}
            if "expression" in words:
                words["expression"] |= _WORDS
            layouts[f"{dataset}_{system}"] = TableLayout.model_validate(
                {
                    "file": file,
                    "dataset": dataset,
                    "photograph": PhotographSettings(column="photograph"),
                    "face": "face",
                    "systems": {system: said},
                    "words": words,
                }
            )
        return TablesSettings(folder=str(self._folder.absolute()), layouts=layouts)

    def _as_predictions(self, dataset: str, answers: pd.DataFrame) -> pd.DataFrame:
        """Our answers as a model's: probability 1 of what is said, and none where nothing is."""
        said = {
            f"p_{id_}": (answers[task] == id_).astype("float32")
            for task, ids in self.tasks(dataset).items()
            for id_ in ids
        }
        keys = answers[["photograph", "face"]].assign(dataset=dataset)
        return pd.concat([keys, pd.DataFrame(said)], axis=1)
