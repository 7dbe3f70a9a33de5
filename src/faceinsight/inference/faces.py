"""From photographs to the faces in them, cut as the model's training faces were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from faceinsight.common.recipes import recipe
from faceinsight.common.threads import ahead
from faceinsight.common.work import digest
from faceinsight.data.crops import Face, cut_face, parse_faces
from faceinsight.data.geometry import Box
from faceinsight.data.parsing.provided import MAP_FOLDERS
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.errors import PhotographError, WeightsError
from faceinsight.inference.folder import MapFiles, read_photograph
from faceinsight.inference.settings import PhotoSettings

if TYPE_CHECKING:
    from faceinsight.data.parsing.detector import PyfacerDetector
    from faceinsight.data.parsing.parser import PyfacerParser
    from faceinsight.model.configuration import FaceInsightConfig

_OF_A_FACE = ("margin", "detector", "parser", "context", "view")
_OF_MACHINE = {"detector_weights", "parser_weights", "max_pixels", "batch_size", "workers"}


@dataclass
class FoundFace(Face):
    """A face on its way to being scored.

    Attributes:
        score: the detector's, 0 to 1; NaN where the whole photograph is the face.
        logits: [K] float32, once it is scored.
    """

    score: float = np.nan
    logits: np.ndarray | None = None


@dataclass
class Photograph:
    """A file on its way.

    Attributes:
        name: path below the folder.
        pixels: [H, W, 3] uint8 as it is meant to be seen, until its faces are cut.
        label_map: [H, W] uint8, where it lies beside the photograph as a file.
        size: height and width in pixels.
        faces: what was found in it.
        error: why nothing is scored.
    """

    name: str
    pixels: np.ndarray | None = None
    label_map: np.ndarray | None = None
    size: tuple[int, int] = (0, 0)
    faces: list[FoundFace] = field(default_factory=list)
    error: PhotographError | None = None


def crop_settings(
    config: FaceInsightConfig, settings: PhotoSettings, device: str
) -> SegmentationSettings:
    """How faces are cut and parsed for a model: as they were when it was trained.

    Args:
        config: of the trained model.
        settings: weights, batch size and the like.
        device: where detector and parser run.

    Raises:
        WeightsError: the model does not say how, and it matters.
    """
    made: dict[str, Any] = config.crops
    if not made and (config.segmentation or settings.faces != "whole"):
        raise WeightsError(
            "the model's config.json does not say how the faces of its training were cut (`crops` "
            "is empty), so others cannot be cut alike: train it with the pipeline, or score "
            "photographs whole with a model that reads no label maps"
        )
    maps = "none"
    if config.segmentation:
        maps = "parsed" if settings.maps == "parsed" else made["maps"]
    return SegmentationSettings.model_validate(
        {name: made[name] for name in _OF_A_FACE if name in made}
        | settings.model_dump(include=_OF_MACHINE)
        | {"maps": maps, "size": config.image_size, "device": device}
    )


class FaceReader:
    """Reads photographs, finds their faces and cuts them, in threads and a little ahead.

    Args:
        folder: the folder of photographs.
        crops: how faces are cut and maps are made.
        settings: which faces are looked for.

    Attributes:
        key: digest of everything that its results depend on.

    Raises:
        WeightsError: a file of weights that the settings name does not exist.
    """

    def __init__(self, folder: Path, crops: SegmentationSettings, settings: PhotoSettings) -> None:
        self.folder = folder
        self._crops = crops
        self._settings = settings
        self._detector: PyfacerDetector | None = None
        self._parser: PyfacerParser | None = None
        detects = settings.faces != "whole"
        if detects or crops.maps == "parsed":
            from faceinsight.data.parsing.detector import PyfacerDetector

            detector = PyfacerDetector(crops)
            self._detector = detector if detects else None
            if crops.maps == "parsed":
                from faceinsight.data.parsing.parser import PyfacerParser

                self._parser = PyfacerParser(crops, detector)
        maps = MAP_FOLDERS.get(crops.maps)
        self.map_files = None if maps is None else MapFiles(folder, maps)
        self.key = digest(
            str(folder),
            crops.of_crops(),
            settings.model_dump(mode="json", include={"faces", "max_pixels", "detector_side"}),
            None if self._detector is None else self._detector.key,
            None if self._parser is None else self._parser.key,
            recipe("crops"),
        )

    def cut(self, names: Iterable[str]) -> Iterator[Photograph]:
        """Photographs in the order of their names, with their faces cut, or why there are none.

        At most a few are in memory at a time, however many names there are.

        Raises:
            WeightsError: pyfacer's weights are needed and not at hand.
        """
        workers = self._settings.workers
        with ThreadPoolExecutor(workers) as pool:
            if self._detector is None:
                yield from ahead(pool, self._read_whole, names, 2 * workers)
            else:
                opened = ahead(pool, self._open, names, workers)
                found = self._find(self._detector, opened)
                yield from ahead(pool, self._cut, found, workers)

    def parse(self, faces: Sequence[Face]) -> None:
        """Give faces their label maps, where a parser makes them."""
        if self._parser is not None:
            parse_faces(self._parser, faces, self._crops)

    def _read_whole(self, name: str) -> Photograph:
        photograph = self._open(name)
        if photograph.error is None:
            photograph.faces = [FoundFace(1, None)]
        return self._cut(photograph)

    def _open(self, name: str) -> Photograph:
        photograph = Photograph(name)
        try:
            pixels = read_photograph(self.folder, name, self._settings.max_pixels)
            photograph.size = pixels.shape[0], pixels.shape[1]
            if self.map_files is not None:
                photograph.label_map = self.map_files.load(name, photograph.size)
            photograph.pixels = pixels
        except PhotographError as error:
            photograph.error = error
        return photograph

    def _find(
        self, detector: PyfacerDetector, photographs: Iterator[Photograph]
    ) -> Iterator[Photograph]:
        while batch := list(islice(photographs, detector.batch)):
            seen = [p for p in batch if p.pixels is not None]
            if seen:
                pixels = [p.pixels for p in seen if p.pixels is not None]
                found = detector.find(pixels, self._settings.detector_side)
                for photograph, boxes in zip(seen, found, strict=True):
                    self._number(photograph, boxes)
            yield from batch

    def _number(self, photograph: Photograph, found: list[tuple[Box, float]]) -> None:
        photograph.faces = [
            FoundFace(number, box, score=score) for number, (box, score) in enumerate(found, 1)
        ]
        if found:
            return
        if self._settings.faces == "detect_or_whole":
            photograph.faces = [FoundFace(1, None)]
            return
        photograph.error = PhotographError(
            "no face found",
            f"no face was found in {self.folder / photograph.name}; --params "
            f"predict.detector_side={2 * self._settings.detector_side} finds smaller ones, and "
            "predict.faces=detect_or_whole takes such a photograph whole.",
        )

    def _cut(self, photograph: Photograph) -> Photograph:
        if photograph.pixels is not None:
            for face in photograph.faces:
                cut_face(face, photograph.pixels, photograph.label_map, self._crops)
        # Let go of at once: what follows needs the faces alone.
        photograph.pixels = photograph.label_map = None
        return photograph
