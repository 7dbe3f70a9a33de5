"""Label maps that lie as files beside photographs."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from faceinsight.data.parsing.provided import load_map, map_path
from faceinsight.errors import PhotographError


class MapFiles:
    """Label maps that lie as files beside photographs, in the layout of a raw data set.

    The map of `celeba/img_align_celeba/000001.jpg` is `celeba/maps/img_align_celeba/000001.png`:
    some folder above the photograph has a folder `maps` in which the photograph's path is repeated.

    Args:
        maps: name of the map folder, `maps` or `maps_faulty`.
    """

    def __init__(self, maps: str) -> None:
        self._maps = maps
        self._root_of = lru_cache(maxsize=1024)(self._find_root)

    def __call__(self, photograph: Path) -> tuple[Path, str] | None:
        """The folder above a photograph that its map belongs to, and the map's path below it.

        Args:
            photograph: absolute path.

        Returns:
            None where there is no such folder, or no map in it.
        """
        root = self._root_of(photograph.parent)
        if root is None:
            return None
        relative = map_path(self._maps, photograph.relative_to(root).as_posix())
        return (root, relative) if (root / relative).is_file() else None

    def load(self, photograph: Path | None, name: str, shape: tuple[int, int]) -> np.ndarray:
        """The map of a photograph of `shape` (height and width), [H, W] uint8.

        Args:
            photograph: absolute path; None where it is no file, and so has no map beside it.
            name: what messages call it.
            shape: height and width.

        Raises:
            PhotographError: with reason `no map` or `bad map`.
        """
        place = None if photograph is None else self(photograph)
        if place is None:
            raise PhotographError(
                "no map",
                f"there is no label map for {photograph or name}: put it into a folder "
                f"'{self._maps}' beside its own, have all made by pyfacer (maps=parsed; in the "
                "pipeline --params predict.maps=parsed), or take a variant that reads none (org).",
            )
        return load_map(*place, shape)

    def _find_root(self, directory: Path) -> Path | None:
        for root in (directory, *directory.parents):
            if (root / self._maps / directory.relative_to(root)).is_dir():
                return root
        return None
