"""What a coherent model is told after training: how sure it may be, and when it cannot tell.

Fitted on faces that were neither trained nor stopped on (`data.dataset.Fold`), and saved in the
model's configuration:

- temperatures, one a component of rules and one for all free characteristics (Guo et al. 2017);
- split conformal sets (Vovk et al. 2005): of a group the classes, and of a single characteristic
  "present" and "absent", whose 1 - P is no larger than it is for nine in ten of the faces that are
  annotated so. What is rare is held to this among the faces that have it, and among those that do
  not, since a set that never says "present" is right of 97 in 100 faces about baldness. Where
  several data sets annotate the same, the one of which least is known decides;
- years of each class of ages, and how far the true age may lie from their expectation, in units
  of the standard deviation of the estimated distribution.

The annotation is taken for the truth here. Temperatures and sets are fitted on the same faces: one
number a component, held near 1 where there are few.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.coherent import CoherentLayer, fit_temperatures

LEVEL = 0.9
"""Share of annotations that the sets are to hold."""

RARE = 0.1
"""What fewer faces have, or lack, has thresholds of its own for "present" and "absent"."""

LARGEST = 20.0
"""Temperatures are sought from 1 / LARGEST to LARGEST."""

_MOST = 10_000
"""Faces that temperatures are fitted on, drawn by chance where there are more."""

_FEWEST = 50
"""Labels of a data set without which it has no say in what is annotated elsewhere, too."""


@dataclass(frozen=True)
class Calibration:
    """Fitted numbers, ready for JSON.

    Attributes:
        temperatures: [C + 1], of `CoherentLayer.temperatures`.
        level: share of faces whose annotation the sets are to hold.
        groups: group to the largest 1 - P of a class that is in the set.
        present: characteristic outside these groups to the largest 1 - P with which "present" is;
            classes of a group of which not all were taught are among them.
        absent: the largest P with which "absent" is.
        years: class of ages to the mean age in years of the training faces of that class.
        margin: standard deviations to either side of the expected age within which nine in ten
            ages lie; None where no age is known in years.
        faces: that all of it was fitted on.
    """

    temperatures: Sequence[float]
    level: float
    groups: Mapping[str, float] = field(default_factory=dict)
    present: Mapping[str, float] = field(default_factory=dict)
    absent: Mapping[str, float] = field(default_factory=dict)
    years: Mapping[str, float] = field(default_factory=dict)
    margin: float | None = None
    faces: int = 0

    def candidates(
        self,
        probabilities: NDArray[np.floating],
        labels: NDArray[np.bool_],
        vocabulary: Vocabulary,
    ) -> NDArray[np.bool_]:
        """What each label may be, at `level`; never nothing, as what is handed out is among it.

        Args:
            probabilities: [N, K] marginals at the temperatures; NaN where there is none.
            labels: [N, K] that are handed out.
            vocabulary: the K characteristics.

        Returns:
            bool [2, N, K]: "absent" and "present" are in the set. Of a group's class the second
            says that it is in the group's set, and the first that another one is.
        """
        p = np.nan_to_num(probabilities, nan=0.5)
        may = np.stack([~labels, labels])
        for ids, column in vocabulary.index.items():
            if ids in self.present:
                may[1, :, column] |= 1 - p[:, column] <= self.present[ids]
                may[0, :, column] |= p[:, column] <= self.absent[ids]
        for name, threshold in self.groups.items():
            columns = [vocabulary.index[m] for m in vocabulary.groups[name]]
            inside = (1 - p[:, columns] <= threshold) | labels[:, columns]
            may[1][:, columns] = inside
            may[0][:, columns] = (inside.sum(1, keepdims=True) - inside) > 0
        unknown = np.isnan(probabilities)
        may[:, unknown] = True
        return may

    def age(
        self, probabilities: NDArray[np.floating], vocabulary: Vocabulary
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Expected age in years [N], and its interval [N, 2]; `years` must not be empty."""
        p = probabilities[:, [vocabulary.index[id_] for id_ in self.years]].astype(np.float64)
        expected, spread = _moments(p, np.array(list(self.years.values())))
        if self.margin is None:
            return expected, None
        ends = expected[:, None] + self.margin * spread[:, None] * np.array([-1.0, 1.0])
        return expected, np.maximum(ends, 0.0)


def _moments(
    p: NDArray[np.float64], years: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation [N]; a year at least, so that a sure face has an interval."""
    mean = p @ years
    return mean, np.sqrt(np.maximum(p @ years**2 - mean**2, 1.0))


def fit_calibration(
    layer: CoherentLayer,
    logits: NDArray[np.floating],
    labels: NDArray[np.int8],
    datasets: NDArray[np.integer],
    vocabulary: Vocabulary,
    *,
    years: NDArray[np.floating] | None = None,
    years_of: Mapping[str, float] | None = None,
    level: float = LEVEL,
) -> Calibration:
    """Fit everything on the same faces.

    Args:
        layer: of the model; its temperatures are set.
        logits: [N, K].
        labels: [N, K] of 1 present, 0 absent, -1 unknown.
        datasets: [N], the number of each face's data set.
        vocabulary: the K characteristics.
        years: [N], NaN where the age is not known in years.
        years_of: class of ages to its mean age in years (`mean_years`).
        level: of the sets.
    """
    energies = torch.as_tensor(logits, dtype=torch.float64, device="cpu")
    some = np.random.default_rng(0).permutation(len(logits))[:_MOST]
    layer.temperatures = fit_temperatures(
        layer, energies[some], torch.as_tensor(labels[some], device="cpu"), LARGEST
    )
    p = layer.marginals(energies).numpy()

    def threshold(scores: NDArray[np.floating], rows: NDArray[np.bool_]) -> float:
        parts = [scores[rows & (datasets == d)] for d in np.unique(datasets[rows])]
        enough = [part for part in parts if len(part) >= _FEWEST]
        return max((_threshold(part, level) for part in enough or [scores[rows]]), default=1.0)

    taught = dict(zip(vocabulary.ids, layer.taught.tolist(), strict=True))
    groups, present, absent = {}, {}, {}
    for name, members in vocabulary.groups.items():
        if all(taught[m] for m in members):
            columns = [vocabulary.index[m] for m in members]
            held = labels[:, columns] == 1
            one = held.sum(1) == 1
            groups[name] = threshold(1 - (p[:, columns] * held).sum(1), one)
    in_groups = {m for name in groups for m in vocabulary.groups[name]}
    for id_, column in vocabulary.index.items():
        if not taught[id_] or id_ in in_groups:
            continue
        there, not_there = labels[:, column] == 1, labels[:, column] == 0
        wrong = np.where(there, 1 - p[:, column], p[:, column])
        known = there | not_there
        if known.any() and RARE <= there.sum() / known.sum() <= 1 - RARE:
            present[id_] = absent[id_] = threshold(wrong, known)
        else:
            present[id_], absent[id_] = threshold(wrong, there), threshold(wrong, not_there)
    return Calibration(
        layer.temperatures,
        level,
        groups,
        present,
        absent,
        *_years(p, years, years_of or {}, vocabulary, level),
        faces=len(logits),
    )


def _years(
    p: NDArray[np.floating],
    years: NDArray[np.floating] | None,
    years_of: Mapping[str, float],
    vocabulary: Vocabulary,
    level: float,
) -> tuple[Mapping[str, float], float | None]:
    columns = [vocabulary.index[id_] for id_ in years_of]
    if not columns or np.isnan(p[:, columns]).any():
        return {}, None
    if years is None or np.isnan(years).all():
        return years_of, None
    mean, spread = _moments(p[:, columns].astype(np.float64), np.array(list(years_of.values())))
    known = ~np.isnan(years)
    margin = _threshold((np.abs(years - mean) / spread)[known], level, np.inf)
    return years_of, margin if np.isfinite(margin) else None


def _threshold(scores: NDArray[np.floating], level: float, most: float = 1.0) -> float:
    """The largest score that a split conformal predictor takes; `most` where it takes all."""
    from crepes import ConformalClassifier  # with pandas and scipy, and here alone

    if not len(scores):
        return most
    fitted = ConformalClassifier()
    fitted.fit(scores.astype(np.float64))
    at = np.unique(scores.astype(np.float64))
    # A score above all of them has the p-value 1 / (n + 1).
    if 1 / (len(scores) + 1) >= 1 - level:
        return most
    taken = fitted.predict_set(at[:, None], confidence=level, smoothing=False)[:, 0]
    return float(at[np.asarray(taken, dtype=bool)].max())


def mean_years(
    classes: Sequence[str], labels: NDArray[np.int8], years: NDArray[np.floating]
) -> dict[str, float]:
    """Mean age of the faces of each class; where none is known in years, the middle of its name.

    Of a class without an upper end, `age_70_plus`, five years more than its lower one.

    Args:
        classes: ids of a group of ages, e.g. `age_20_29`, `age_70_plus`.
        labels: [N, k].
        years: [N], NaN where unknown.

    Returns:
        Empty where a class has neither faces nor such a name.
    """
    found = {}
    for column, id_ in enumerate(classes):
        of = years[(labels[:, column] == 1) & ~np.isnan(years)]
        ends = [int(n) for n in re.findall(r"\d+", id_)]
        if len(of):
            found[id_] = float(of.mean())
        elif len(ends) == 2:
            found[id_] = (ends[0] + ends[1] + 1) / 2
        elif ends and id_.endswith("plus"):
            found[id_] = ends[0] + 5.0
        else:
            return {}
    return found
