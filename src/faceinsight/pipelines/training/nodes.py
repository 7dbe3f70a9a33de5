"""Nodes: crops, prior and rules to a trained model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.answers.settings import LexiconSettings
from faceinsight.cluster.settings import ClusterSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.variants import Variant
from faceinsight.model.settings import ModelSettings
from faceinsight.training.settings import TrainingSettings

if TYPE_CHECKING:
    from numpy import ndarray
    from pandas import DataFrame

    from faceinsight.data.registry import DatasetSettings
    from faceinsight.method.rules.compiler import RuleSet
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = DatasetSettings = RuleSet = ndarray = Any


def train_model(
    variant: Variant,
    seed: int,
    model: ModelSettings,
    training: TrainingSettings,
    vocabulary: Vocabulary,
    rule_set: RuleSet,
    prior: Mapping[str, ndarray],
    text_features: Mapping[str, ndarray],
    answers: LexiconSettings,
    datasets: Mapping[str, DatasetSettings],
    noisy_labels: Mapping[str, str],
    work: str,
    cluster: ClusterSettings,
    **crops: Path,
) -> tuple[Path, DataFrame]:
    """Train a variant; what an earlier start left is gone on with, what is finished is found.

    The run's seed takes the place of the one in `training`, which is the first run's. Several
    processes are the cluster's, where there is one.
    """
    from faceinsight.answers.lexicon import Lexicon
    from faceinsight.training.job import TrainingJob
    from faceinsight.training.loop import train

    features = text_features["features"]
    lexicon = Lexicon.from_config(answers, vocabulary)
    job = TrainingJob(
        variant=variant,
        model=model,
        training=training.model_copy(update={"seed": seed}),
        vocabulary=vocabulary,
        rule_set=rule_set,
        adjacency=prior["adjacency"],
        text_features=features if features.size else None,
        crops=crops,
        weights=_weights(datasets),
        lexicon=lexicon if lexicon.entries else None,
        noisy_labels=noisy_labels,
    )
    launcher = None
    if cluster.address is not None and (training.processes or 1) > 1:
        from faceinsight.cluster.training import train_in_cluster

        launcher = partial(train_in_cluster, cluster.address)
    return train(job, Path(work), launcher)


def _weights(datasets: Mapping[str, Any]) -> dict[str, float]:
    """Weight of every data set; Kedro types these parameters only where ingestion runs as well."""
    from faceinsight.data.registry import DatasetSettings

    return {
        name: DatasetSettings.model_validate(settings).weight for name, settings in datasets.items()
    }
