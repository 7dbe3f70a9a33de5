"""What the server answers, as OpenAPI describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field

Box = Annotated[list[int], Field(min_length=4, max_length=4)]
"""Left, top, right, bottom in pixels. (OpenAPI has no word for a tuple that all programs know.)"""


class ClassFound(BaseModel):
    """The class of a group; see `faceinsight.inference.face.ClassEstimate`."""

    id: str
    word: str
    probability: float
    candidates: list[str] | None


class AgeFound(ClassFound):
    """A class of ages, of a calibrated model also in years."""

    years: float | None
    interval: Annotated[list[float], Field(min_length=2, max_length=2)] | None


class FaceFound(BaseModel):
    """How a face appears; see `faceinsight.Face.to_dict`."""

    photograph: str
    number: int
    bbox: Box
    confidence: float | None
    face_from: str
    caution: str | None
    labels: list[str]
    description: str
    age: AgeFound | None
    gender: ClassFound | None
    expression: ClassFound | None
    race: ClassFound | None = Field(
        default=None, description="only where the server was started to hand it out"
    )
    uncertain: list[str] | None
    present: list[str]
    probabilities: dict[str, float]


class Reason(BaseModel):
    """Why a photograph cannot be used."""

    reason: str
    message: str


class PhotographFound(BaseModel):
    """The faces of one photograph from left to right, or its error."""

    faces: list[FaceFound] | None = None
    error: Reason | None = None
    picture: str | None = Field(default=None, description="JPEG file in base64, if asked for")


class Analysis(BaseModel):
    """One entry a photograph, in the order in which they were sent."""

    photographs: list[PhotographFound]


class Answer(BaseModel):
    """See `faceinsight.inference.answer.PhotoAnswer`."""

    text: str
    way: str
    asked: str
    face: int
    box: Box
    faces: int
    labels: Mapping[str, bool]
    said: Mapping[str, bool]
    contradictions: list[str]
    reason: str
    caution: str | None


class Share(BaseModel):
    """What one region of a face says of a characteristic."""

    region: str
    share: float = Field(description="change of the log-odds; above zero it speaks for it")
    area: float = Field(description="part of the crop, 0 to 1")


class ExplanationFound(BaseModel):
    """See `faceinsight.inference.explanation.Explanation`."""

    photograph: str
    number: int
    bbox: Box
    caution: str | None
    characteristic: str
    word: str
    probability: float
    method: str
    regions_from: str = Field(
        description="what says where they are: parsed or provided map, or areas of the face's box"
    )
    regions: list[Share] = Field(description="the one on which most hangs first")
    picture: str | None = Field(default=None, description="JPEG file in base64, if asked for")


class Explanations(BaseModel):
    """One entry a characteristic, in the order in which they were asked for."""

    explanations: list[ExplanationFound]


class Health(BaseModel):
    """The server is ready."""

    status: str = "ready"


class CharacteristicMeant(BaseModel):
    """A characteristic of the vocabulary."""

    id: str
    phrase: str
    group: str | None
    sensitive: bool
    learnt: bool
    handed_out: bool


class RuleMeant(BaseModel):
    """A rule that labels do not break."""

    rule: str
    reason: str


class ModelCard(BaseModel):
    """The model behind the server."""

    name: str
    card: str | None = Field(description="Markdown; None of a model without one")
    faceinsight: str = Field(description="version of the software")
    caution: str | None
    faces: str = Field(description="what is looked for unless a request says otherwise")
    limits: dict[str, float]
    vocabulary: list[CharacteristicMeant]
    rules: list[RuleMeant]
