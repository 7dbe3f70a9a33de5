"""Objects that say what they are in plain values, kept as JSON."""

from __future__ import annotations

import json
from typing import Any

from kedro.utils import load_obj
from kedro_datasets._typing import JSONPreview
from kedro_datasets.json import JSONDataset


class ConfiguredDataset(JSONDataset):
    """JSON on disk; in memory an object of a class with `to_config()` and `from_config()`.

    Example catalog entry:

    ```yaml
    vocabulary:
      type: faceinsight.datasets.ConfiguredDataset
      object: faceinsight.method.characteristics.Vocabulary
      filepath: data/02_intermediate/vocabulary.json
      versioned: true
    ```
    """

    def __init__(self, *, object: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._object = object

    def load(self) -> Any:
        """The object that the version describes."""
        return load_obj(self._object).from_config(super().load())

    def save(self, data: Any) -> None:
        """Write the object's plain form."""
        super().save(data.to_config())

    def preview(self) -> JSONPreview:
        """What Kedro-Viz shows: the object's plain form."""
        return JSONPreview(json.dumps(self.load().to_config()))
