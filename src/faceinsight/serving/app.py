"""The REST door: photographs in, faces out, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from itertools import starmap
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import FastAPI, Request
from pydantic_core import to_json
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import HTMLResponse, Response

import faceinsight
from faceinsight.answers.labels import CAUTION
from faceinsight.common.encoding import jpeg_base64
from faceinsight.common.messages import sentence
from faceinsight.errors import PhotographError
from faceinsight.inference.caution import DRAWN_ALONE
from faceinsight.inference.face import Face
from faceinsight.inference.faceinsight import FaceInsight
from faceinsight.model.labels import handed_out
from faceinsight.serving import metrics as counting
from faceinsight.serving.answers import Analysis, Answer, Explanations, Health, ModelCard
from faceinsight.serving.docs_page import docs_page
from faceinsight.serving.engine import Engine
from faceinsight.serving.forms import AnalyzeForm, AskForm, ExplainForm, Form, body_of, read_form
from faceinsight.serving.guard import Guard
from faceinsight.serving.problems import (
    MEDIA_TYPE,
    RETRY_AFTER,
    Problem,
    ProblemDetails,
    answer_with_problems,
    told,
)
from faceinsight.serving.settings import ServerSettings

if TYPE_CHECKING:
    pass

_Form = TypeVar("_Form", bound=Form)

_LIMITS = {
    "most_bytes",
    "most_pixels",
    "most_photographs",
    "most_faces",
    "queue",
    "seconds",
}

_DESCRIPTION = f"""\
What a model trained with FaceInsight sees in photographs of faces. {CAUTION}

Photographs are read in memory, and neither kept nor logged."""


def create_app(model: FaceInsight, settings: ServerSettings | None = None) -> FastAPI:
    """The server's application; `app.state.engine` answers whatever else is mounted on it.

    Args:
        model: what it hands out (`sensitive`), and which faces it looks for unless a request says
            otherwise, is for its own settings to say. Models loaded to look for no faces
            (`faces="whole"`) look for none.
        settings: limits.
    """
    settings = settings or ServerSettings()
    app = FastAPI(
        title="FaceInsight",
        version=faceinsight.__version__,
        description=_DESCRIPTION,
        docs_url=None,  # FastAPI's own pages are fetched from another host
        redoc_url=None,
        lifespan=_close_at_the_end,
    )
    counts = counting.Metrics(lambda: engine.admission.accepted, frozenset(_PATHS))
    engine = Engine(model, settings, counts.batch_size.observe)
    app.state.engine, app.state.metrics = engine, counts
    for path, method, answer, options in _ROUTES:
        app.add_api_route(path, answer, methods=[method], **options)
    app.add_route("/docs", _docs)
    answer_with_problems(app)
    # The last one added is the first that a request meets.
    app.add_middleware(Guard, settings=settings)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
        )
    app.add_middleware(counting.Counted, metrics=counts)
    return app


@asynccontextmanager
async def _close_at_the_end(app: FastAPI) -> AsyncIterator[None]:
    yield
    await asyncio.to_thread(app.state.engine.close)


async def analyze(request: Request) -> Response:
    """Every face of one or several photographs.

    Photographs that cannot be used have their error in their place; where none can be used, the
    answer is the error of the first.
    """
    engine: Engine = request.app.state.engine
    async with _accepted(request, AnalyzeForm) as form:
        most = engine.settings.most_photographs
        if len(form.photographs) > most:
            raise Problem(413, f"photographs: at most {most} in a request")
        found = await asyncio.wrap_future(engine.analyze(form.photographs, form.faces))
        errors = [one for one in found if isinstance(one, PhotographError)]
        if len(errors) == len(found):
            raise errors[0]
        kept = [_above(form.threshold, one) for one in found]
        pictures: list[str | None] = [None] * len(kept)
        if form.pictures:
            drawn = engine.call(lambda: list(map(_draw, form.photographs, kept)))
            pictures = await asyncio.wrap_future(drawn)
        faces = sum(len(one) for one in kept if isinstance(one, list))
        request.app.state.metrics.faces.inc(faces)
        return _json({"photographs": list(starmap(_entry, zip(kept, pictures, strict=True)))})


async def ask(request: Request) -> Response:
    """An answer in words to a question about a face, or a description of it."""
    engine: Engine = request.app.state.engine
    async with _accepted(request, AskForm) as form:
        if form.way == "direct" and not engine.model.network.config.answer_weight:
            raise Problem(422, "way: this model was not taught to answer from pictures")
        answered = engine.ask(
            form.photograph,
            form.question,
            form.faces,
            face=form.face,
            way=form.way,
            max_time=engine.settings.seconds,
        )
        answer = await asyncio.wrap_future(answered)
        return _json(asdict(answer))


async def explain(request: Request) -> Response:
    """Which regions of a face the probability of a characteristic hangs on.

    Each region is erased in turn, and the change of the log-odds is its share.
    """
    engine: Engine = request.app.state.engine
    async with _accepted(request, ExplainForm) as form:
        options = {"face": form.face, "method": form.method}
        explained = await asyncio.wrap_future(
            engine.explain(form.photograph, form.characteristics, form.faces, **options)
        )
        entries = [one.to_dict() for one in explained]
        if form.pictures:
            drawn = engine.call(lambda: [jpeg_base64(one.picture()) for one in explained])
            pictures = await asyncio.wrap_future(drawn)
            for entry, picture in zip(entries, pictures, strict=True):
                entry["picture"] = picture
        return _json({"explanations": entries})


async def health(request: Request) -> Response:
    """Whether all weights are loaded."""
    _check_ready(request.app.state.engine)
    return _json(Health().model_dump())


async def metrics(request: Request) -> Response:
    """Requests, latencies, batches and faces, as Prometheus reads them."""
    return Response(request.app.state.metrics.text(), media_type=counting.MEDIA_TYPE)


async def model(request: Request) -> Response:
    """The model's card, its vocabulary, its rules, and the limits of the server."""
    engine: Engine = request.app.state.engine
    return _json(_about(engine.model, engine.settings))


async def _docs(request: Request) -> Response:
    return HTMLResponse(docs_page(request.app.openapi()))


@asynccontextmanager
async def _accepted(request: Request, form: type[_Form]) -> AsyncIterator[_Form]:
    """Hold a place for a request while it is read and answered, for as long as it may take."""
    engine: Engine = request.app.state.engine
    _check_ready(engine)
    read = False
    try:
        with engine.admission():
            async with asyncio.timeout(engine.settings.seconds):
                sent = await read_form(request, form)
                read = True
                yield sent
    except TimeoutError:
        seconds = f"{engine.settings.seconds:g} seconds"
        if read:
            slow = f"no answer was found within {seconds}: send less at a time, or try again"
            raise Problem(503, slow, RETRY_AFTER) from None
        late = f"the request did not arrive within {seconds}"
        raise Problem(408, late, {"Connection": "close"}) from None


def _check_ready(engine: Engine) -> None:
    if not engine.ready.done():
        raise Problem(503, "the weights are still being loaded: try again", RETRY_AFTER)
    if (error := engine.ready.exception()) is not None:
        raise Problem(503, sentence(error) or "the weights cannot be loaded; the log says more")


def _above(threshold: float, found: list[Face] | PhotographError) -> list[Face] | PhotographError:
    """Faces of which the detector is sure enough; those that it did not seek are kept."""
    if isinstance(found, PhotographError):
        return found
    return [face for face in found if face.confidence is None or face.confidence >= threshold]


def _entry(found: list[Face] | PhotographError, picture: str | None) -> dict[str, Any]:
    if isinstance(found, PhotographError):
        return {"error": {"reason": found.reason, "message": told(found)}}
    entry: dict[str, Any] = {"faces": [face.to_dict() for face in found]}
    return entry if picture is None else entry | {"picture": picture}


def _draw(photograph: bytes, found: list[Face] | PhotographError) -> str | None:
    if isinstance(found, PhotographError):
        return None
    from faceinsight.inference.pictures import picture_of

    # It was read before, so it is known to be within the limits.
    return jpeg_base64(picture_of(photograph, found, float("inf")))


def _about(model: FaceInsight, settings: ServerSettings) -> dict[str, Any]:
    network, vocabulary, source = model.network, model.vocabulary, model.source
    card = None if source is None else source / "README.md"
    sensitive = {*vocabulary.sensitive}
    learnt = handed_out(network, sensitive=True)
    out = handed_out(network, model.settings.sensitive)
    said = zip(vocabulary.characteristics, learnt.tolist(), out.tolist(), strict=True)
    rules = () if network.ruleset is None else network.ruleset.rules
    return {
        "name": f"FaceInsight {network.config.label}",
        "card": card.read_text("utf-8") if card is not None and card.is_file() else None,
        "faceinsight": faceinsight.__version__,
        "caution": DRAWN_ALONE if model.drawn_alone else None,
        "faces": model.settings.faces,
        "limits": settings.model_dump(include=_LIMITS),
        "vocabulary": [
            {
                "id": one.id,
                "phrase": one.phrase,
                "group": one.group,
                "sensitive": one.id in sensitive,
                "learnt": is_learnt,
                "handed_out": is_out,
            }
            for one, is_learnt, is_out in said
        ],
        "rules": [{"rule": rule.text, "reason": rule.reason} for rule in rules],
    }


def _json(content: dict[str, Any]) -> Response:
    return Response(to_json(content), media_type="application/json")


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": said, "content": {MEDIA_TYPE: {}}, "model": ProblemDetails}
    for status, said in {
        400: "the body cannot be read",
        401: "no token, or a wrong one",
        403: "a page of another origin",
        408: "the request did not arrive in time",
        413: "too many bytes, pixels or photographs",
        415: "another type of body, or no photograph",
        421: "another host",
        422: "a field is missing, unknown or out of range, or a photograph cannot be used",
        429: "too many requests wait",
        503: "not ready, or no answer in time",
    }.items()
}


def _problems(*statuses: int) -> dict[str, Any]:
    return {"responses": {status: _PROBLEMS[status] for status in (401, 403, 421, *statuses)}}


_OF_BODIES = _problems(*(status for status in _PROBLEMS if isinstance(status, int)))

_ROUTES: tuple[tuple[str, str, Any, dict[str, Any]], ...] = (
    (
        "/analyze",
        "POST",
        analyze,
        {"response_model": Analysis, "openapi_extra": body_of(AnalyzeForm), **_OF_BODIES},
    ),
    (
        "/ask",
        "POST",
        ask,
        {"response_model": Answer, "openapi_extra": body_of(AskForm), **_OF_BODIES},
    ),
    (
        "/explain",
        "POST",
        explain,
        {"response_model": Explanations, "openapi_extra": body_of(ExplainForm), **_OF_BODIES},
    ),
    ("/health", "GET", health, {"response_model": Health, **_problems(503)}),
    ("/model", "GET", model, {"response_model": ModelCard, **_problems()}),
    ("/metrics", "GET", metrics, {"response_class": Response, **_problems()}),
)

_PATHS = {path for path, *_ in _ROUTES}
