"""Parameters of the report."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ReportingSettings(BaseModel):
    """What the report shows.

    Attributes:
        show_photographs: whether example faces are shown; on real photographs only for your own
            eyes, since most data sets may not be passed on. Null shows drawn faces and no others.
        faces_per_dataset: example faces of each data set.
    """

    model_config = ConfigDict(extra="forbid")

    show_photographs: bool | None = None
    faces_per_dataset: int = Field(4, ge=0)
