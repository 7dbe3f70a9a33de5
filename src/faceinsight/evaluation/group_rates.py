"""Error rates within groups of faces, as sums that weights can be applied to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from faceinsight.common.messages import no_such
from faceinsight.errors import ParameterError
from faceinsight.evaluation.scored import Scored
from faceinsight.method.characteristics import Task, Vocabulary

ALL = ""
"""Stands for all of a task's characteristics together."""


class Rate(NamedTuple):
    """What a rate is of.

    Attributes:
        task: name of the task.
        characteristic: an id, or `ALL`.
        rate: `accuracy`, `false_positive` (share of the faces without it that are said to have it)
            or `false_negative` (share of the faces with it that are said not to).
    """

    task: str
    characteristic: str
    rate: str


@dataclass(frozen=True)
class Group:
    """Faces of one data set that share what divides an axis.

    Attributes:
        axis: `gender`, `age`, `race` or another.
        name: id of the characteristic; "not <id>" for the faces without it.
        rows: int64 [m], their rows within the data set.
    """

    axis: str
    name: str
    rows: NDArray[np.int64]


class TaskRates:
    """Numerators and denominators of all rates of a data set's task, face by face.

    Args:
        task: what is measured.
        labels: int8 [n, k] of the task's members, -1 unknown.
        probabilities: [n, k]; of several classes the one with the highest is answered, and none
            where all are 0.
        thresholds: [k]; an attribute is answered present from its threshold on.

    Attributes:
        rates: the q rates.
        table: float32 [n, 2 q], numerators and then denominators; accuracy of attributes counts
            labels, every other rate counts faces.
    """

    def __init__(
        self,
        task: Task,
        labels: NDArray[np.int8],
        probabilities: NDArray[np.floating],
        thresholds: NDArray[np.floating],
    ) -> None:
        if task.one_of:
            said = np.zeros(labels.shape, bool)
            rows, best = np.arange(len(said)), probabilities.argmax(axis=1)
            said[rows, best] = probabilities[rows, best] > 0
            # A class that is not exactly one known member is no class at all.
            known = np.repeat(((labels == 1).sum(axis=1) == 1)[:, None], labels.shape[1], axis=1)
        else:
            said, known = probabilities >= thresholds, labels >= 0
        present, absent = known & (labels == 1), known & (labels != 1)
        numerators, denominators = [], []
        if task.one_of:
            numerators.append((present & said).any(axis=1)[:, None])
            denominators.append(known[:, :1])
        else:
            right = known & (said == present)
            numerators += [right.sum(axis=1)[:, None], right]
            denominators += [known.sum(axis=1)[:, None], known]
        numerators += [absent & said, present & ~said]
        denominators += [absent, present]
        self.rates = [Rate(task.name, ALL, "accuracy")]
        if not task.one_of:
            self.rates += [Rate(task.name, id_, "accuracy") for id_ in task.members]
        for name in ("false_positive", "false_negative"):
            self.rates += [Rate(task.name, id_, name) for id_ in task.members]
        self.table = np.hstack([*numerators, *denominators]).astype(np.float32)

    def count(self, rows: NDArray[np.int64], photographs: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many photographs each rate is of, [q].

        Args:
            rows: [m], the group's rows.
            photographs: [n], the number of each face's photograph, which never falls.
        """
        counted = self.table[rows, len(self.rates) :] > 0
        if not len(rows):
            return np.zeros(len(self.rates), dtype=np.int64)
        first = np.flatnonzero(np.diff(photographs[rows], prepend=-1))
        return np.logical_or.reduceat(counted, first, axis=0).sum(axis=0)

    @staticmethod
    def values(totals: NDArray[np.floating]) -> NDArray[np.float64]:
        """Rates [..., q] of weighted sums [..., 2 q] of the table; NaN over no face."""
        top, bottom = np.split(totals.astype(np.float64), 2, axis=-1)
        return np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)


def find_groups(
    scored: Scored, dataset: str, axes: Mapping[str, Sequence[str]], vocabulary: Vocabulary
) -> list[Group]:
    """The groups along every axis that a data set annotates; axes with one group are left out.

    Raises:
        ParameterError: an axis names what is neither a characteristic nor a group.
    """
    labels = scored.labels[scored.rows[dataset]]
    annotated = set(vocabulary.annotated_by(dataset))
    groups = []
    for axis, names in axes.items():
        ids = [id_ for id_ in _ids(axis, names, vocabulary) if id_ in annotated]
        of_axis = [
            Group(axis, id_, np.flatnonzero(labels[:, vocabulary.index[id_]] == 1)) for id_ in ids
        ]
        if len(ids) == 1:
            without = np.flatnonzero(labels[:, vocabulary.index[ids[0]]] == 0)
            of_axis.append(Group(axis, f"not {ids[0]}", without))
        if sum(len(group.rows) > 0 for group in of_axis) > 1:
            groups += of_axis
    return groups


def _ids(axis: str, names: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    known = set(vocabulary.ids) | set(vocabulary.groups)
    for name in names:
        if name not in known:
            sentence = no_such("characteristic or group", name, known)
            raise ParameterError(f"fairness.axes.{axis}: {sentence}")
    ids = [id_ for name in names for id_ in vocabulary.groups.get(name, (name,))]
    return list(dict.fromkeys(ids))
