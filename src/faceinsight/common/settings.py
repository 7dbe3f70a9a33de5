"""What all settings refuse: misspelt names, numbers that are none, and `true` for a number."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""Of random numbers; NumPy takes none above."""


class Settings(BaseModel):
    """Values that a person gives, in a file or on the command line."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any, field: ValidationInfo) -> Any:
        if isinstance(value, bool):
            of = cls.model_fields[str(field.field_name)].annotation
            kinds = {of, *get_args(of)}
            if kinds & {int, float} and bool not in kinds:
                raise ValueError("expected a number, found true or false")
        return value
