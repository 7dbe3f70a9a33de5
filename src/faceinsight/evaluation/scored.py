"""Predictions as arrays: one row a face, one column a characteristic.

Rows are put in one order (data set, photograph, face), so that two models' predictions of the same
faces line up row by row, which a paired comparison needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.errors import ParameterError
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.labels import UNKNOWN
from faceinsight.method.variants import Readout

AGES = ("years", "age_years", "age_low", "age_high")
"""Columns of ages: the true one, the expected one, and the ends of its interval."""


@dataclass(frozen=True)
class Scored:
    """Predictions and labels of N faces, sorted by data set, photograph and face.

    Attributes:
        faces: `dataset`, `photograph`, `face` of every row; the index is 0 to N - 1.
        rows: data set to its slice of rows, for every data set of the vocabulary (empty ones too).
        probabilities: float32 [N, K]; 0 where the model has none, as it was not taught.
        labels: int8 [N, K], 1 present, 0 absent, -1 unknown.
        decoded: bool [N, K], the labels that contradict no rule.
        photographs: int64 [N], the number of the face's photograph within its data set, from 0.
        readout: of the model; `independent` where the table does not say.
        energies: float32 [N, K], what probabilities and labels were read from; None where the table
            has none.
        sets: int8 [N, K], what the conformal sets of a calibrated model hold: 0 absent, 1 present,
            2 either, -1 where it was not taught; None of other models.
        ages: float32 [N, 4] in years, with `sets`: true, expected, and the ends of its interval;
            NaN where there is none.
    """

    faces: pd.DataFrame
    rows: Mapping[str, slice]
    probabilities: NDArray[np.float32]
    labels: NDArray[np.int8]
    decoded: NDArray[np.bool_]
    photographs: NDArray[np.int64]
    readout: Readout = "independent"
    energies: NDArray[np.float32] | None = None
    sets: NDArray[np.int8] | None = None
    ages: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def count_photographs(self, chosen: NDArray[np.bool_]) -> int:
        """The number of photographs that the chosen faces, bool [N], are on."""
        return sum(
            len(np.unique(self.photographs[rows][chosen[rows]])) for rows in self.rows.values()
        )

    @classmethod
    def from_frame(cls, predictions: pd.DataFrame, vocabulary: Vocabulary) -> Scored:
        """Take the columns `dataset, photograph, face, p_<id>, d_<id>, y_<id>` of predictions.

        And where they are there `readout`, `z_<id>`, `s_<id>` and the ages in years.

        Raises:
            ParameterError: a column is missing, a data set is not in the vocabulary, a face occurs
                twice, a probability is not between 0 and 1, or a label is not 0, 1 or null.
        """
        _check_columns(predictions, vocabulary)
        dataset = pd.Index(vocabulary.datasets).get_indexer(
            pd.Index(predictions["dataset"].to_numpy(dtype=object))
        )
        if (unknown := np.flatnonzero(dataset < 0)).size:
            name = predictions["dataset"].iloc[unknown[0]]
            raise ParameterError(
                f"predictions: data set '{name}' is not among the vocabulary's "
                f"{list(vocabulary.datasets)}"
            )
        photograph, _ = pd.factorize(predictions["photograph"].astype(object), sort=True)
        face = predictions["face"].to_numpy(dtype=np.int64)
        order = np.lexsort((face, photograph, dataset))
        faces = predictions[["dataset", "photograph", "face"]].iloc[order].reset_index(drop=True)
        if (twice := faces.duplicated()).any():
            row = faces[twice].iloc[0]
            raise ParameterError(
                f"predictions: face {row['face']} of {row['dataset']}'s '{row['photograph']}' "
                "occurs twice"
            )
        calibrated = all(f"s_{id_}" in predictions for id_ in vocabulary.ids)
        ends = np.searchsorted(dataset[order], np.arange(len(vocabulary.datasets) + 1))
        return cls(
            faces=faces,
            rows={
                name: slice(int(ends[i]), int(ends[i + 1]))
                for i, name in enumerate(vocabulary.datasets)
            },
            readout=_readout(predictions),
            probabilities=_probabilities(predictions, vocabulary)[order],
            energies=(
                _columns(predictions, "z_", vocabulary)[order]
                if all(f"z_{id_}" in predictions for id_ in vocabulary.ids)
                else None
            ),
            sets=_labels(predictions, "s_", vocabulary, 2)[order] if calibrated else None,
            ages=_stacked(predictions, AGES)[order] if calibrated else None,
            labels=_labels(predictions, "y_", vocabulary)[order],
            decoded=_labels(predictions, "d_", vocabulary)[order] == 1,
            # Sorted already: numbered in the order in which they occur.
            photographs=faces.groupby("dataset", sort=False)["photograph"]
            .transform(lambda names: pd.factorize(names)[0])
            .to_numpy(dtype=np.int64),
        )


def _readout(predictions: pd.DataFrame) -> Readout:
    if "readout" not in predictions or not (predictions["readout"] == "coherent").any():
        return "independent"
    return "coherent"


def _check_columns(predictions: pd.DataFrame, vocabulary: Vocabulary) -> None:
    needed = ["dataset", "photograph", "face"]
    needed += [prefix + id_ for prefix in ("p_", "d_", "y_") for id_ in vocabulary.ids]
    present = set(predictions.columns)
    if missing := [column for column in needed if column not in present]:
        raise ParameterError(
            f"predictions: {len(missing)} columns are missing, '{missing[0]}' the first of them; "
            "predict again with the vocabulary that is evaluated"
        )


def _probabilities(predictions: pd.DataFrame, vocabulary: Vocabulary) -> NDArray[np.float32]:
    values = _columns(predictions, "p_", vocabulary)
    if _readout(predictions) == "coherent":
        untaught = np.isnan(values).all(axis=0)
        if not untaught.all():  # something was taught
            values = np.where(untaught, np.float32(0), values)
    bad = np.argwhere(~((values >= 0) & (values <= 1)))
    if len(bad):
        row, column = bad[0]
        raise ParameterError(
            f"predictions: row {row} has p_{vocabulary.ids[column]} = {values[row, column]}, which "
            "is no probability; the model that predicted it has probably diverged"
        )
    return values


def _labels(
    predictions: pd.DataFrame, prefix: str, vocabulary: Vocabulary, largest: int = 1
) -> NDArray[np.int8]:
    values = _columns(predictions, prefix, vocabulary)
    values = np.where(np.isnan(values), UNKNOWN, values)
    bad = np.argwhere(~np.isin(values, (UNKNOWN, *range(largest + 1))))
    if len(bad):
        row, column = bad[0]
        raise ParameterError(
            f"predictions: row {row} has {prefix}{vocabulary.ids[column]} = "
            f"{values[row, column]:g}; a label is {'2, ' if largest > 1 else ''}1, 0 or null"
        )
    return values.astype(np.int8)


def _columns(predictions: pd.DataFrame, prefix: str, vocabulary: Vocabulary) -> NDArray[np.float32]:
    """The columns of a kind, [N, K]; null as NaN."""
    return _stacked(predictions, [prefix + id_ for id_ in vocabulary.ids])


def _stacked(predictions: pd.DataFrame, names: Sequence[str]) -> NDArray[np.float32]:
    columns = (predictions[name] for name in names)
    return np.stack([of.to_numpy(dtype=np.float32, na_value=np.nan) for of in columns], axis=1)
