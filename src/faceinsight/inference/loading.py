"""Saved models on disk: the newest of a run's folder, and one load a process."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from faceinsight.common.paths import at_home
from faceinsight.errors import WeightsError

if TYPE_CHECKING:
    from faceinsight.inference.faceinsight import FaceInsight

_VERSIONS = ("model", "*/model", "model/*/model")
"""Where a saved model lies below a version's folder, a folder of versions, and a variant's."""

_loading = Lock()
_loaded: WeakValueDictionary[tuple[Any, ...], FaceInsight] = WeakValueDictionary()
_last: list[FaceInsight] = []


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


def loaded(folder: Path | str, **options: Any) -> FaceInsight:
    """A saved model as `FaceInsight.from_pretrained` gives it, loaded once a process.

    The last one is kept, and others for as long as somebody uses them; a folder whose files have
    changed is loaded anew.

    Args:
        folder: of a saved model, or what holds its versions.
        options: as `FaceInsight.from_pretrained` takes them.
    """
    from faceinsight.inference.faceinsight import FaceInsight

    found = newest_model(folder) or Path(folder)
    stamps = tuple(
        (file.name, file.stat().st_size, file.stat().st_mtime_ns)
        for file in sorted(found.glob("*"))
        if file.is_file()
    )
    key = (str(found.resolve()), stamps, repr(sorted(options.items())))
    with _loading:
        model = _loaded.get(key)
        if model is None:
            _last.clear()  # two large ones at a time may be one too many
            model = FaceInsight.from_pretrained(found, **options)
            _loaded[key] = model
        _last[:] = [model]
        return model
