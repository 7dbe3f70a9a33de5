"""Nodes: a trained model and somebody's photographs to a table, and pictures if asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.cluster.settings import ClusterSettings
from faceinsight.inference.settings import PhotoSettings

if TYPE_CHECKING:
    from pandas import DataFrame
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = Any


def score_photographs(
    model: Path, photos: str | None, predict: PhotoSettings, work: str, cluster: ClusterSettings
) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Every face of a folder, once for programs and once for people; and what was skipped."""
    from faceinsight.inference.caution import refuse_photographs
    from faceinsight.inference.folder import find_folder
    from faceinsight.inference.loading import loaded
    from faceinsight.inference.table import for_spreadsheet, require_faces

    folder = find_folder(photos)  # what is wrong with it is told before weights are read
    refuse_photographs(model, folder, predict.anyway)
    if cluster.address is None:
        scores = loaded(model, settings=predict).analyze_folder(folder, work=work)
    else:
        from faceinsight.cluster.scoring import analyze_folder_on_cluster

        scores = analyze_folder_on_cluster(folder, Path(work), cluster.address, model, predict)
    faces, skipped = require_faces(scores, str(photos))
    return faces, for_spreadsheet(faces), for_spreadsheet(skipped)


def draw_photographs(
    model: Path, photos: str, faces: DataFrame, predict: PhotoSettings, work: str
) -> Iterator[Path]:
    """Photographs with boxes and labels, if asked for: Kedro saves what is yielded, if anything."""
    from faceinsight.inference.pictures import draw_folder
    from faceinsight.method.characteristics import Vocabulary

    if predict.pictures:
        yield draw_folder(photos, faces, Vocabulary.of_model(model), Path(work), predict)
