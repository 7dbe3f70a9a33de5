"""Readers of data sets' labels, each in its own on-disk layout, into one kind of table.

A module here has the name of its data set and a function `read(folder, vocabulary, split)`; `table`
reads what comes as a plain table.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pandas as pd
import pyarrow as pa

from faceinsight.data.readers import table as plain_table
from faceinsight.data.readers.base import Labels, column_types, to_pandas
from faceinsight.data.readers.layout import find_photographs
from faceinsight.data.registry import DATA_SETS, TableSettings
from faceinsight.data.splits import SeededSplit
from faceinsight.errors import LabelFileError, ParameterError
from faceinsight.method.characteristics import Vocabulary

__all__ = ["Labels", "empty_table", "read_labels"]


def read_labels(
    dataset: str,
    folder: Path,
    vocabulary: Vocabulary,
    *,
    seed: int = 0,
    val_share: float = 0.1,
    test_share: float = 0.1,
    table: TableSettings | None = None,
) -> Labels:
    """Read all labels of a data set, and find the photographs in the layout that is there.

    Args:
        dataset: its name; one of `registry.DATA_SETS` where it has a reader.
        folder: the data set's own folder, e.g. `data/01_raw/celeba`.
        vocabulary: whose characteristics become columns.
        seed: seed of the parts that the data set's authors did not fix.
        val_share: share that validates: of the official train part, or of all.
        test_share: share that tests where there is no official test part.
        table: how it is read, if it comes as a plain table.

    Returns:
        The label table, and what was left out of it.

    Raises:
        LabelFileError: naming the file, the line and what was expected.
        ParameterError: there is no such data set, or the shares cannot work.
        VocabularyError: the vocabulary's tasks do not fit what the data set labels.
    """
    if table is None and dataset not in DATA_SETS:
        raise ParameterError(f"there is no data set '{dataset}'; there are {', '.join(DATA_SETS)}")
    split = SeededSplit(seed, val_share, test_share)
    try:
        if table is not None:
            labels = plain_table.read(dataset, Path(folder), vocabulary, split, table)
        else:
            reader = import_module(f"{__name__}.{dataset}")
            labels = reader.read(Path(folder), vocabulary, split)
        found = find_photographs(Path(folder), labels.below, labels.table["photograph"])
        return replace(labels, table=labels.table.assign(photograph=found))
    except OSError as error:
        path, reason = error.filename or folder, error.strerror or error
        raise LabelFileError(f"{path} cannot be read: {reason}") from None


def empty_table(dataset: str, vocabulary: Vocabulary) -> pd.DataFrame:
    """The label table of a data set that is not used: all columns, no row."""
    types = column_types(dataset, vocabulary)
    return to_pandas({name: pa.nulls(0, type_) for name, type_ in types.items()})
