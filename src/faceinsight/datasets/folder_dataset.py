"""A versioned folder: models, face crops, whatever a library writes as several files."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from kedro.io.core import AbstractVersionedDataset, DatasetError, Version

from faceinsight.common.work import link_tree, write_beside

if TYPE_CHECKING:
    from kedro_datasets._typing import JSONPreview

_SHOWN = 12
"""Files that a preview names, the largest."""


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

    def preview(self) -> JSONPreview:
        """What Kedro-Viz shows: the files with their sizes, and where a model came from."""
        folder = self.load()
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        shown: dict[str, Any] = {
            "files": len(files),
            "bytes": sum(path.stat().st_size for path in files),
            "largest": {
                path.relative_to(folder).as_posix(): path.stat().st_size
                for path in sorted(files, key=lambda path: -path.stat().st_size)[:_SHOWN]
            },
        }
        facts = folder / "provenance.json"
        if facts.is_file():
            shown["provenance"] = json.loads(facts.read_text(encoding="utf-8"))
        return cast("JSONPreview", json.dumps(shown))

    def _exists(self) -> bool:
        return Path(self._get_load_path()).is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "version": self._version}
