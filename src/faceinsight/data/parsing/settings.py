"""Parameters of segmentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from faceinsight.common.devices import known_device
from faceinsight.common.settings import Settings
from faceinsight.data.geometry import MARGIN
from faceinsight.data.photographs import MAX_PIXELS


class SegmentationSettings(Settings):
    """Where label maps come from, and in which geometry crops are kept.

    Attributes:
        maps: `parsed` (by pyfacer), `provided` (files in the raw folder's `maps/`),
            `provided_faulty` (`maps_faulty/`, to measure what faulty maps cost), or `none`.
        size: side S of the crops in pixels, the model's input size.
        margin: on each side of a face's box, as a part of its longer side, where the photograph
            has as much.
        keep_photographs: store the photographs' crops beside the maps; else they are read from
            the raw folder, cut and resized each time.
        detector: pyfacer's face detector.
        detector_weights: its file; None lets pyfacer fetch its own.
        parser: pyfacer's face parser.
        parser_weights: its file; None lets pyfacer fetch its own.
        aligned_crops: data sets whose photographs are tight, aligned crops already. Their crops
            are parsed as they are, and no face is looked for. None by default: on CelebA, FairFace,
            UTKFace and ExpW a detected and aligned face gave the better map to look at, and on
            CelebAMask-HQ's photographs cut as tightly the higher mean IoU (0.60 against 0.57).
        context: how many times the crop's side the parser sees, where a box is cut out of more.
        view: side in pixels of what detector and parser see.
        max_pixels: larger photographs are refused.
        device: where detector and parser run, auto, or a torch device such as cpu.
        batch_size: faces at a time in detector and parser; a GPU likes many.
        workers: threads that read and cut photographs.
        shard_size: faces a shard; what a sudden end can lose.
    """

    maps: Literal["parsed", "provided", "provided_faulty", "none"] = "parsed"
    size: int = Field(224, ge=16, le=1024)
    margin: float = Field(MARGIN, ge=0, le=4)
    keep_photographs: bool = True
    detector: Literal["retinaface/mobilenet", "retinaface/resnet50"] = "retinaface/mobilenet"
    detector_weights: Path | None = None
    parser: Literal["farl/celebm/448", "farl/lapa/448"] = "farl/celebm/448"
    parser_weights: Path | None = None
    aligned_crops: tuple[str, ...] = ()
    context: float = Field(1.5, ge=1, le=4)
    view: int = Field(256, ge=64, le=1024)
    max_pixels: float = Field(MAX_PIXELS, gt=0)
    device: str = "cpu"
    batch_size: int = Field(16, ge=1)
    workers: int = Field(4, ge=1)
    shard_size: int = Field(1024, ge=1)

    _device = field_validator("device")(known_device)

    def of_crops(self) -> dict[str, Any]:
        """How crops and maps are made: what a model is trained with and has to be used with."""
        names = {"maps", "size", "margin"}
        if self.maps == "parsed":
            names |= {"detector", "parser", "context", "view"}
        return self.model_dump(mode="json", include=names)

    def of_results(self, dataset: str) -> dict[str, Any]:
        """Those settings that change what is stored for a data set, for the work folder's name."""
        settings = self.of_crops()
        settings |= self.model_dump(mode="json", include={"keep_photographs", "max_pixels"})
        if self.maps == "parsed":
            settings["aligned"] = dataset in self.aligned_crops
        return settings
