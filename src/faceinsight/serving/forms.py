"""Bodies of requests, as JSON with base64 or as multipart, read in memory."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from faceinsight.inference.regions import ERASURES, Erasure
from faceinsight.inference.settings import Faces
from faceinsight.serving.problems import Problem

_Form = TypeVar("_Form", bound="Form")

_File = Annotated[bytes, Field(min_length=1)]

_Name = Annotated[str, Field(min_length=1, max_length=100)]

_FIELDS = 32
"""Most fields of a form that are no files."""

_LISTS = ("photographs", "characteristics")
"""Fields that a form may repeat."""


class Form(BaseModel):
    """What may be asked of photographs."""

    model_config = ConfigDict(extra="forbid", val_json_bytes="base64")

    faces: Faces | None = Field(
        default=None,
        description="every face that is detected; the same, and a photograph without one as a "
        "whole; or each photograph as one face. As the server was started if not given.",
    )


class AnalyzeForm(Form):
    """Photographs to analyze."""

    photographs: list[_File] = Field(min_length=1, description="files of photographs")
    threshold: float = Field(
        default=0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="detector's score below which a face is left out",
    )
    pictures: bool = Field(
        default=False,
        description="also each photograph with boxes and labels drawn, a JPEG file in base64",
    )


class AskForm(Form):
    """A question about a face."""

    photograph: _File = Field(description="file of a photograph")
    question: str | None = Field(
        default=None, max_length=1000, description="in anybody's words; a description without one"
    )
    face: int | None = Field(
        default=None, ge=1, le=10_000, description="its number from the left; else the largest"
    )
    way: Literal["grounded", "direct"] = Field(
        default="grounded",
        description="from the labels, or from the picture itself where the model was taught to",
    )


class ExplainForm(Form):
    """Which regions of a face answers hang on."""

    photograph: _File = Field(description="file of a photograph")
    characteristics: list[_Name] = Field(
        min_length=1, max_length=16, description="ids, or the words for them"
    )
    face: int | None = Field(
        default=None, ge=1, le=10_000, description="its number from the left; else the largest"
    )
    method: Erasure = Field(
        default=ERASURES[0], description="how regions are erased from the photograph"
    )
    pictures: bool = Field(
        default=False, description="also the face with its regions coloured, a JPEG file in base64"
    )


async def read_form(request: Request, form: type[_Form]) -> _Form:
    """The body of a request.

    Raises:
        Problem: it is of another type, or cut off.
        pydantic.ValidationError: something in it is missing, unknown or out of range.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "bodies are not decompressed here: send it as it is")
    if kind == "application/json":
        return form.model_validate_json(await request.body(), strict=True)
    if kind != "multipart/form-data":
        raise Problem(415, "send multipart/form-data, or application/json with base64")
    return form.model_validate(await _fields(request, form))


class _InMemory(MultiPartParser):
    """Keeps files in memory: a photograph is never written to disk."""

    spool_max_size = 0


async def _fields(request: Request, form: type[Form]) -> dict[str, Any]:
    """Fields by name; of those that are lists all, of others the one that there must be."""
    stream = request.stream()
    parser = _InMemory(request.headers, stream, max_files=1000, max_fields=_FIELDS)
    try:
        sent = await parser.parse()
    except MultiPartException as error:
        raise Problem(400, f"the multipart body cannot be read: {error.message}") from None
    fields: dict[str, Any] = {}
    for name, value in sent.multi_items():
        of_one = await value.read() if isinstance(value, UploadFile) else value
        if name in _LISTS:
            fields.setdefault(name, []).append(of_one)
        elif name in fields:
            raise Problem(422, f"{name[:100]}: given twice")
        else:
            fields[name] = of_one
    return fields


def body_of(form: type[Form]) -> dict[str, Any]:
    """What OpenAPI says of a body in both forms."""
    as_json = form.model_json_schema()
    as_files = form.model_json_schema()
    for schema, file in (
        (as_json, {"type": "string", "format": "byte", "contentEncoding": "base64"}),
        (as_files, {"type": "string", "format": "binary"}),
    ):
        properties = schema["properties"]
        if "photographs" in properties:
            properties["photographs"]["items"] = file | {"minLength": 1}
        else:
            properties["photograph"] |= file | {"minLength": 1}
    content = {"multipart/form-data": as_files, "application/json": as_json}
    return {
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": schema} for kind, schema in content.items()},
        }
    }
