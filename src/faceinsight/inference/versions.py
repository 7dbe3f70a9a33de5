"""Saved models on disk: the newest of a run's folder, and the one that a package brings."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from faceinsight.common.paths import at_home
from faceinsight.errors import WeightsError

_VERSIONS = ("model", "*/model", "model/*/model")
"""Where a saved model lies below a version's folder, a folder of versions, and a variant's."""

PACKAGE = "faceinsight_weights"
"""The package of the model that is taken where none is named, `weights/` in the project."""


def packaged_model() -> Path:
    """The folder of the model that the installed package `faceinsight-weights` holds.

    Raises:
        WeightsError: the package is not installed, or no model has been put into it.
    """
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise WeightsError(
            "no model is named, and the package with one, faceinsight-weights, is not installed: "
            "`pip install ./weights` in the project's folder installs it; or name the folder of a "
            "trained model, e.g. data/06_models/lgc after `make run`"
        )
    folder = Path(found.submodule_search_locations[0]) / "model"
    if not (folder / "config.json").is_file():
        raise WeightsError(
            f"no model is named, and the package faceinsight-weights has none in {folder} yet: "
            "`python experiments/embedded train` puts one there; or name the folder of a trained "
            "model, e.g. data/06_models/lgc after `make run`"
        )
    return folder


def newest_model(path: Path | str) -> Path | None:
    """The folder of a saved model at a path: itself, or the newest version below it.

    The pipeline keeps a model in `06_models/VARIANT/model/VERSION/model`; any part of that path,
    from the variant's folder on, may be named.

    Returns:
        None where there is nothing at that path.

    Raises:
        WeightsError: there is a folder, and no saved model in it, or several that are no versions
            of one.
    """
    folder = Path(at_home(path))
    if not folder.exists():
        if folder.is_symlink():
            raise WeightsError(f"{folder} is a link to a model that is gone: train it again")
        return None
    if (folder / "config.json").is_file():
        return folder
    for pattern in _VERSIONS:
        if found := sorted(file.parent for file in folder.glob(f"{pattern}/config.json")):
            names = [model.parent.name for model in found]
            if len(found) > 1 and not all(name[0].isdigit() for name in names):
                raise WeightsError(f"{folder} holds several models: name one, {', '.join(names)}")
            return found[-1]
    raise WeightsError(
        f"{folder} holds no saved model (a folder with config.json and model.safetensors), nor "
        "versions of one: name the folder that training saved, or the variant's above it"
    )
