"""Parameters of FaceXBench."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class FaceXBenchSettings(BaseModel):
    """What is answered and scored.

    Attributes:
        folder: FaceXBench's folder `benchmark`, question files with their pictures.
        replies: a folder of results of another model, as FaceXBench's `evaluate.py` writes them:
            they are scored, and no question is answered.
    """

    model_config = ConfigDict(extra="forbid")

    folder: str | None = None
    replies: str | None = None
