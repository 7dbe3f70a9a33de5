"""A versioned folder: models, face crops, whatever a library writes as several files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io.core import AbstractVersionedDataset, DatasetError, Version

from faceinsight.common.work import link_tree, write_beside


class FolderDataset(AbstractVersionedDataset[Path, Path]):
    """Publish a finished folder as a version, and give back the version's path.

    A node returns the path of a folder that it has finished in its work folder. Saving links the
    files (copies, where the file system cannot link) beside the version's place and renames them
    into it, so that a version is whole or absent and a large one costs no second copy.

    Example catalog entry:

    ```yaml
    "{run}.model":
      type: faceinsight.datasets.FolderDataset
      filepath: data/06_models/{run}/model
      versioned: true
    ```
    """

    def __init__(
        self,
        *,
        filepath: str,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(PurePosixPath(filepath), version)
        self.metadata = metadata

    def load(self) -> Path:
        """Path of the version to load."""
        path = Path(self._get_load_path())
        if not path.is_dir():
            raise DatasetError(f"There is no folder {path}.")
        return path

    def save(self, data: Path) -> None:
        """Publish the folder `data` as this run's version."""
        source = Path(data)
        if not source.is_dir():
            raise DatasetError(f"A folder is saved by its path; {source} is not a folder.")
        with write_beside(Path(self._get_save_path())) as beside:
            link_tree(source, beside)

    def _exists(self) -> bool:
        return Path(self._get_load_path()).is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "version": self._version}
