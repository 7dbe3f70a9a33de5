"""Parameters of FaceXBench."""

from __future__ import annotations

from faceinsight.common.settings import Settings


class FaceXBenchSettings(Settings):
    """What is answered and scored.

    Attributes:
        folder: FaceXBench's folder `benchmark`, question files with their pictures.
        replies: a folder of results of another model, as FaceXBench's `evaluate.py` writes them:
            they are scored, and no question is answered.
    """

    folder: str | None = None
    replies: str | None = None
