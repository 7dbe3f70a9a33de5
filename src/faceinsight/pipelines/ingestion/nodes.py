"""Nodes: raw data sets to label tables, audits and selected examples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.data.drawn.settings import DATASETS, DrawnSettings
from faceinsight.data.registry import (
    AuditSettings,
    DatasetSettings,
    check_dataset,
    dataset_folder,
    holds_people,
    raw_folder,
)
from faceinsight.errors import VocabularyError
from faceinsight.method.characteristics import Vocabulary, VocabularyConfig

if TYPE_CHECKING:
    from pandas import DataFrame
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = Any


def build_vocabulary(vocabulary: VocabularyConfig) -> Vocabulary:
    """The characteristics of all data sets, in one order."""
    named = [name for entry in vocabulary.characteristics.values() for name in entry.names]
    for name in [*vocabulary.tasks, *named]:
        try:
            check_dataset(name)
        except ValueError as error:
            raise VocabularyError(f"vocabulary: {error}") from None
    return Vocabulary.from_config(vocabulary)


def find_raw(raw: str, drawing: DrawnSettings | None, vocabulary: Vocabulary) -> Path:
    """The folder of the raw data sets; drawn first where the configuration says so."""
    folder = Path(raw)
    if drawing is not None:
        from faceinsight.common.devices import cores
        from faceinsight.data.drawn.writing import draw_datasets

        # To start a process takes as long as to draw a hundred faces.
        many = sum(map(drawing.count, DATASETS)) >= 1000
        return draw_datasets(folder, drawing, vocabulary, cores() if many else 1)
    return raw_folder(folder)


def read_labels(
    raw: Path, vocabulary: Vocabulary, name: str, dataset: DatasetSettings, seed: int
) -> tuple[DataFrame, DataFrame]:
    """A data set's label table, and the rows that could not be used."""
    from faceinsight.data import readers

    if not dataset.use:
        labels = readers.Labels(readers.empty_table(name, vocabulary))
    else:
        labels = readers.read_labels(
            name,
            dataset_folder(raw, name),
            vocabulary,
            seed=seed,
            val_share=dataset.val_share,
            test_share=dataset.test_share,
            table=dataset.table,
        )
    return labels.table, labels.skipped


def audit_photographs(
    labels: DataFrame, raw: Path, name: str, settings: AuditSettings, work: str
) -> DataFrame:
    """Which photographs of the label table can be used, and why others cannot."""
    from faceinsight.data import audit

    folder = dataset_folder(raw, name)
    found = audit.audit_photographs(
        labels,
        folder,
        Path(work),
        max_pixels=settings.max_pixels,
        workers=settings.workers,
    )
    audit.check_photographs(name, folder, found)
    return found


def select_examples(
    labels: DataFrame,
    audit: DataFrame,
    raw: Path,
    name: str,
    dataset: DatasetSettings,
    seed: int,
) -> tuple[DataFrame, dict[str, Any]]:
    """The labelled faces with usable photographs, and what was left out."""
    from faceinsight.data.audit import select_examples as select
    from faceinsight.data.audit import tell_losses

    examples, report = select(
        labels,
        audit,
        limit=dataset.limit,
        held_out=dataset.held_out(),
        seed=seed,
        val_share=dataset.val_share,
        test_share=dataset.test_share,
        by_folder=holds_people(name),
        aligned_box=dataset.aligned_box,
    )
    tell_losses(name, dataset_folder(raw, name), audit, report)
    return examples, report
