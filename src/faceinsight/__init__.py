"""FaceInsight: a multimodal language model for face perception.

from faceinsight import FaceInsight

model = FaceInsight.from_pretrained("data/06_models/lgc/model")
faces = model.analyze("photo.jpg")

Nothing heavy is imported before it is used.
"""

from typing import TYPE_CHECKING

from faceinsight.common.lazy import lazy
from faceinsight.errors import FaceInsightError, PhotographError

if TYPE_CHECKING:
    from faceinsight.inference.explanation import Explanation
    from faceinsight.inference.face import Face, to_frame
    from faceinsight.inference.faceinsight import FaceInsight
    from faceinsight.inference.settings import PhotoSettings

__version__ = "0.1.0"

__all__ = [
    "Explanation",
    "Face",
    "FaceInsight",
    "FaceInsightError",
    "PhotoSettings",
    "PhotographError",
    "to_frame",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "Explanation": "faceinsight.inference.explanation",
        "Face": "faceinsight.inference.face",
        "FaceInsight": "faceinsight.inference.faceinsight",
        "PhotoSettings": "faceinsight.inference.settings",
        "to_frame": "faceinsight.inference.face",
    },
)
