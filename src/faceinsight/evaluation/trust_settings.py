"""Parameters of the two questions beside accuracy: is it fair, and is it as sure as it is right?"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class TemperatureSettings(BaseModel):
    """How temperatures are fitted.

    Attributes:
        per_task: one for each data set's task, besides the one for the whole model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_task: bool = True
