"""Nodes: a trained model and somebody's photographs to a table, and pictures if asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.photos.settings import PhotoSettings

if TYPE_CHECKING:
    from pandas import DataFrame
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = Any


def score_photographs(
    model: Path, photos: str | None, predict: PhotoSettings, work: str
) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Every face of a folder, once for programs and once for people; and what was skipped."""
    from faceinsight.photos import score_folder
    from faceinsight.photos.scoring import require_faces

    scores = score_folder(model, photos, predict, work=Path(work))
    faces, skipped = require_faces(scores, str(photos))
    return faces, faces, skipped


def draw_photographs(
    model: Path, photos: str, faces: DataFrame, predict: PhotoSettings, work: str
) -> Path:
    """Photographs with boxes and labels; an empty folder where none are asked for."""
    from faceinsight.characteristics import Vocabulary
    from faceinsight.photos import draw_folder

    asked_for = faces if predict.pictures else faces.head(0)
    return draw_folder(photos, asked_for, Vocabulary.of_model(model), Path(work), predict)
