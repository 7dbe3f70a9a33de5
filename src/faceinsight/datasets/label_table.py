"""Validation of label tables by the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class LabelTableValidator:
    """Check a data set's label table against its pandera schema whenever the catalog saves it.

    Args:
        dataset: which data set's columns are expected.
        vocabulary: the configured vocabulary, as in `conf/*/characteristics.yml`.
    """

    def __init__(self, dataset: str, vocabulary: dict[str, Any]) -> None:
        from faceinsight.data.readers.schema import build_schema
        from faceinsight.method.characteristics import Vocabulary

        self._schema = build_schema(dataset, Vocabulary.from_config(vocabulary))

    def validate(self, data: pd.DataFrame) -> pd.DataFrame:
        """Return the table, or raise pandera's error with every fault in it."""
        return self._schema.validate(data, lazy=True)
