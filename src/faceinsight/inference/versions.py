"""Saved models on disk: the newest of a run's folder."""

from __future__ import annotations

from pathlib import Path

from faceinsight.common.paths import at_home
from faceinsight.errors import WeightsError

_VERSIONS = ("model", "*/model", "model/*/model")
"""Where a saved model lies below a version's folder, a folder of versions, and a variant's."""


def newest_model(path: Path | str) -> Path | None:
    """The folder of a saved model at a path: itself, or the newest version below it.

    The pipeline keeps a model in `06_models/VARIANT/model/VERSION/model`; any part of that path,
    from the variant's folder on, may be named.

    Returns:
        None where there is nothing at that path.

    Raises:
        WeightsError: there is a folder, and no saved model in it.
    """
    folder = Path(at_home(path))
    if not folder.exists():
        return None
    if (folder / "config.json").is_file():
        return folder
    for pattern in _VERSIONS:
        if found := sorted(file.parent for file in folder.glob(f"{pattern}/config.json")):
            return found[-1]
    raise WeightsError(
        f"{folder} holds no saved model (a folder with config.json and model.safetensors), nor "
        "versions of one: name the folder that training saved, or the variant's above it"
    )
