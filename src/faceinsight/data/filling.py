"""Faces cut, parsed and written into a store, shard by shard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from faceinsight.common.threads import ahead
from faceinsight.data.crops import FaceCrop, MapParser, cut_face, parse_faces
from faceinsight.data.parsing.provided import MAP_FOLDERS, load_map, map_path
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.photographs import load_photograph
from faceinsight.data.shards import ShardStore, boxes_of_keys
from faceinsight.errors import PhotographError


@dataclass
class _Photograph:
    name: str
    faces: list[FaceCrop] = field(default_factory=list)


class ShardFiller:
    """What cuts the faces of one data set; it holds the parser, which is loaded once.

    Args:
        dataset: name of the data set.
        root: what its photographs are relative to.
        settings: see `SegmentationSettings`.
        parser: makes the maps where `settings.maps` is `parsed`; pyfacer by default.

    Attributes:
        dataset: as given.
        root: as given.
        settings: as given.
        parser: None where no maps are parsed.
    """

    def __init__(
        self,
        dataset: str,
        root: Path,
        settings: SegmentationSettings,
        parser: MapParser | None = None,
    ) -> None:
        self.dataset, self.root, self.settings = dataset, root, settings
        parses = settings.maps == "parsed"
        self.parser = (parser or _pyfacer(dataset, settings)) if parses else None

    def fill(
        self, store: ShardStore, keys: pd.DataFrame, bar: tqdm
    ) -> list[tuple[str, PhotographError]]:
        """Cut and parse faces into shards; what is complete is kept even when it is interrupted.

        Args:
            store: takes the shards.
            keys: what the faces are known by there, rows of `shards.KEY`.
            bar: is moved on by each face.

        Returns:
            photographs that failed, with their errors.
        """
        settings, parser = self.settings, self.parser
        errors: list[tuple[str, PhotographError]] = []
        ready: list[FaceCrop] = []
        waiting: list[FaceCrop] = []

        def write() -> None:
            if ready:
                store.write(
                    keys.iloc[[face.at for face in ready]],
                    [face.map_from for face in ready],
                    _stack(face.crop for face in ready),
                    _stack(face.label_map for face in ready),
                )
                ready.clear()

        def parse() -> None:
            batch, waiting[:] = waiting[: settings.batch_size], waiting[settings.batch_size :]
            if parser is not None:
                parse_faces(parser, batch, settings)
            ready.extend(batch)
            bar.update(len(batch))
            if len(ready) >= settings.shard_size:
                write()

        with ThreadPoolExecutor(settings.workers) as pool:
            try:
                for photograph in ahead(
                    pool, self._cut, _by_photograph(keys), 2 * settings.batch_size
                ):
                    failed = [face.error for face in photograph.faces if face.error]
                    if failed:
                        errors.append((photograph.name, failed[0]))
                        bar.update(len(failed))
                    waiting += [face for face in photograph.faces if not face.error]
                    while len(waiting) >= settings.batch_size:
                        parse()
                while waiting:
                    parse()
            finally:
                write()
        return errors

    def _cut(self, photograph: _Photograph) -> _Photograph:
        """Read a photograph and cut what its faces need; runs in threads."""
        settings, label_map = self.settings, None
        try:
            pixels = load_photograph(self.root, photograph.name, max_pixels=settings.max_pixels)
            if folder := MAP_FOLDERS.get(settings.maps):
                label_map = load_map(self.root, map_path(folder, photograph.name), pixels.shape[:2])
        except PhotographError as error:
            for face in photograph.faces:
                face.error = error
            return photograph
        for face in photograph.faces:
            try:
                cut_face(face, pixels, label_map, settings)
            except PhotographError as error:
                face.error = PhotographError(error.reason, f"{photograph.name}: {error}")
        return photograph


def _pyfacer(dataset: str, settings: SegmentationSettings) -> MapParser:
    from faceinsight.data.parsing.detector import PyfacerDetector
    from faceinsight.data.parsing.parser import PyfacerParser

    is_aligned = dataset in settings.aligned_crops
    return PyfacerParser(settings, None if is_aligned else PyfacerDetector(settings))


def _by_photograph(keys: pd.DataFrame) -> Iterator[_Photograph]:
    """Faces grouped, so that a photograph with several of them is read once.

    Nothing keeps what is yielded, so that faces are freed when their shard is written.
    """
    names = keys["photograph"].tolist()
    triples = zip(names, range(len(names)), boxes_of_keys(keys), strict=True)
    ordered = sorted(triples, key=lambda triple: triple[:2])
    for name, group in groupby(ordered, key=lambda triple: triple[0]):
        yield _Photograph(name, [FaceCrop(at, box) for _, at, box in group])


def _stack(arrays: Iterable[np.ndarray | None]) -> np.ndarray | None:
    present = [array for array in arrays if array is not None]
    return np.stack(present) if present else None
