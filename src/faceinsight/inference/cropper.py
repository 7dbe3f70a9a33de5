"""From photographs to the faces in them, cut as the model's training faces were.

Three kinds of batches run through it, each as large as its part wants: photographs of a detector's
batch (`FaceDetector.batch`; one on a CPU), views of a parser's, and faces of a network's
(`PhotoSettings.batch_size`, gathered over photographs by `Cropper.batches`, and taken in slices of
that size by `FaceInsight.score`). Reading and decoding run ahead in threads.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from faceinsight.common.paths import printable
from faceinsight.common.recipes import recipe
from faceinsight.common.threads import ahead
from faceinsight.common.work import digest
from faceinsight.data.crops import FaceCrop, cut_face, parse_faces
from faceinsight.data.parsing import weights
from faceinsight.data.parsing.provided import MAP_FOLDERS
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.errors import ParameterError, PhotographError, WeightsError
from faceinsight.inference.areas import give_areas
from faceinsight.inference.caution import DRAWN_ALONE, is_among_drawn
from faceinsight.inference.map_files import MapFiles
from faceinsight.inference.photograph import Photo, is_path, path_of, read_photograph
from faceinsight.inference.settings import Faces, PhotoSettings

if TYPE_CHECKING:
    from faceinsight.data.parsing.detector import FaceDetector, Views
    from faceinsight.data.parsing.parser import PyfacerParser
    from faceinsight.model.configuration import FaceInsightConfig

_Of = TypeVar("_Of")

_log = logging.getLogger(__name__)

WHOLE = "photograph"
"""What a face is from that no detector found: the photograph as a whole."""

_OF_A_FACE = ("margin", "detector", "parser", "context", "view")
DLIB_MISSES = (
    "dlib's detector misses more faces than pyfacer's: `faceinsight download` fetches pyfacer's "
    "weights once"
)
"""What is told where dlib's detector finds no face."""

_NO_DETECTOR = (
    "There is no detector, so that each photograph is one face as a whole: `faceinsight download` "
    "fetches pyfacer's weights once, and the package dlib-bin brings a detector with it."
)

_OF_MACHINE = {"detector_weights", "parser_weights", "max_pixels", "batch_size", "workers"}


@dataclass
class Photograph:
    """A photograph on its way.

    Attributes:
        name: what messages and tables call it.
        size: height and width in pixels, once it is read.
        faces: what was found in it, from left to right.
        scores: of its faces, the detector's; NaN where the whole photograph is the face.
        face_from: what found its faces; `WHOLE` where nothing did.
        error: why nothing can be said of it.
        is_drawn: whether it lies in what this project has drawn.
        pixels: [H, W, 3] uint8 as it is meant to be seen, until its faces are cut.
        label_map: [H, W] uint8, where it lies beside the photograph as a file.
        views: what the detector sees.
    """

    name: str
    size: tuple[int, int] = (0, 0)
    faces: list[FaceCrop] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    face_from: str = WHOLE
    error: PhotographError | None = None
    is_drawn: bool = False
    pixels: np.ndarray | None = None
    label_map: np.ndarray | None = None
    views: Views | None = None


@dataclass(frozen=True)
class Crops:
    """N faces of P photographs, ready to be scored.

    Attributes:
        pixels: [N, S, S, 3] uint8, RGB.
        maps: [N, S, S] uint8 class numbers; None where the model reads none.
        boxes: [N, 4] int64: left, top, right, bottom in pixels of the upright photograph; all of it
            where no face was looked for.
        scores: [N] float32, the detector's, 0 to 1; NaN where the whole photograph is the face.
        photographs: [N] int64, which of the P photographs each is from.
        numbers: [N] int64, 1, 2, ... from left to right within a photograph.
        map_from: where each map is from: `detected`, `crop`, `provided`, `box` (areas of the face's
            box, see `areas`) or `none`.
        face_from: what found each face: `retinaface`, `dlib`, or nothing, the `photograph` whole.
        names: what each of the P photographs is called.
        drawn: whether each of the P photographs lies in what this project has drawn.
        errors: the photographs that cannot be used, by number from 0, and why.
    """

    pixels: np.ndarray
    maps: np.ndarray | None
    boxes: np.ndarray
    scores: np.ndarray
    photographs: np.ndarray
    numbers: np.ndarray
    map_from: tuple[str, ...]
    face_from: tuple[str, ...]
    names: tuple[str, ...]
    drawn: tuple[bool, ...]
    errors: dict[int, PhotographError]

    def __len__(self) -> int:
        return len(self.pixels)

    @classmethod
    def joined(cls, parts: Sequence[Crops]) -> Crops:
        """Crops of several calls of `prepare` of one model, their photographs in that order."""
        if len(parts) == 1:
            return parts[0]
        starts = [0, *accumulate(len(part.names) for part in parts)]

        def joined(name: str) -> Any:
            return np.concatenate([getattr(part, name) for part in parts])

        return cls(
            pixels=joined("pixels"),
            maps=None if parts[0].maps is None else joined("maps"),
            boxes=joined("boxes"),
            scores=joined("scores"),
            photographs=np.concatenate(
                [part.photographs + start for part, start in zip(parts, starts, strict=False)]
            ),
            numbers=joined("numbers"),
            map_from=tuple(one for part in parts for one in part.map_from),
            face_from=tuple(one for part in parts for one in part.face_from),
            names=tuple(one for part in parts for one in part.names),
            drawn=tuple(one for part in parts for one in part.drawn),
            errors={
                start + place: error
                for part, start in zip(parts, starts, strict=False)
                for place, error in part.errors.items()
            },
        )

    @classmethod
    def of_arrays(cls, pixels: np.ndarray, maps: np.ndarray | None) -> Crops:
        """Crops that were cut before, each a photograph of its own."""
        n, size = len(pixels), pixels.shape[1]
        return cls(
            pixels=pixels,
            maps=maps,
            boxes=np.tile(np.array([0, 0, size, size]), (n, 1)),
            scores=np.full(n, np.nan, dtype=np.float32),
            photographs=np.arange(n),
            numbers=np.ones(n, dtype=np.int64),
            map_from=("none" if maps is None else "provided",) * n,
            face_from=(WHOLE,) * n,
            names=tuple(map(str, range(n))),
            drawn=(False,) * n,
            errors={},
        )

    @classmethod
    def of_photographs(cls, photographs: Sequence[Photograph], size: int, maps: bool) -> Crops:
        """Those of photographs whose faces are cut and, where the model reads maps, parsed."""
        of = [(place, p) for place, p in enumerate(photographs) for _ in p.faces]
        faces = [face for p in photographs for face in p.faces]
        n = len(faces)
        pixels = np.empty((n, size, size, 3), dtype=np.uint8)
        label_maps = np.empty((n, size, size), dtype=np.uint8)
        for row, face in enumerate(faces):
            assert face.crop is not None
            pixels[row] = face.crop
            if maps:
                assert face.label_map is not None
                label_maps[row] = face.label_map
        boxes = [face.box or (0, 0, *p.size[::-1]) for face, (_, p) in zip(faces, of, strict=True)]
        return cls(
            pixels=pixels,
            maps=label_maps if maps else None,
            boxes=np.array(boxes, dtype=np.int64).reshape(n, 4),
            scores=np.array([s for p in photographs for s in p.scores], dtype=np.float32),
            photographs=np.array([place for place, _ in of], dtype=np.int64),
            numbers=np.array([face.at for face in faces], dtype=np.int64),
            map_from=tuple(face.map_from for face in faces),
            face_from=tuple(p.face_from for _, p in of),
            names=tuple(p.name for p in photographs),
            drawn=tuple(p.is_drawn for p in photographs),
            errors={i: p.error for i, p in enumerate(photographs) if p.error is not None},
        )

    def caution(self, row: int) -> str | None:
        """What is to be known of a face before a model that has seen drawn faces alone."""
        return None if self.drawn[self.photographs[row]] else DRAWN_ALONE

    def take(self, rows: Sequence[int]) -> Crops:
        """Some of the faces, by row; the photographs stay as they are."""
        return replace(
            self,
            pixels=self.pixels[rows],
            maps=None if self.maps is None else self.maps[rows],
            boxes=self.boxes[rows],
            scores=self.scores[rows],
            photographs=self.photographs[rows],
            numbers=self.numbers[rows],
            map_from=tuple(self.map_from[row] for row in rows),
            face_from=tuple(self.face_from[row] for row in rows),
        )

    def largest(self) -> int:
        """Row of the largest face, the first of equal ones."""
        left, top, right, bottom = self.boxes.T
        return int(((right - left) * (bottom - top)).argmax())

    def by_photograph(self, of_faces: Sequence[_Of]) -> list[list[_Of] | PhotographError]:
        """What belongs to each face, N, as a list for each of the P photographs, or its error."""
        grouped: list[list[_Of]] = [[] for _ in self.names]
        for photograph, one in zip(self.photographs.tolist(), of_faces, strict=True):
            grouped[photograph].append(one)
        return [self.errors.get(place, faces) for place, faces in enumerate(grouped)]


def crop_settings(
    config: FaceInsightConfig, settings: PhotoSettings, device: str, mapped: bool = False
) -> SegmentationSettings:
    """How faces are cut and parsed for a model: as they were when it was trained.

    Args:
        config: of the trained model.
        settings: weights, batch size and the like.
        device: where detector and parser run.
        mapped: whether label maps are wanted even of a model that reads none. It then has those of
            its training where they lie as files, else the parser's where nothing has to be fetched
            for them, else none.

    Raises:
        WeightsError: the model does not say how, and it matters.
    """
    made: dict[str, Any] = config.crops
    shown = mapped and not config.segmentation
    mapped = mapped or config.segmentation
    if not made and (mapped or settings.faces != "whole"):
        raise WeightsError(
            "the model's config.json does not say how the faces of its training were cut (`crops` "
            "is empty), so others cannot be cut alike: train it with the pipeline, or score "
            "photographs whole with a model that reads no label maps"
        )
    maps = "none"
    if mapped:
        maps = "parsed" if settings.maps == "parsed" else made["maps"]
    crops = SegmentationSettings.model_validate(
        {name: made[name] for name in _OF_A_FACE if name in made}
        | settings.model_dump(include=_OF_MACHINE)
        | {"maps": maps, "size": config.image_size, "device": device}
    )
    if shown and settings.maps != "parsed" and maps not in MAP_FOLDERS:
        at_hand = weights.is_at_hand(crops.detector, crops.detector_weights)
        at_hand = at_hand and weights.is_at_hand(crops.parser, crops.parser_weights)
        crops = crops.model_copy(update={"maps": "parsed" if at_hand else "none"})
    return crops


class Cropper:
    """Reads photographs, finds their faces, cuts them and has them parsed.

    Detector and parser are loaded when they are first needed. Any thread may call any method.

    Args:
        crops: how faces are cut and maps are made.
        settings: which faces are looked for.
        areas: whether a face without a label map has areas of its box in place of one.

    Attributes:
        face_from: what finds faces: `retinaface`, `dlib`, or nothing, the `photograph` whole.
        map_files: finds the label maps that lie as files beside photographs; None where the model
            reads no such files.
        key: digest of everything that its results depend on.

    Raises:
        WeightsError: a file of weights that the settings name does not exist.
    """

    def __init__(
        self, crops: SegmentationSettings, settings: PhotoSettings, *, areas: bool = False
    ) -> None:
        self._crops = crops
        self._settings = settings
        self._areas = areas and crops.maps != "parsed"
        self._detector: FaceDetector | None = None
        self._parser: PyfacerParser | None = None
        detects = settings.faces != "whole"
        if crops.maps == "parsed":
            from faceinsight.data.parsing.detector import PyfacerDetector
            from faceinsight.data.parsing.parser import PyfacerParser

            # It alone tells the parser where eyes and mouth are.
            pyfacer = PyfacerDetector(crops)
            self._detector = pyfacer if detects else None
            self._parser = PyfacerParser(crops, pyfacer)
        elif detects:
            from faceinsight.data.parsing.detector import detector_at_hand

            self._detector = detector_at_hand(crops)
            if self._detector is None:
                _log.warning(_NO_DETECTOR)
        self.face_from = WHOLE if self._detector is None else self._detector.face_from
        maps = MAP_FOLDERS.get(crops.maps)
        self.map_files = None if maps is None else MapFiles(maps)
        # A limit that is None is left out: keys of before it counted stay as they are.
        decides = {"faces", "max_pixels", "most_faces", "detector_side"}
        self.key = digest(
            crops.of_crops(),
            settings.model_dump(mode="json", include=decides, exclude_none=True),
            None if self._detector is None else self._detector.key,
            None if self._parser is None else self._parser.key,
            recipe("crops"),
        )

    def batches(
        self, photos: Iterable[Photo], names: Iterable[str] | None = None
    ) -> Iterator[Crops]:
        """Photographs in order, some at a time: about as many faces as go into a forward pass.

        Files are read and faces are cut in threads, a little ahead; at most a few photographs are
        in memory at a time, however many there are.

        Args:
            photos: the photographs.
            names: what messages and tables call them; by default a file's path, and
                "photograph 1", "photograph 2", ... of others.

        Raises:
            WeightsError: pyfacer's weights are needed and not at hand.
        """
        batch: list[Photograph] = []
        for photograph in self._cut_all(zip_names(photos, names)):
            batch.append(photograph)
            faces = sum(len(p.faces) for p in batch)
            if max(faces, len(batch) // 4) >= self._settings.batch_size:
                yield self._crops_of(batch)
                batch = []
        if batch:
            yield self._crops_of(batch)

    def prepare(
        self,
        photos: Iterable[Photo],
        names: Iterable[str] | None = None,
        faces: Faces | None = None,
    ) -> Crops:
        """All faces of some photographs at once; see `batches`.

        Args:
            photos: as for `batches`.
            names: as for `batches`.
            faces: which faces are looked for; None as in the settings. Where those look for none,
                nothing else than `whole` can be.

        Raises:
            ParameterError: faces are to be looked for, and there is no detector.
        """
        return self._crops_of(list(self._cut_all(zip_names(photos, names), faces)))

    def _crops_of(self, photographs: Sequence[Photograph]) -> Crops:
        if self._parser is not None:
            faces = [face for p in photographs for face in p.faces]
            step = self._settings.batch_size
            for start in range(0, len(faces), step):
                parse_faces(self._parser, faces[start : start + step], self._crops)
        mapped = self._crops.maps != "none" or self._areas
        return Crops.of_photographs(photographs, self._crops.size, mapped)

    def _cut_all(
        self, photos: Iterable[tuple[Photo, str]], faces: Faces | None = None
    ) -> Iterator[Photograph]:
        workers, faces = self._settings.workers, faces or self._settings.faces
        if faces != "whole" and self._settings.faces == "whole":
            raise ParameterError(
                f"faces: there is no detector for '{faces}', as the model was loaded with "
                "faces=whole: load it with faces=detect"
            )
        with ThreadPoolExecutor(workers) as pool:
            if faces == "whole" or self._detector is None:
                yield from ahead(pool, self._read_whole, photos, 2 * workers)
            else:
                depth = max(workers, self._detector.batch)
                read = ahead(pool, self._read_for_detector, photos, depth)
                found = self._find(self._detector, read, or_whole=faces == "detect_or_whole")
                yield from ahead(pool, self._cut, found, workers)

    def _read_whole(self, given: tuple[Photo, str]) -> Photograph:
        photograph = self._read(given)
        if photograph.error is None:
            _take_whole(photograph)
        return self._cut(photograph)

    def _read(self, given: tuple[Photo, str]) -> Photograph:
        photo, name = given
        photograph = Photograph(name, is_drawn=is_among_drawn(path_of(photo)))
        try:
            pixels = read_photograph(photo, name, self._settings.max_pixels)
            photograph.size = pixels.shape[0], pixels.shape[1]
            if self.map_files is not None:
                try:
                    photograph.label_map = self.map_files.load(
                        path_of(photo), name, photograph.size
                    )
                except PhotographError as error:
                    if not self._areas or error.reason != "no map":
                        raise
        except PhotographError as error:
            photograph.error = error
            return photograph
        photograph.pixels = pixels
        return photograph

    def _read_for_detector(self, given: tuple[Photo, str]) -> Photograph:
        from faceinsight.data.parsing.detector import detector_views

        photograph = self._read(given)
        if photograph.pixels is not None and self._detector is not None:
            side, around = self._settings.detector_side, self._detector.around
            photograph.views = detector_views(photograph.pixels, side, around)
        return photograph

    def _find(
        self, detector: FaceDetector, photographs: Iterator[Photograph], *, or_whole: bool
    ) -> Iterator[Photograph]:
        while batch := list(islice(photographs, detector.batch)):
            seen = [(p, p.views) for p in batch if p.views is not None]
            found = detector.find([views for _, views in seen]) if seen else []
            for (photograph, _), boxes in zip(seen, found, strict=True):
                photograph.views = None
                photograph.faces = [FaceCrop(n, box) for n, (box, _) in enumerate(boxes, 1)]
                photograph.scores = [score for _, score in boxes]
                photograph.face_from = detector.face_from
                if not boxes and or_whole:
                    _take_whole(photograph)
                if len(boxes) > (self._settings.most_faces or len(boxes)):
                    photograph.faces, photograph.scores = [], []
                    photograph.error = PhotographError(
                        "too many faces",
                        f"{photograph.name} shows {len(boxes)} faces, more than the "
                        f"{self._settings.most_faces} of most_faces: cut it into parts.",
                    )
            yield from batch

    def _cut(self, photograph: Photograph) -> Photograph:
        if (pixels := photograph.pixels) is not None:
            for face in photograph.faces:
                cut_face(face, pixels, photograph.label_map, self._crops)
            if self._areas and photograph.label_map is None:
                try:
                    give_areas(photograph.faces, photograph.name, photograph.size, self._crops)
                except PhotographError as error:
                    photograph.error, photograph.faces, photograph.scores = error, [], []
        # Let go of at once: what follows needs the faces alone.
        photograph.pixels = photograph.label_map = None
        return photograph


def zip_names(photos: Iterable[Photo], names: Iterable[str] | None) -> Iterator[tuple[Photo, str]]:
    """Each photograph with what it is called."""
    if names is not None:
        yield from zip(photos, names, strict=True)
        return
    for number, photo in enumerate(photos, 1):
        yield photo, printable(os.fspath(photo)) if is_path(photo) else f"photograph {number}"


def _take_whole(photograph: Photograph) -> None:
    photograph.face_from = WHOLE
    photograph.faces, photograph.scores = [FaceCrop(1, None)], [np.nan]
