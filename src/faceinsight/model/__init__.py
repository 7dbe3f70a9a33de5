"""The multimodal language model."""

from faceinsight.model.building import build_model
from faceinsight.model.configuration import FaceInsightConfig
from faceinsight.model.modeling import FaceInsightModel, FaceInsightOutput
from faceinsight.model.pretrained import encode_phrases
from faceinsight.model.settings import ModelSettings
from faceinsight.model.tokenizer import build_tokenizer

__all__ = [
    "FaceInsightConfig",
    "FaceInsightModel",
    "FaceInsightOutput",
    "ModelSettings",
    "build_model",
    "build_tokenizer",
    "encode_phrases",
]
