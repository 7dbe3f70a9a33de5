"""From photographs to what a model reads: the crops and label maps of its training."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from transformers import AutoImageProcessor, BatchFeature
from transformers.image_processing_utils import BaseImageProcessor

from faceinsight.data.crops import FaceCrop, MapParser, cut_face, parse_faces
from faceinsight.data.geometry import Box
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.photographs import image_pixels
from faceinsight.errors import ParameterError
from faceinsight.model.configuration import FaceInsightConfig

_OF_MACHINE = ("detector_weights", "parser_weights", "device", "batch_size")


class FaceInsightImageProcessor(BaseImageProcessor):
    """Cuts faces out of photographs as those were cut that a model was trained with.

    It finds no faces: whoever calls it says where they are (`faceinsight.FaceInsight` finds them).

    Args:
        size: side S of the crops in pixels.
        margin: on each side of a box, as a part of its longer side, where there is as much.
        maps: where label maps come from: `parsed` (by pyfacer, unless they are given), `provided`
            or `provided_faulty` (given with the photographs), or `none`.
        detector, parser, context, view: of pyfacer, where it makes the maps; these, and the
            following, are those of `faceinsight.data.parsing.settings.SegmentationSettings`.
        detector_weights, parser_weights, device, batch_size: of this machine, and not saved.
    """

    model_input_names = ["photographs", "maps"]

    def __init__(
        self,
        size: int = 224,
        margin: float = 0.25,
        maps: str = "none",
        detector: str = "retinaface/mobilenet",
        parser: str = "farl/celebm/448",
        context: float = 1.5,
        view: int = 256,
        detector_weights: Path | str | None = None,
        parser_weights: Path | str | None = None,
        device: str = "cpu",
        batch_size: int = 16,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size = size
        self.margin = margin
        self.maps = maps
        self.detector = detector
        self.parser = parser
        self.context = context
        self.view = view
        self.detector_weights = detector_weights
        self.parser_weights = parser_weights
        self.device = device
        self.batch_size = batch_size

    @classmethod
    def of_model(cls, config: FaceInsightConfig) -> FaceInsightImageProcessor:
        """The processor of a model, without maps where the model reads none.

        Raises:
            ParameterError: the model does not say how the faces of its training were cut.
        """
        if not config.crops:
            raise ParameterError(
                "the model's config.json does not say how the faces of its training were cut "
                "(`crops` is empty), so others cannot be cut alike: train it with the pipeline"
            )
        maps = config.crops["maps"] if config.segmentation else "none"
        return cls(**config.crops | {"size": config.image_size, "maps": maps})

    def preprocess(
        self,
        images: Any,
        boxes: Sequence[Box | None] | Box | None = None,
        segmentation_maps: Any = None,
        return_tensors: str | None = None,
    ) -> BatchFeature:
        """Cut one face out of each photograph.

        Args:
            images: a photograph or a list of N: PIL images, or uint8 arrays [H, W, 3], RGB.
            boxes: where the face is: left, top, right, bottom in pixels of the photograph; None
                takes the whole photograph, as in CelebA, FairFace and UTKFace.
            segmentation_maps: the label map of each whole photograph, uint8 [H, W] of the class
                numbers of `faceinsight.data.classes`; None has pyfacer make them, where
                the model was trained with its maps.
            return_tensors: `pt` or `np`; None gives lists of arrays.

        Returns:
            `photographs`, uint8 [N, S, S, 3], and, of a model that reads them, `maps`, uint8
            [N, S, S].

        Raises:
            ParameterError: maps are part of the input, and neither given nor to be made here, or
                the numbers of photographs, boxes and maps differ.
            PhotographError: a box lies outside its photograph.
        """
        one = not isinstance(images, list | tuple)
        pictures = [images] if one else list(images)
        places: list[Any] = _each("boxes", boxes, one, len(pictures))
        given: list[Any] = _each("segmentation_maps", segmentation_maps, one, len(pictures))
        if self.maps.startswith("provided") and segmentation_maps is None:
            raise ParameterError(
                "segmentation_maps: the model was trained with label maps that lie as files beside "
                "photographs: give the map of each, or set maps='parsed' to have pyfacer make them"
            )
        settings = self._settings(segmentation_maps is not None)
        faces = []
        for number, (picture, box, label_map) in enumerate(
            zip(pictures, places, given, strict=True)
        ):
            face = FaceCrop(number, None if box is None else _whole_numbers(*box))
            if self.maps == "none":
                label_map = None
            cut_face(face, _pixels(picture), label_map, settings)
            faces.append(face)
        if settings.maps == "parsed":
            parser = pyfacer_parser(settings.model_dump_json())
            for start in range(0, len(faces), self.batch_size):
                parse_faces(parser, faces[start : start + self.batch_size], settings)
        data = {"photographs": [face.crop for face in faces]}
        if self.maps != "none":
            data["maps"] = [face.label_map for face in faces]
        return BatchFeature(
            data={name: _stacked(of) for name, of in data.items()}, tensor_type=return_tensors
        )

    def _settings(self, maps_are_given: bool) -> SegmentationSettings:
        names = ("size", "margin", "detector", "parser", "context", "view", *_OF_MACHINE)
        plain = {name: getattr(self, name) for name in names}
        maps = "none" if maps_are_given else self.maps
        return SegmentationSettings.model_validate(plain | {"maps": maps})

    def to_dict(self) -> dict[str, Any]:
        """What is saved: all but what is of this machine."""
        return {k: v for k, v in super().to_dict().items() if k not in _OF_MACHINE}


@lru_cache(maxsize=1)
def pyfacer_parser(settings: str) -> MapParser:
    """pyfacer's parser for `SegmentationSettings` as JSON; loaded once."""
    from faceinsight.data.parsing.detector import PyfacerDetector
    from faceinsight.data.parsing.parser import PyfacerParser

    typed = SegmentationSettings.model_validate_json(settings)
    return PyfacerParser(typed, PyfacerDetector(typed))


def _each(name: str, values: Any, one: bool, number: int) -> list[Any]:
    """Something for each of so many photographs."""
    if values is None:
        return [None] * number
    listed = [values] if one else list(values)
    if len(listed) != number:
        raise ParameterError(f"{name}: there are {len(listed)} for {number} photographs")
    return listed


def _whole_numbers(left: float, top: float, right: float, bottom: float) -> Box:
    return int(left), int(top), int(right), int(bottom)


def _pixels(picture: Any) -> np.ndarray:
    if not isinstance(picture, np.ndarray):
        return image_pixels(picture, "images")
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ParameterError(
            f"images: an array must be uint8 [H, W, 3], RGB, and not {picture.dtype} "
            f"{list(picture.shape)}"
        )
    return picture


def _stacked(arrays: list[Any]) -> np.ndarray | list[Any]:
    return np.stack(arrays) if arrays else []


AutoImageProcessor.register(
    FaceInsightConfig,
    image_processor_classes=dict.fromkeys(("pil", "torchvision"), FaceInsightImageProcessor),
    exist_ok=True,
)
FaceInsightImageProcessor.register_for_auto_class()
