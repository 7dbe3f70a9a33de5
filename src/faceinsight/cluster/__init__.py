"""Scoring, segmentation, training and pipelines on Ray: the only place that imports it."""

from typing import Any

from faceinsight.cluster.connection import require_ray
from faceinsight.common.lazy import lazy

_get, __dir__ = lazy(__name__, {"RayRunner": "faceinsight.cluster.runner"})


def __getattr__(name: str) -> Any:
    if name == "RayRunner":
        require_ray("--runner")
    return _get(name)
