"""The multimodal language model.

Settings are cheap to import; what needs torch and transformers is imported when it is first used.
Whoever imports one of the classes has them in transformers' Auto classes as well.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

_MODULE = {
    "FaceInsightConfig": "configuration",
    "FaceInsightImageProcessor": "image_processing",
    "FaceInsightModel": "modeling",
    "FaceInsightOutput": "modeling",
    "build_model": "building",
    "build_tokenizer": "tokenizer",
    "encode_phrases": "pretrained",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first used."""
    if name in _MODULE:
        return getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
