"""Errors as problem details (RFC 9457): a status, one sentence, never a traceback."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from faceinsight.common.messages import sentence, with_full_stop
from faceinsight.errors import FaceInsightError, ParameterError, PhotographError
from faceinsight.serving.batching import Closed, Full

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

_OF_PHOTOGRAPHS = {
    "not an image": 415,
    "unsupported": 415,
    "camera raw": 415,
    "too large": 413,
}
"""Statuses of photographs that cannot be used, by reason; others are 422."""

_IN_OTHER_WORDS = {
    "no face found": "no face was found in the photograph; faces=detect_or_whole takes such a "
    "photograph whole",
    "no box": "no face was looked for in the photograph, and so nothing says where its regions "
    "are: ask with faces=detect, or start the server with --maps=parsed",
    "no map": "this model reads label maps that lie as files, and a photograph that is sent has "
    "none: start the server with --maps=parsed, or with a variant that reads none (org)",
}
"""What is wrong with a photograph where the usual sentence is for whoever has files and options."""

RETRY_AFTER = {"Retry-After": "1"}


class ProblemDetails(BaseModel):
    """What went wrong."""

    type: str = "about:blank"
    title: str = Field(description="what the status is called")
    status: int
    detail: str = Field(description="one sentence")
    reason: str | None = Field(default=None, description="of a photograph: the reason in short")


class Problem(HTTPException):
    """A request that is answered with an error: a status, and one sentence."""


def problem_response(
    status: int, detail: str, headers: Mapping[str, str] | None = None, reason: str | None = None
) -> Response:
    """The answer that says what went wrong."""
    said = ProblemDetails(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=with_full_stop(detail),
        reason=reason,
    )
    return Response(
        json.dumps(said.model_dump(exclude_none=True)),
        status,
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def response_to(error: Exception) -> Response:
    """The answer to a request that ended in an error; 500 for a defect of ours."""
    match error:
        case Problem():
            return problem_response(error.status_code, error.detail, error.headers)
        case Full():
            return problem_response(429, "too many requests wait already: try again", RETRY_AFTER)
        case Closed():
            return problem_response(503, "the server is ending", RETRY_AFTER)
        case PhotographError():
            status = _OF_PHOTOGRAPHS.get(error.reason, 422)
            return problem_response(status, told(error), reason=error.reason)
        case ParameterError():
            return problem_response(422, str(error))
        case RequestValidationError() | ValidationError():
            faults = error.errors()
            is_json = all(fault["type"] != "json_invalid" for fault in faults)
            return problem_response(422 if is_json else 400, _faults(faults))
        case ClientDisconnect():  # which nobody reads
            return problem_response(400, "the request was cut off")
        case HTTPException():
            said = {404: "there is nothing at this path; /docs lists what there is"}
            detail = said.get(error.status_code, str(error.detail))
            return problem_response(error.status_code, detail, error.headers)
    if (why := sentence(error)) is not None:  # such as weights that are not at hand
        _log.error(why)
        return problem_response(503, "the server cannot do it now; its log says why")
    return problem_response(500, "a defect of the server; its log says more")


def told(error: PhotographError) -> str:
    """Why a photograph cannot be used, for who has sent it."""
    return with_full_stop(_IN_OTHER_WORDS.get(error.reason, str(error)))


def _faults(errors: Sequence[Any]) -> str:
    """What validation found, in one sentence, without what was sent."""
    told = []
    for error in errors[:3]:
        where = ".".join(str(part) for part in error["loc"] if part != "body")
        told.append(f"{where[:100]}: {error['msg']}" if where else error["msg"])
    return "; ".join(told)


def answer_with_problems(app: FastAPI) -> None:
    """Make every error of an application a problem."""

    async def handle(request: Request, error: Exception) -> Response:
        return response_to(error)

    of_requests = (Full, Closed, ClientDisconnect, RequestValidationError, ValidationError)
    for kind in (*of_requests, HTTPException, FaceInsightError, Exception):
        app.add_exception_handler(kind, handle)
