"""Models that were trained with several seeds each: how much they differ, and how surely.

Two kinds of luck are in a difference of two models: which photographs are in the test part, and
which seed decided initial weights and order of examples. Both models meet the same ones, so both
are resampled in pairs: each resample draws photographs and, independently of them, seeds, and takes
the mean over the drawn seeds of the figure on the drawn photographs (two crossed factors, each
resampled on its own: Owen 2007, "The pigeonhole bootstrap"). A few seeds understate how much seeds
matter, by the factor (S - 1) / S of a variance; Student's t interval over the seeds' own
differences, which allows for their number but takes the test part as given, stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.errors import ParameterError
from faceinsight.evaluation.bootstrap import basic_interval
from faceinsight.evaluation.compare import check_same_faces
from faceinsight.evaluation.measures import Key, Measures, Rules
from faceinsight.evaluation.scored import Scored
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary

MAP: Key = ("overall", "map")
MEAN_ACCURACY: Key = ("overall", "mean_accuracy")
FACES_BREAKING_RULES: Key = ("rules", "highest_in_group", "faces")
"""Keys of the figures that are compared; ("ap", id) is a characteristic's average precision."""

_SEEDS = 1
"""Beside `EvaluationSettings.seed`, so that seeds are not drawn from the photographs' numbers."""


@dataclass(frozen=True)
class Difference:
    """A figure of one model minus that of another.

    Attributes:
        value: mean over seeds.
        low: lower end of the bootstrap interval over photographs and seeds; None without resamples.
        high: its upper end.
        by_seed: the difference with each seed.
        t_low: lower end of Student's t interval over seeds; None with a single one.
        t_high: its upper end.
    """

    value: float
    low: float | None
    high: float | None
    by_seed: tuple[float, ...]
    t_low: float | None
    t_high: float | None


class PairedRuns:
    """Test predictions of several models, each trained with the same S seeds.

    Args:
        predictions: model to its predictions (the form that `evaluate` takes), one table a seed, in
            the same order of seeds for every model.
        vocabulary: the characteristics and tasks.
        settings: thresholds, resamples, level.
        ruleset: to compare how many faces break a rule as well.

    Attributes:
        n: faces.
        n_seeds: S.
        characteristics: ids that have an AP.

    Raises:
        ParameterError: there is no model, one has no seed or not as many as the others, or they
            were not predicted on the same faces and labels.
    """

    def __init__(
        self,
        predictions: Mapping[str, Sequence[pd.DataFrame]],
        vocabulary: Vocabulary,
        settings: EvaluationSettings | None = None,
        ruleset: Rules | None = None,
    ) -> None:
        self._settings = settings or EvaluationSettings()
        counts = {name: len(tables) for name, tables in predictions.items()}
        if len(set(counts.values())) != 1 or 0 in counts.values():
            raise ParameterError(
                f"paired runs: every model needs predictions of the same seeds, not {counts}"
            )
        first: Scored | None = None
        self._point: dict[str, list[dict[Key, float | None]]] = {}
        self._resampled: dict[str, dict[Key, NDArray[np.float64]]] = {}
        for name, tables in predictions.items():
            runs = []
            for number, table in enumerate(tables):
                scored = Scored.from_frame(table, vocabulary)
                first = first or scored
                check_same_faces(first, scored, next(iter(counts)), f"{name}, seed {number}")
                runs.append(Measures(scored, vocabulary, self._settings, ruleset))
            self._point[name] = [run.point() for run in runs]
            self._resampled[name] = self._resample(runs)
        assert first is not None
        self._labels = first.labels
        self._vocabulary = vocabulary
        self.n = len(first)
        self.n_seeds = next(iter(counts.values()))
        point = next(iter(self._point.values()))[0]
        self.characteristics = tuple(i for i in vocabulary.ids if point.get(("ap", i)) is not None)

    def _resample(self, runs: Sequence[Measures]) -> dict[Key, NDArray[np.float64]]:
        """Mean over the drawn seeds in each of R resamples; [R] each."""
        settings = self._settings
        by_seed = [run.resampled(settings.n_resamples, settings.seed) for run in runs]
        shares = seed_shares(len(runs), settings.n_resamples, settings.seed)
        keys = [MAP, MEAN_ACCURACY, FACES_BREAKING_RULES, *(k for k in by_seed[0] if k[0] == "ap")]
        return {
            key: (shares * np.stack([run[key] for run in by_seed], axis=1)).sum(axis=1)
            for key in keys
            if key in by_seed[0]
        }

    def by_seed(self, model: str, key: Key) -> NDArray[np.float64]:
        """A model's figure with each seed, float64 [S]; NaN where it is not defined."""
        values = [point.get(key) for point in self._point[model]]
        return np.array([np.nan if value is None else value for value in values])

    def difference(self, before: str, after: str, key: Key = MAP) -> Difference:
        """How much the figure of `after` lies above that of `before`."""
        gaps = self.by_seed(after, key) - self.by_seed(before, key)
        value = float(gaps.mean())
        low, high = None, None
        if key in self._resampled[after]:
            resampled = self._resampled[after][key] - self._resampled[before][key]
            low, high = basic_interval(value, resampled, self._settings.level, "difference")
        t_low, t_high = t_interval(gaps, self._settings.level)
        return Difference(value, low, high, tuple(gaps.tolist()), t_low, t_high)

    def by_characteristic(self, before: str, after: str) -> pd.DataFrame:
        """Average precision of every characteristic under two models.

        Returns:
            One row a characteristic, the largest gain first: `id`; `n` faces with a known label;
            `prevalence` among them (the AP of answers that say nothing); `before` and `after`, mean
            over seeds; `difference`, `low`, `high`.
        """
        rows = []
        for id_ in self.characteristics:
            labels = self._labels[:, self._vocabulary.index[id_]]
            known = labels >= 0
            gap = self.difference(before, after, ("ap", id_))
            rows.append(
                {
                    "id": id_,
                    "n": int(known.sum()),
                    "prevalence": float((labels[known] == 1).mean()),
                    "before": float(self.by_seed(before, ("ap", id_)).mean()),
                    "after": float(self.by_seed(after, ("ap", id_)).mean()),
                    "difference": gap.value,
                    "low": gap.low,
                    "high": gap.high,
                }
            )
        columns = ["id", "n", "prevalence", "before", "after", "difference", "low", "high"]
        frame = pd.DataFrame(rows, columns=columns)
        frame = frame.astype(dict.fromkeys(columns[2:], "float64"))
        return frame.sort_values("difference", ascending=False, kind="stable", ignore_index=True)


def seed_shares(n_seeds: int, n_resamples: int, seed: int) -> NDArray[np.float64]:
    """Share of each of S seeds in R resamples of S seeds with replacement: [R, S], rows sum to 1.

    Depends on the arguments alone, so that all models see the same resamples.
    """
    generator = np.random.default_rng([seed, _SEEDS])
    drawn = generator.integers(0, n_seeds, (n_resamples, n_seeds))
    return (drawn[:, :, None] == np.arange(n_seeds)).mean(axis=1)


def t_interval(values: NDArray[np.float64], level: float) -> tuple[float | None, float | None]:
    """Student's t interval of the mean of S values; (None, None) for fewer than two."""
    from scipy.stats import t

    if len(values) < 2:
        return None, None
    half = t.ppf((1 + level) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)
