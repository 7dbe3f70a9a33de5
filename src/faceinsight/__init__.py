"""FaceInsight: a multimodal language model for face perception.

from faceinsight import FaceInsight

model = FaceInsight.from_pretrained("data/06_models/lgc/model")
faces = model.analyze("photo.jpg")

Nothing heavy is imported before it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from faceinsight.errors import FaceInsightError, PhotographError

if TYPE_CHECKING:
    from faceinsight.inference.face import Face, to_frame
    from faceinsight.inference.faceinsight import FaceInsight
    from faceinsight.inference.settings import PhotoSettings

__version__ = "0.1.0"

__all__ = [
    "Face",
    "FaceInsight",
    "FaceInsightError",
    "PhotoSettings",
    "PhotographError",
    "to_frame",
]

_MODULE = {
    "Face": "face",
    "FaceInsight": "faceinsight",
    "PhotoSettings": "settings",
    "to_frame": "face",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first used."""
    if name in _MODULE:
        return getattr(import_module(f"faceinsight.inference.{_MODULE[name]}"), name)
    raise AttributeError(f"module 'faceinsight' has no attribute '{name}'")
