"""Models that were trained with several seeds each: how much they differ, and how surely.

Two kinds of luck are in a difference of two models: which photographs are in the test part, and
which seed decided initial weights and order of examples. Both models meet the same ones, so both
are resampled in pairs: each resample draws photographs and, independently of them, seeds, and takes
the mean over the drawn seeds of the metric on the drawn photographs (two crossed factors, each
resampled on its own: Owen 2007, "The pigeonhole bootstrap"). A few seeds understate how much seeds
matter, by the factor (S - 1) / S of a variance; Student's t interval over the seeds' own
differences, which allows for their number but takes the test part as given, stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.errors import ParameterError
from faceinsight.evaluation.bootstrap import Scale, basic_interval
from faceinsight.evaluation.metrics import Key, Metric, Metrics, mean_where_defined
from faceinsight.evaluation.scored import Scored
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary

if TYPE_CHECKING:
    from faceinsight.method.rules.compiler import RuleSet

MAP: Key = ("overall", "map")
MEAN_ACCURACY: Key = ("overall", "mean_accuracy")
FACES_BREAKING_RULES: Key = ("rules", "highest_in_group", "faces")
"""Keys of the metrics that are compared; ("ap", id) is a characteristic's average precision."""

_SEEDS = 1
"""Beside `EvaluationSettings.seed`, so that seeds are not drawn from the photographs' numbers."""


@dataclass(frozen=True)
class Difference:
    """A metric of one model minus that of another.

    Attributes:
        value: mean over seeds; None where it is not defined.
        low: lower end of the bootstrap interval over photographs and seeds; None without resamples.
        high: its upper end.
        by_seed: the difference with each seed.
        t_low: lower end of Student's t interval over seeds; None with a single one.
        t_high: its upper end.
    """

    value: float | None
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
        ruleset: RuleSet | None = None,
    ) -> None:
        self._settings = settings or EvaluationSettings()
        counts = {name: len(tables) for name, tables in predictions.items()}
        if len(set(counts.values())) != 1 or 0 in counts.values():
            raise ParameterError(
                f"paired runs: every model needs predictions of the same seeds, not {counts}"
            )
        names = list(counts)
        first: Metrics | None = None
        self._point: dict[str, list[dict[Key, float | None]]] = {}
        self._resampled: dict[str, dict[Key, NDArray[np.float64]]] = {}
        for name, tables in predictions.items():
            runs = []
            for number, table in enumerate(tables):
                scored = Scored.from_frame(table, vocabulary)
                run = Metrics(scored, vocabulary, self._settings, ruleset)
                first = first or run
                seed = f", seed {number}" if len(tables) > 1 else ""
                check_same_faces(first.scored, scored, names[0], name + seed)
                runs.append(run)
            self._point[name] = [run.point() for run in runs]
            self._resampled[name] = self._resample(runs)
        assert first is not None
        self._first, self._vocabulary = first, vocabulary
        self.n, self.n_seeds = len(first.scored), counts[names[0]]
        point = self._point[names[0]][0]
        self.characteristics = tuple(i for i in vocabulary.ids if point.get(("ap", i)) is not None)

    def _resample(self, runs: Sequence[Metrics]) -> dict[Key, NDArray[np.float64]]:
        """Mean over the drawn seeds in each of R resamples; [R] each."""
        settings = self._settings
        by_seed = [run.resampled(settings.n_resamples, settings.seed) for run in runs]
        shares = seed_shares(len(runs), settings.n_resamples, settings.seed)
        return {
            key: (shares * np.stack([run[key] for run in by_seed], axis=1)).sum(axis=1)
            for key in by_seed[0]
            if key[0] in ("overall", "ap") or key == FACES_BREAKING_RULES or key[-1] == "accuracy"
        }

    def by_seed(self, model: str, *keys: Key) -> NDArray[np.float64]:
        """A model's metric with each seed, float64 [S]; NaN where it is not defined.

        Of several keys, here and in what follows, their mean.
        """
        values = [[point.get(key) for key in keys] for point in self._point[model]]
        return np.array(values, dtype=np.float64).mean(axis=1)

    def metric(self, model: str, key: Key = MAP) -> Metric:
        """A model's metric, the mean over seeds, with its interval over photographs and seeds."""
        value = float(self.by_seed(model, key).mean())
        return Metric(*self._with_interval(value, (key,), "share", model))

    def difference(self, before: str, after: str, *keys: Key) -> Difference:
        """How much the metric of `after` lies above that of `before`; mAP by default."""
        keys = keys or (MAP,)
        gaps = self.by_seed(after, *keys) - self.by_seed(before, *keys)
        value, low, high = self._with_interval(
            float(gaps.mean()), keys, "difference", after, before
        )
        t_low, t_high = t_interval(gaps, self._settings.level)
        return Difference(value, low, high, tuple(gaps.tolist()), t_low, t_high)

    def _with_interval(
        self, value: float, keys: Sequence[Key], scale: Scale, after: str, before: str | None = None
    ) -> tuple[float | None, float | None, float | None]:
        if np.isnan(value):
            return None, None, None
        if any(key not in self._resampled[after] for key in keys):
            return value, None, None
        drawn = np.stack([self._resampled[after][key] for key in keys])
        if before is not None:
            drawn = drawn - np.stack([self._resampled[before][key] for key in keys])
        # What a resample draws no positive of is left out, for both alike.
        mean = mean_where_defined([*drawn], drawn.shape[1])
        photographs = max(self._first.photographs(key) or 0 for key in keys)
        return value, *basic_interval(value, mean, self._settings.level, scale, photographs)

    def by_characteristic(self, before: str, after: str) -> pd.DataFrame:
        """Average precision of every characteristic under two models.

        Returns:
            One row a characteristic, the largest gain first: `id`; `n` faces with a known label;
            `prevalence` among them (the AP of answers that say nothing); `before` and `after`, mean
            over seeds; `difference`, `low`, `high`.
        """
        rows = []
        for id_ in self.characteristics:
            labels = self._first.scored.labels[:, self._vocabulary.index[id_]]
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


def check_same_faces(first: Scored, other: Scored, first_name: str, name: str) -> None:
    """Refuse to compare what was not predicted on the same faces and labels.

    Raises:
        ParameterError: `other` has other faces or labels than `first`.
    """
    if not first.faces.equals(other.faces):
        raise ParameterError(
            f"ablation: '{name}' was predicted on other faces than '{first_name}' "
            f"({len(other)} and {len(first)}); predict both on the same test part"
        )
    if not np.array_equal(first.labels, other.labels):
        raise ParameterError(
            f"ablation: '{name}' and '{first_name}' were predicted with other true labels; "
            "predict both from the same label tables"
        )
