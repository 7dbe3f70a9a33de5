"""Everything that is measured of the model in the package, from the very file that is shipped.

Test faces are those of the project's own splits; those that other systems answered about are held
out of it all. By race it is measured with labels that the model has never seen: they are read from
the label files with the whole vocabulary, and joined to the predictions afterwards.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from embedded.changes import CHANGES, found_by_detector
from faceinsight import FaceInsight
from faceinsight.common.work import digest, write_beside
from faceinsight.data.readers import read_labels
from faceinsight.data.registry import DATA_SETS, DatasetSettings, dataset_folder
from faceinsight.data.splits import HELD_OUT
from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.fairness import measure_fairness
from faceinsight.evaluation.settings import EvaluationSettings, FairnessSettings
from faceinsight.inference.cropper import Crops
from faceinsight.inference.settings import PredictionSettings
from faceinsight.inference.split_scores import predict
from faceinsight.method.characteristics import Vocabulary, VocabularyConfig
from faceinsight.model.saving import WEIGHTS
from faceinsight.pipelines.evaluation.nodes import measure_model, measure_prevalence
from faceinsight.rivals.tables.same_faces import compare_on_same_faces
from faceinsight.rivals.tables.scoring import score_tables
from faceinsight.rivals.tables.settings import TablesSettings
from runner import Project, commit_of_code, prepare

METRICS = "metrics.json"
"""Beside the model: what its page and its card are made of."""

SYSTEMS = ("deepface", "facellm")
"""Tables of answers, by their layouts in the configuration."""


def measure(args: argparse.Namespace, project: Project) -> dict[str, Any]:
    """All metrics, which are also written beside the model."""
    prepare(project)
    bench = _Bench(args, project)
    test = bench.predictions("plain")
    settings, fairness = bench.settings, bench.fairness
    metrics = measure_model(
        test, args.package, bench.prevalence, bench.vocabulary, bench.rules, settings, fairness
    )
    metrics |= {
        "commit_of_evaluation": commit_of_code(),
        "weights": {
            "digest": digest(args.package / WEIGHTS),
            "bytes": (args.package / WEIGHTS).stat().st_size,
            "parameters": sum(p.numel() for p in bench.model.network.parameters()),
        },
        "noisy_labels": bench.noisy_labels,
        "groups": bench.by_group(test),
        "robustness": {name: bench.tasks(bench.predictions(name)) for name in ("plain", *CHANGES)},
        "detector": bench.through_detector(args.detector_weights),
        "systems": bench.beside_systems(args.predictions),
    }
    with write_beside(args.package / METRICS) as beside:
        beside.write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    return metrics


class _Changed:
    """A model that sees every crop changed."""

    def __init__(self, model: FaceInsight, change: Callable[[np.ndarray], np.ndarray]) -> None:
        self._model, self._change = model, change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def score(self, crops: Crops) -> np.ndarray:
        return self._model.score(replace(crops, pixels=self._change(crops.pixels)))


class _Bench:
    """The model, the faces, and what was predicted of them, which is kept."""

    def __init__(self, args: argparse.Namespace, project: Project) -> None:
        self.model = FaceInsight.from_pretrained(args.package, device="cpu", faces="whole")
        names = (
            *("vocabulary", "rule_set", "params:vocabulary", "params:raw", "params:seed"),
            *("params:datasets", "params:fairness", "params:tables", "params:noisy_labels"),
        )
        artifacts = [f"{name}.{kind}" for name in DATA_SETS for kind in ("crops", "examples")]
        found = dict(zip((*names, *artifacts), project.load(*names, *artifacts), strict=True))
        self.vocabulary, self.rules = found["vocabulary"], found["rule_set"]
        self.raw, self.seed = Path(found["params:raw"]), found["params:seed"]
        self.noisy_labels = found["params:noisy_labels"]
        self._tables = TablesSettings.model_validate(found["params:tables"])
        given = found["params:datasets"].items()
        settings = {name: DatasetSettings.model_validate(of or {}) for name, of in given}
        self._datasets = {name: of for name, of in settings.items() if of.use}
        self.crops = {name: found[f"{name}.crops"] for name in self._datasets}
        examples = {name: found[f"{name}.examples"] for name in self._datasets}
        self.prevalence = measure_prevalence(self.vocabulary, **examples)
        self.fairness = FairnessSettings.model_validate(found["params:fairness"])
        written = VocabularyConfig.model_validate(found["params:vocabulary"])
        self.whole = Vocabulary.from_config(written.model_copy(update={"without": []}))
        self.settings = EvaluationSettings(n_resamples=args.resamples)
        key = digest(args.package / WEIGHTS, list(map(str, self.crops.values())))
        self._folder = project.folder / f"predictions-{key}"

    def predictions(self, name: str, split: str = "test") -> pd.DataFrame:
        """Predictions of all faces of a split, changed as `CHANGES` says."""
        model: Any = self.model if name == "plain" else _Changed(self.model, CHANGES[name])
        return self._kept(f"{split}-{name}", lambda: predict(model, self.crops, _of(split)))

    def _kept(self, name: str, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        path = self._folder / f"{name}.parquet"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            with write_beside(path) as beside:
                make().to_parquet(beside, index=False)
        return pd.read_parquet(path)

    def tasks(self, predictions: pd.DataFrame) -> dict[str, Any]:
        """The accuracy of every task, with its interval, by "<data set>/<task>"."""
        found = evaluate(predictions, self.vocabulary, self.rules, self.prevalence, self.settings)[
            "datasets"
        ]
        return {
            f"{dataset}/{task}": {"n": of["n"], **of["metrics"]["accuracy"]}
            for dataset, report in found.items()
            for task, of in report["tasks"].items()
            if of["n"]
        }

    def with_race(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """Predictions with labels of what the model was not taught, and nothing of its own."""
        labels = [self.labels(name).assign(dataset=name) for name in self._datasets]
        apart = [id_ for id_ in self.whole.ids if id_ not in self.vocabulary.index]
        keys = ["dataset", "photograph", "face"]
        known = pd.concat(labels, ignore_index=True).reindex(columns=[*keys, *apart])
        known = known.astype({"dataset": object, "photograph": object, "face": np.int64})
        plain = predictions.astype({"dataset": object, "photograph": object, "face": np.int64})
        joined = plain.merge(known, how="left", on=keys, validate="one_to_one")
        truth = joined[apart].add_prefix("y_").astype("Int8")
        rows, none = joined.index, np.float32(np.nan)
        said = {f"p_{id_}": none for id_ in apart} | {f"d_{id_}": 0 for id_ in apart}
        ours = joined.drop(columns=apart)
        return pd.concat([ours, truth, pd.DataFrame(said, index=rows)], axis=1)

    def labels(self, name: str) -> pd.DataFrame:
        """A data set's label table, race and all."""
        of = self._datasets[name]
        return read_labels(
            name,
            dataset_folder(self.raw, name),
            self.whole,
            seed=self.seed,
            val_share=of.val_share,
            test_share=of.test_share,
        ).table

    def by_group(self, predictions: pd.DataFrame) -> list[dict[str, Any]]:
        """Accuracy of every task in every group of people."""
        axes = FairnessSettings().axes
        rates = measure_fairness(
            self.with_race(predictions),
            self.whole,
            self.settings,
            FairnessSettings(axes=axes, minimum=self.fairness.minimum),
        ).rates
        taught = {task.name for d in self.vocabulary.datasets for task in self.vocabulary.tasks(d)}
        rows = rates[
            (rates["rate"] == "accuracy")
            & (rates["characteristic"] == "")
            & rates["task"].isin(taught)
            & (rates["n"] > 0)
        ]
        columns = ["dataset", "axis", "group", "faces", "task", "n", "value", "low", "high"]
        return json.loads(rows[columns].to_json(orient="records"))

    def through_detector(self, weights: Path | None) -> dict[str, Any]:
        """Accuracy on faces that the detector has found in their photographs, and plain beside it.

        Empty where no weights are named.
        """
        if weights is None:
            return {}
        found: dict[str, Any] = {"plain": {}, "detected": {}, "found": {}}
        model = FaceInsight.from_pretrained(
            self.model.source, device="cpu", faces="detect", detector_weights=weights
        )
        plain = self.predictions("plain")
        for name in self.crops:
            kept = f"detected-{name}-{digest(weights)}"
            detected = self._kept(kept, partial(self._detected, model, name))
            found["found"][name] = float(detected["found"].iloc[0])
            found["detected"] |= self.tasks(detected)
            found["plain"] |= self.tasks(plain[plain["dataset"] == name])
        return found

    def _detected(self, model: FaceInsight, name: str) -> pd.DataFrame:
        pixels, share = found_by_detector(model, self.crops[name])
        rows = iter(pixels)
        model_of_rows: Any = _Changed(
            self.model, lambda crops: np.stack([next(rows) for _ in crops])
        )
        return predict(model_of_rows, {name: self.crops[name]}, _of("test")).assign(found=share)

    def beside_systems(self, folder: Path | None) -> list[dict[str, Any]]:
        """Other systems on the faces that were held out for it, and the model on the same faces."""
        if folder is None or "fairface" not in self.crops:
            return []
        layouts = {n: self._tables.layouts[n].model_copy(update={"use": True}) for n in SYSTEMS}
        tables = self._tables.model_copy(update={"folder": str(folder), "layouts": layouts})
        labels = {"fairface": self.labels("fairface")}
        ours = self.with_race(self.predictions("plain", HELD_OUT))
        theirs, _ = score_tables(tables, labels, self.whole, self.settings)
        both = compare_on_same_faces(tables, labels, {"ours": ours}, self.whole, self.settings)
        theirs = theirs[theirs["labels"] == "data set"]
        rows = both.merge(
            theirs[["system", "task", "scoring", "accuracy_low", "accuracy_high"]],
            on=["system", "task", "scoring"],
        )
        mine = self.tasks(self.predictions("plain", HELD_OUT))
        rows = rows[(rows["scoring"] == "exact") & rows["task"].isin(["age", "gender"])]
        found = json.loads(rows.drop(columns=["model", "table"]).to_json(orient="records"))
        return [row | {"model": mine[f"fairface/{row['task']}"]} for row in found]


def _of(split: str) -> PredictionSettings:
    return PredictionSettings(split=split, batch_size=64, device="cpu")
