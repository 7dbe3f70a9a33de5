"""Parameters of an evaluation: metrics, answers in words, calibration and fairness."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import Field

from faceinsight.common.settings import Seed, Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from faceinsight.method.characteristics import Vocabulary


class AnswersSettings(Settings, frozen=True):
    """How answers in words are compared with probabilities.

    Attributes:
        faces: at most this many of each data set are asked.
        questions: beside the request for a description; all faces of a data set get the same.
        grounded: of so many faces of each data set grounded answers are written as well, one by
            one.
        max_new_tokens: at most so many tokens an answer.
        seed: of faces and questions.
    """

    faces: int = Field(default=8, ge=1)
    questions: int = Field(default=4, ge=0)
    grounded: int = Field(default=1, ge=0)
    max_new_tokens: int = Field(default=60, ge=1)
    seed: Seed = 0


class RegionsSettings(Settings, frozen=True):
    """How it is measured on which region of a face each characteristic hangs.

    Attributes:
        faces: at most this many test faces, of each data set in turn; each is scored about a dozen
            times. 0 measures nothing.
        minimum: a characteristic that fewer faces have, or have not, is left out.
        expected: a characteristic, or a group for all of its classes, to the regions where it ought
            to be seen, see `faceinsight.inference.regions.REGIONS`; reports warn where the first
            region is another one. Of what is not listed nothing is expected.
    """

    faces: int = Field(default=240, ge=0)
    minimum: int = Field(default=5, ge=2)
    expected: dict[str, list[str]] = {}

    def by_characteristic(self, vocabulary: Vocabulary) -> dict[str, list[str]]:
        """Id to expected regions.

        Names of other vocabularies are left out, as a group that no data set uses is.

        Raises:
            ParameterError: there is no such region.
        """
        from faceinsight.errors import ParameterError
        from faceinsight.inference.regions import REGIONS

        for name, regions in self.expected.items():
            if unknown := sorted(set(regions) - set(REGIONS)):
                raise ParameterError(
                    f"regions.expected.{name}: there is no region '{unknown[0]}'; "
                    f"there are {', '.join(REGIONS)}"
                )
        return {
            id_: regions
            for name, regions in self.expected.items()
            for id_ in vocabulary.groups.get(name, (name,))
            if id_ in vocabulary.index
        }


class EvaluationSettings(Settings, frozen=True):
    """Parameters of an evaluation.

    Attributes:
        threshold: a characteristic is answered present from this probability on.
        thresholds: other thresholds for single characteristics, by id, chosen on validation data.
        n_resamples: bootstrap resamples; 0 gives no intervals. 1,000 take about 8 seconds on one
            core for 20,000 faces with 40 labels each, in proportion to both.
        level: of the intervals.
        seed: of the resamples.
        calibration_bins: of the calibration error.
        adaptive_bins: bins of equal numbers in place of equal widths.
        common_class: a class that at least this share of a task's test faces has is common; reports
            warn where it is never answered.
        hardly_ever: or answered for less than this part of its share.
        answers: how answers in words are compared with probabilities.
    """

    threshold: float = Field(default=0.5, gt=0, lt=1)
    thresholds: dict[str, float] = {}
    n_resamples: int = Field(default=1000, ge=0)
    level: float = Field(default=0.95, gt=0, lt=1)
    seed: Seed = 0
    calibration_bins: int = Field(default=15, ge=1)
    adaptive_bins: bool = False
    common_class: float = Field(default=0.05, gt=0, le=1)
    hardly_ever: float = Field(default=0.1, ge=0, le=1)
    answers: AnswersSettings = AnswersSettings()

    def thresholds_of(self, ids: Iterable[str]) -> NDArray[np.float64]:
        """The threshold of each of these characteristics, [k]."""
        import numpy as np

        return np.array([self.thresholds.get(id_, self.threshold) for id_ in ids])


class TemperatureSettings(Settings, frozen=True):
    """How temperatures are fitted.

    Attributes:
        per_task: one for each data set's task, besides the one for the whole model.
    """

    per_task: bool = True


class FairnessSettings(Settings, frozen=True):
    """How error rates are compared between groups of people.

    Attributes:
        axes: name of an axis to what divides faces along it: characteristics, or groups of the
            vocabulary, which stand for their members. Of each data set those count that it
            annotates; where that is a single one, the faces without it are the other group.
        minimum: a rate over fewer faces is reported, but not compared with others.
        named: gaps that the report lists, the largest first.
    """

    axes: dict[str, list[str]] = {
        "gender": ["gender"],
        "age": ["age", "Young", "Middle_Aged", "Senior"],
        "race": ["race7", "race5", "Asian", "White", "Black"],
    }
    minimum: int = Field(default=50, ge=2)
    named: int = Field(default=20, ge=1)
