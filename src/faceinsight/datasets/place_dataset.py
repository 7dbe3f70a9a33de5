"""A place that exists by itself and is not copied: the folder of the raw data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io.core import AbstractDataset, DatasetError


class PlaceDataset(AbstractDataset[Path, Path]):
    """Give back the path of a folder that other programs or other runs have filled.

    So a part of a pipeline can begin behind the node that looks for the folder.

    Example catalog entry:

    ```yaml
    raw:
      type: faceinsight.datasets.PlaceDataset
      filepath: data/01_raw
    ```
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def move_to(self, filepath: str) -> None:
        """Lie elsewhere: where something says that is known after the catalog."""
        self._filepath = Path(filepath)

    def load(self) -> Path:
        """Path of the folder."""
        if not self._filepath.is_dir():
            raise DatasetError(
                f"There is no folder {self._filepath}; run what makes it first, or name another "
                "with --params raw=FOLDER."
            )
        return self._filepath

    def save(self, data: Path) -> None:
        """Nothing is to be done: whoever found the folder has filled it."""
        if Path(data) != self._filepath:
            raise DatasetError(f"{self._filepath} is given, but {data} was found")

    def _exists(self) -> bool:
        return self._filepath.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
