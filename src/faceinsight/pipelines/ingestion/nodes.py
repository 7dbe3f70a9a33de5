"""Nodes: raw data sets to label tables, audits and selected examples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.data.audit import AuditSettings
from faceinsight.data.drawn.settings import DrawnSettings
from faceinsight.data.registry import DatasetSettings
from faceinsight.errors import ParameterError
from faceinsight.method.characteristics import Vocabulary, VocabularyConfig

if TYPE_CHECKING:
    from pandas import DataFrame
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = Any


def build_vocabulary(vocabulary: VocabularyConfig) -> Vocabulary:
    """The characteristics of all data sets, in one order."""
    return Vocabulary.from_config(vocabulary)


def find_raw(raw: str, drawing: DrawnSettings | None, vocabulary: Vocabulary) -> Path:
    """The folder of the raw data sets; drawn first where the configuration says so."""
    folder = Path(raw)
    if drawing is not None:
        from faceinsight.data.drawn import draw_datasets

        return draw_datasets(folder, drawing, vocabulary)
    if not folder.is_dir():
        raise ParameterError(
            f"raw: there is no folder '{raw}'; name the folder that holds the data sets' folders "
            "(celeba, fairface, ...) with --params raw=FOLDER"
        )
    return folder


def read_labels(
    raw: Path, vocabulary: Vocabulary, dataset: DatasetSettings, seed: int
) -> tuple[DataFrame, DataFrame]:
    """A data set's label table, and the rows that could not be used."""
    from faceinsight.data import readers

    if dataset.use and dataset.name not in vocabulary.datasets:
        raise ParameterError(
            f"datasets.{dataset.name}.use: the vocabulary has no task for {dataset.name}; add one "
            "in characteristics.yml, or set use to false"
        )
    if not dataset.use:
        labels = readers.Labels(readers.empty_table(dataset.name, vocabulary))
    else:
        labels = readers.read_labels(
            dataset.name,
            raw / dataset.name,
            vocabulary,
            seed=seed,
            val_share=dataset.val_share,
            test_share=dataset.test_share,
        )
    return labels.table, labels.skipped


def audit_photographs(
    labels: DataFrame, raw: Path, dataset: DatasetSettings, settings: AuditSettings, work: str
) -> DataFrame:
    """Which photographs of the label table can be used, and why others cannot."""
    from faceinsight.data.audit import audit_photographs as audit

    return audit(
        labels,
        raw / dataset.name,
        Path(work),
        max_pixels=settings.max_pixels,
        workers=settings.workers,
    )


def select_examples(
    labels: DataFrame, audit: DataFrame, dataset: DatasetSettings, seed: int
) -> tuple[DataFrame, dict[str, Any]]:
    """The labelled faces with usable photographs, and what was left out."""
    from faceinsight.data.audit import select_examples as select

    # MAAD's folders are people: one person's photographs stay in one part.
    by_folder = dataset.name == "maad"
    return select(
        labels,
        audit,
        limit=dataset.limit,
        seed=seed,
        val_share=dataset.val_share,
        test_share=dataset.test_share,
        by_folder=by_folder,
    )
