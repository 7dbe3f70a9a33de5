"""Parameters of analysing photographs, and of scoring crops that are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from faceinsight.common.devices import known_device
from faceinsight.common.settings import Settings
from faceinsight.data.photographs import MAX_PIXELS

MOST_SIDE = 8192
"""Largest view in which faces are sought, in pixels."""


Faces = Literal["detect", "detect_or_whole", "whole"]
"""Which faces of a photograph are looked for, see `PhotoSettings`."""


class PhotoSettings(Settings):
    """How the faces of one's own photographs are found and scored.

    How a face is cut, and how its label map is made, is no matter of choice: the model says how it
    was trained.

    Attributes:
        faces: `detect` (every face that a detector finds; photographs without one are
            skipped), `detect_or_whole` (a photograph in which none is found is one face), or
            `whole` (every photograph is one face, as in CelebA, FairFace and UTKFace).
        maps: label maps of a model that reads them: `as_trained` (by pyfacer's parser, or from
            files beside the photographs, see `faceinsight.inference.map_files.MapFiles`), or
            `parsed` (by the parser, whatever the model was trained with).
        detector_side: side in pixels of the larger of the two views in which faces are sought; more
            finds the small faces of large photographs, and takes longer by the square.
        detector_weights: file of pyfacer's detector; None takes what was fetched before, or, where
            there is nothing and no parser needs it, dlib's detector.
        parser_weights: file of the parser; None lets pyfacer fetch its own.
        sensitive: whether what the vocabulary calls sensitive (race and the like) is handed out.
        pictures: whether the pipeline also draws each photograph with its labels.
        anyway: whether the pipeline goes on where a model that has seen drawn faces alone is asked
            about photographs.
        batch_size: faces a forward pass of parser and network.
        workers: threads that read and cut photographs.
        max_pixels: larger photographs are refused.
        most_faces: photographs in which more are found are refused; None takes any number.
        device: auto, or a torch device such as cpu.
    """

    faces: Faces = "detect"
    maps: Literal["as_trained", "parsed"] = "as_trained"
    detector_side: int = Field(default=640, ge=64, le=MOST_SIDE)
    detector_weights: Path | None = None
    parser_weights: Path | None = None
    sensitive: bool = False
    pictures: bool = False
    anyway: bool = False
    batch_size: int = Field(default=32, ge=1)
    workers: int = Field(default=4, ge=1)
    max_pixels: float = Field(default=MAX_PIXELS, gt=0)
    most_faces: int | None = Field(default=None, ge=1)
    device: str = "auto"

    _device = field_validator("device")(known_device)


class PredictionSettings(Settings):
    """How test faces are scored.

    Attributes:
        split: which split is scored.
        batch_size: faces a forward pass.
        device: auto, or a torch device such as cpu.
    """

    split: str = Field("test", pattern="^(train|val|test|held_out)$")
    batch_size: int = Field(256, ge=1)
    device: str = "auto"

    _device = field_validator("device")(known_device)
