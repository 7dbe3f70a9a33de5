"""One's own photographs: every face in a folder, scored by a trained model; questions about one.

from faceinsight.inference import score_folder

faces, skipped = score_folder("path/of/a/model", "path/of/photographs")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from faceinsight.inference.settings import PhotoSettings

if TYPE_CHECKING:
    from faceinsight.inference.asking import PhotoAnswer, answer_question
    from faceinsight.inference.pictures import draw_folder
    from faceinsight.inference.scoring import Scores, score_folder

__all__ = [
    "PhotoAnswer",
    "PhotoSettings",
    "Scores",
    "answer_question",
    "draw_folder",
    "score_folder",
]

_MODULE = {
    "PhotoAnswer": "asking",
    "Scores": "scoring",
    "answer_question": "asking",
    "draw_folder": "pictures",
    "score_folder": "scoring",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first used."""
    if name in _MODULE:
        return getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
