"""Parameters of an evaluation."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class EvaluationSettings(BaseModel):
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
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: float = Field(default=0.5, gt=0, lt=1)
    thresholds: dict[str, float] = {}
    n_resamples: int = Field(default=1000, ge=0)
    level: float = Field(default=0.95, gt=0, lt=1)
    seed: int = Field(default=0, ge=0)
    calibration_bins: int = Field(default=15, ge=1)
    adaptive_bins: bool = False
