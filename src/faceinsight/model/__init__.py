"""The multimodal language model.

Settings are cheap to import; what needs torch and transformers is imported when it is first used.
Whoever imports one of the classes has them in transformers' Auto classes as well.
"""

from typing import TYPE_CHECKING

from faceinsight.common.lazy import lazy
from faceinsight.model.settings import ModelSettings

if TYPE_CHECKING:
    from faceinsight.model.building import build_model
    from faceinsight.model.configuration import FaceInsightConfig
    from faceinsight.model.image_processing import FaceInsightImageProcessor
    from faceinsight.model.modeling import FaceInsightModel, FaceInsightOutput
    from faceinsight.model.pretrained import encode_phrases
    from faceinsight.model.tokenizer import build_tokenizer

__all__ = [
    "FaceInsightConfig",
    "FaceInsightImageProcessor",
    "FaceInsightModel",
    "FaceInsightOutput",
    "ModelSettings",
    "build_model",
    "build_tokenizer",
    "encode_phrases",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "FaceInsightConfig": "faceinsight.model.configuration",
        "FaceInsightImageProcessor": "faceinsight.model.image_processing",
        "FaceInsightModel": "faceinsight.model.modeling",
        "FaceInsightOutput": "faceinsight.model.modeling",
        "build_model": "faceinsight.model.building",
        "build_tokenizer": "faceinsight.model.tokenizer",
        "encode_phrases": "faceinsight.model.pretrained",
    },
)
