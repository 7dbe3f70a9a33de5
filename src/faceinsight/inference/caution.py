"""Where a model that has seen drawn faces alone is put before photographs: what is said of that."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from faceinsight.data.drawn.writing import is_drawn
from faceinsight.errors import ParameterError

DRAWN_ALONE = (
    "This model has seen drawn faces alone: what it says of a photograph means nothing. Train one "
    "on photographs first (--env=small)."
)


def saw_drawn_alone(model_folder: Path | str | None) -> bool:
    """Whether a saved model's `provenance.json` says that all faces of its training were drawn."""
    if model_folder is None or not (path := Path(model_folder) / "provenance.json").is_file():
        return False
    about = json.loads(path.read_text(encoding="utf-8"))
    return bool(about.get("training", {}).get("drawn"))


def is_among_drawn(path: Path | None) -> bool:
    """Whether a file or folder lies in what this project has drawn, links followed.

    Args:
        path: None is a photograph that is no file: nobody knows where it is from.
    """
    if path is None:
        return False
    try:
        place = path.resolve(strict=True)
    except (OSError, RuntimeError):  # What is wrong with the path is told by what reads it.
        return False
    return _holds_drawn(place) or _holds_drawn(place.parent)


@lru_cache(maxsize=4096)
def _holds_drawn(folder: Path) -> bool:
    return any(is_drawn(above) for above in (folder, *folder.parents))


def refuse_photographs(model_folder: Path, photos: Path, anyway: bool) -> None:
    """Stop where a model that has seen drawn faces alone is asked about a folder of photographs.

    Args:
        model_folder: a saved model.
        photos: the folder.
        anyway: go on all the same.

    Raises:
        ParameterError: such a model, and others than drawn faces.
    """
    if not anyway and saw_drawn_alone(model_folder) and not is_among_drawn(photos):
        raise ParameterError(
            f"photos: the model in {model_folder} has seen drawn faces alone, and what it says of "
            f"the photographs in {photos} means nothing: train one on photographs first "
            "(--env=small), or go on with --params predict.anyway=true"
        )
