"""Faces in pictures: by pyfacer's detector, or by dlib's where pyfacer's weights are missing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from faceinsight.common.devices import find_device
from faceinsight.common.recipes import recipe
from faceinsight.common.work import digest
from faceinsight.data.geometry import Box, Square, crop_square, cut_view
from faceinsight.data.parsing import weights
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.parsing.weights import check_weights, load_weights, loading, quiet_pyfacer

if TYPE_CHECKING:
    import torch
    from torch import Tensor

NEAR = 256
"""Side in pixels of the smaller of two views, in which a face that fills a photograph is found."""

_SAME = 0.4
"""Intersection over union above which two finds are one face: pyfacer's own within a view."""

_DOUBLINGS = 1
"""Of a view for dlib, whose smallest face has 80 pixels: of ExpW's faces it finds 77 % so, and 64 %
in views as they are."""

_AROUND = 1.3
"""Side of dlib's smaller view in sides of the photograph, whose edge is repeated around it: faces
that fill a photograph are found so. Of 150 validation photographs each of FairFace, UTKFace, CelebA
and ExpW one face or more is found in 81, 99, 97 and 81 %, without it in 77, 97, 95 and 81 %."""

_LEAST = 0.05
"""Strength from which dlib's find is a face. Below lay 1 of 112 of ExpW's faces, and a badge."""

_RETINAFACE_FRAME = (0.0, -0.06, 0.92, 1.2)
"""From a box of dlib's to RetinaFace's of the same face, in sides of the former: shift of the
centre to the right and down, width, height. Medians of `experiments/detectors.py`."""

_BATCH = {"cpu": 1}
_LARGE_BATCH = 16
"""Pictures in a forward pass. A CPU is hardly faster with more than one (views of 640 pixels not at
all), and its results for a picture then depend in their last digits on how many there are."""


@dataclass(frozen=True)
class Views:
    """A photograph as the detector sees it.

    Attributes:
        size: height and width of the photograph in pixels.
        pictures: side to [side, side, 3] uint8.
        squares: side to what of the photograph that picture shows.
    """

    size: tuple[int, int]
    pictures: dict[int, np.ndarray]
    squares: dict[int, Square]


def detector_views(photograph: np.ndarray, far: int, around: float = 1.0) -> Views:
    """The two views of a photograph, [H, W, 3] uint8, in which its faces are sought.

    A detector knows faces of some sizes only, so each photograph is seen at two; what is found in
    both is one face. 256 with 640 finds just the one face of a tight crop on 293 of 300
    photographs of CelebA, FairFace and UTKFace, where 640 alone finds none on 27; of the faces that
    ExpW labels (at most 320 pixels) both find 81 % and 256 alone 57 %.

    Args:
        photograph: RGB.
        far: side in pixels of the larger view, in which the small faces are found.
        around: `FaceDetector.around`.
    """
    height, width = photograph.shape[:2]
    whole = crop_square(height, width, None)
    squares = {far: whole} if far <= NEAR else {NEAR: whole.enlarged(around), far: whole}
    pictures = {side: cut_view(photograph, square, side) for side, square in squares.items()}
    return Views((height, width), pictures, squares)


class FaceDetector(ABC):
    """Finds the faces of pictures.

    Attributes:
        key: digest of everything that its results depend on.
        face_from: what results call it.
        around: side of the smaller view in sides of the photograph.
    """

    key: str
    face_from: str
    around: float = 1.0

    @cached_property
    def _device(self) -> torch.device:
        return find_device("cpu", "device")

    @property
    def batch(self) -> int:
        """How many pictures a forward pass takes."""
        return _BATCH.get(self._device.type, _LARGE_BATCH)

    @abstractmethod
    def __call__(self, images: Tensor) -> dict[str, np.ndarray]:
        """What it finds in pictures of one size.

        Args:
            images: [b, 3, V, V] float32, 0 to 255.

        Returns:
            `rects` [n, 4], `scores` [n], `image_ids` [n], and whatever else it knows; empty where
            n = 0.
        """

    def find(self, photographs: Sequence[Views]) -> list[list[tuple[Box, float]]]:
        """Every face of photographs of any sizes.

        Args:
            photographs: seen with the same sides, see `detector_views`.

        Returns:
            for each photograph its faces from left to right, each with its box, which lies inside
            the photograph, and the detector's score.

        Raises:
            WeightsError: pyfacer's weights are not at hand.
        """
        import torch

        found: list[list[np.ndarray]] = [[] for _ in photographs]
        with torch.inference_mode():
            for side in photographs[0].pictures:
                pictures = np.stack([views.pictures[side] for views in photographs])
                images = torch.from_numpy(pictures).to(self._device)
                seen = self(images.permute(0, 3, 1, 2).float())
                for rect, score, image in zip(
                    seen["rects"], seen["scores"], seen["image_ids"].astype(int), strict=True
                ):
                    square = photographs[image].squares[side]
                    start = np.array([square.left, square.top] * 2)
                    found[image].append(np.append(start + rect * (square.side / side), score))
        return [
            _distinct(np.array(rows).reshape(-1, 5), *views.size)
            for views, rows in zip(photographs, found, strict=True)
        ]


class PyfacerDetector(FaceDetector):
    """pyfacer's RetinaFace; the network is loaded when it is first needed.

    Args:
        settings: which detector, its file and device.

    Raises:
        WeightsError: the file that the settings name does not exist.
    """

    face_from = "retinaface"

    def __init__(self, settings: SegmentationSettings) -> None:
        self._settings = settings
        self._network: Any = None
        check_weights("detector_weights", settings.detector_weights)
        self.key = digest(
            settings.detector,
            settings.detector_weights,
            recipe("detection"),
        )

    @cached_property
    def _device(self) -> torch.device:
        return find_device(self._settings.device, "segmentation.device")

    def __call__(self, images: Tensor) -> dict[str, np.ndarray]:
        """What pyfacer finds in pictures of one size, `points` [n, 5, 2] of each face among it.

        Raises:
            WeightsError: pyfacer's weights are not at hand.
        """
        with loading:
            if self._network is None:
                self._network = self._load()
        parts = []
        for start in range(0, len(images), self.batch):
            found = self._network(images[start : start + self.batch])
            part = {name: values.cpu().numpy() for name, values in found.items()}
            part["image_ids"] = part["image_ids"] + start
            if len(part["rects"]):
                parts.append(part)
        if not parts:
            return dict.fromkeys(found, np.zeros(0, dtype=np.float32))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _load(self) -> Any:
        settings = self._settings
        with quiet_pyfacer():
            import facer
            from facer.face_detection import retinaface

            _keep_anchors(retinaface.PriorBox)
            return load_weights(
                lambda path: facer.face_detector(
                    settings.detector, device=self._device, model_path=path
                ),
                "detector_weights",
                settings.detector_weights,
                retinaface.pretrained_urls[settings.detector.partition("/")[2]],
            )


class DlibDetector(FaceDetector):
    """dlib's frontal detector (HOG and a linear classifier), whose weights are in its wheel.

    It finds fewer faces than RetinaFace, none that turns far away, and frames them otherwise: its
    boxes are brought into RetinaFace's frame, since that is how training faces are cut.
    """

    face_from = "dlib"
    around = _AROUND

    def __init__(self) -> None:
        import dlib

        self._dlib: Any = dlib.get_frontal_face_detector()
        self.key = digest(
            self.face_from, list(_RETINAFACE_FRAME), _LEAST, self.around, recipe("detection")
        )

    def __call__(self, images: Tensor) -> dict[str, np.ndarray]:
        """What dlib finds in pictures of one size; its scores are brought between 0 and 1."""
        rects, scores, ids = [], [], []
        for number, image in enumerate(images):
            pixels = np.ascontiguousarray(image.permute(1, 2, 0).byte().numpy())
            with loading:  # it is not made for several threads
                found, strengths, _ = self._dlib.run(pixels, _DOUBLINGS, _LEAST)
            for box, strength in zip(found, strengths, strict=True):
                rects.append(_as_retinaface(box.left(), box.top(), box.width(), box.height()))
                scores.append(-np.expm1(-strength))
                ids.append(number)
        return {
            "rects": np.array(rects, dtype=np.float32).reshape(-1, 4),
            "scores": np.array(scores, dtype=np.float32),
            "image_ids": np.array(ids, dtype=np.int64),
        }


def _as_retinaface(left: float, top: float, width: float, height: float) -> tuple[float, ...]:
    """A box of dlib's in RetinaFace's frame: left, top, right, bottom."""
    right, down, wide, high = _RETINAFACE_FRAME
    side = float(np.sqrt(width * height))
    x, y = left + width / 2 + right * side, top + height / 2 + down * side
    half = wide * side / 2, high * side / 2
    return x - half[0], y - half[1], x + half[0], y + half[1]


def detector_at_hand(settings: SegmentationSettings) -> FaceDetector | None:
    """pyfacer's where its weights are there; else dlib's, where that is installed; else None.

    Raises:
        WeightsError: the file that the settings name does not exist.
    """
    if weights.is_at_hand(settings.detector, settings.detector_weights):
        return PyfacerDetector(settings)
    try:
        return DlibDetector()
    except ModuleNotFoundError:
        return None


def _keep_anchors(boxes: Any) -> None:
    """Let pyfacer's `PriorBox` make the anchors of a size of picture once.

    It lists them in Python, anew for every batch, which takes as long as the network itself.
    """
    made = boxes.generate_anchors
    if hasattr(made, "__wrapped__"):
        return
    kept: dict[tuple[Any, ...], Any] = {}

    @wraps(made)
    def generate_anchors(self: Any, device: Any) -> Any:
        key = (*self.image_size, str(self.min_sizes), str(device))
        if key not in kept:
            kept[key] = made(self, device)
        return kept[key]

    boxes.generate_anchors = generate_anchors


def _distinct(found: np.ndarray, height: int, width: int) -> list[tuple[Box, float]]:
    """Rows of left, top, right, bottom and score, [n, 5], as different faces of a photograph."""
    import torch
    from torchvision.ops import nms

    found[:, :2] = np.floor(found[:, :2]).clip(0, None)
    found[:, 2:4] = np.ceil(found[:, 2:4]).clip(None, (width, height))
    found = found[(found[:, :2] < found[:, 2:4]).all(axis=1)]
    kept = nms(torch.from_numpy(found[:, :4]), torch.from_numpy(found[:, 4]), _SAME).numpy()
    found = found[kept]
    faces = []
    for row in found[np.lexsort((found[:, 1], found[:, 0]))]:
        left, top, right, bottom = (int(value) for value in row[:4])
        faces.append(((left, top, right, bottom), float(row[4])))
    return faces
