"""Parameters of the report, and of the page that sets this run beside the paper."""

from __future__ import annotations

from pydantic import Field, field_validator

from faceinsight.common.settings import Seed, Settings
from faceinsight.data.registry import check_dataset


class ReportingSettings(Settings):
    """What the report shows.

    Attributes:
        show_photographs: whether example faces are shown; on real photographs only for your own
            eyes, since most data sets may not be passed on. Null shows drawn faces and no others.
        faces_per_dataset: example faces of each data set.
    """

    show_photographs: bool | None = None
    faces_per_dataset: int = Field(4, ge=0)


class PaperSettings(Settings):
    """What the page shows beside what this run's variants give.

    Attributes:
        ablation_dataset: the data set of Figure 8; CelebA in the paper.
        faces: faces of Figure 7, picked at random from that data set's test part.
        seed: of that draw.
        rivals: folder of reports, where runs of `baselines` and `finetune` leave rivals' metrics;
            null shows none.
        results: tables of results that were made elsewhere (see
            `faceinsight.reports.paper.results.read_results`).
        answers: a table of statements about faces for Figure 7, as CSV (see
            `faceinsight.reports.paper.panel`); null shows those of this run's variants alone.
        omega_sweep: what `experiments/omega.py` wrote, as CSV; null says that it was not run.
    """

    ablation_dataset: str = "celeba"
    faces: int = Field(default=4, ge=0)
    seed: Seed = 0
    rivals: str | None = None
    results: list[str] = []
    answers: str | None = None
    omega_sweep: str | None = None

    _dataset = field_validator("ablation_dataset")(check_dataset)
