"""Nodes: examples to face crops with label maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.cluster.settings import ClusterSettings
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.registry import dataset_folder

if TYPE_CHECKING:
    from pandas import DataFrame
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = Any


def segment_faces(
    examples: DataFrame,
    raw: Path,
    name: str,
    settings: SegmentationSettings,
    work: str,
    cluster: ClusterSettings,
) -> Path:
    """Crop every example to its face and give it a label map, provided or parsed."""
    from faceinsight.data.segmentation import segment

    fill = None
    if cluster.address is not None:
        from faceinsight.cluster.segmentation import fill_on

        fill = fill_on(cluster.address)
    return segment(name, examples, dataset_folder(raw, name), Path(work), settings, fill=fill)
