"""Parameters of the two questions beside accuracy: is it fair, and is it as sure as it is right?"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class TemperatureSettings(BaseModel):
    """How temperatures are fitted.

    Attributes:
        per_task: one for each data set's task, besides the one for the whole model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_task: bool = True


class FairnessSettings(BaseModel):
    """How error rates are compared between groups of people.

    Attributes:
        axes: name of an axis to what divides faces along it: characteristics, or groups of the
            vocabulary, which stand for their members. Of each data set those count that it
            annotates; where that is a single one, the faces without it are the other group.
        minimum: a rate over fewer faces is reported, but not compared with others.
        named: gaps that the report lists, the largest first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    axes: dict[str, list[str]] = {
        "gender": ["gender"],
        "age": ["age", "Young", "Middle_Aged", "Senior"],
        "race": ["race7", "race5", "Asian", "White", "Black"],
    }
    minimum: int = Field(default=50, ge=2)
    named: int = Field(default=20, ge=1)
