"""What is drawn: typed settings that refuse what they do not know.

Imports nothing heavy, since every `kedro` command reads it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from faceinsight.common.settings import Seed, Settings

DATASETS = ("celeba", "maad", "fairface", "utkface", "expw", "rafdb")
"""The data sets that are drawn; their places decide their chances."""

_Count = Annotated[int, Field(ge=10, le=100_000)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Half = Annotated[float, Field(ge=0, le=0.5)]


class MapErrors(Settings, frozen=True):
    """How often a faulty map shows which error.

    Attributes:
        border: by how many pixels borders between classes wander (standard deviation, for a map of
            96 pixels; in proportion for others).
        swapped: share of maps in which a pair of left and right parts is swapped.
        missed: share of maps in which one part is taken for skin.
        lost: share of earrings and of necklaces that are not found.
        confused: share of hats taken for hair; a tenth as often hair is taken for a hat.
    """

    border: Annotated[float, Field(ge=0, le=10)] = 1.0
    swapped: _Share = 0.15
    missed: _Share = 0.25
    lost: _Share = 0.6
    confused: _Share = 0.3


class DrawnSettings(Settings, frozen=True):
    """Settings of `draw_datasets`.

    Attributes:
        seed: the same seed gives the same bytes.
        faces: labelled faces of every data set, or data set to number (others keep 400).
        size: side of a photograph in pixels; ExpW's photographs are larger, its faces like others.
        label_noise: share of labels that are taken from another face at random.
        unknown: share of MAAD's labels that is unknown.
        photographs_per_person: photographs of each of MAAD's identities.
        two_faces: share of ExpW's photographs that hold two faces.
        outside: share of ExpW's photographs of one face whose box leaves the picture.
        map_errors: the errors of the maps in `maps_faulty`.
    """

    seed: Seed = 0
    faces: _Count | dict[str, _Count] = 400
    size: Annotated[int, Field(ge=48, le=512)] = 96
    label_noise: _Half = 0.04
    unknown: _Half = 0.12
    photographs_per_person: Annotated[int, Field(ge=1, le=100)] = 5
    two_faces: _Half = 0.2
    outside: _Half = 0.1
    map_errors: MapErrors = MapErrors()

    @field_validator("faces")
    @classmethod
    def _known(cls, faces: int | dict[str, int]) -> int | dict[str, int]:
        if isinstance(faces, dict) and (unknown := sorted(set(faces) - set(DATASETS))):
            raise ValueError(f"there is no data set {unknown}; there are {list(DATASETS)}")
        return faces

    def count(self, dataset: str) -> int:
        """Labelled faces of one data set."""
        return self.faces if isinstance(self.faces, int) else self.faces.get(dataset, 400)
