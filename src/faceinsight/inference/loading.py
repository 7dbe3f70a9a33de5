"""One load of a saved model a process."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

from faceinsight.inference.faceinsight import FaceInsight
from faceinsight.inference.versions import newest_model

_loading = Lock()
_loaded: WeakValueDictionary[tuple[Any, ...], FaceInsight] = WeakValueDictionary()
_last: list[FaceInsight] = []


def loaded(folder: Path | str, **options: Any) -> FaceInsight:
    """A saved model as `FaceInsight.from_pretrained` gives it, loaded once a process.

    The last one is kept, and others for as long as somebody uses them; a folder whose files have
    changed is loaded anew.

    Args:
        folder: of a saved model, or what holds its versions.
        options: as `FaceInsight.from_pretrained` takes them.
    """
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
