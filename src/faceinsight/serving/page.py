"""The page of the server: one photograph, and what the model sees in it.

A photograph travels in the event that asks about it, and pictures of it in the page itself, so
neither is ever a file.
"""

from __future__ import annotations

import binascii
import logging
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr

from faceinsight.common.messages import sentence
from faceinsight.errors import PhotographError, WeightsError
from faceinsight.inference.face import Face
from faceinsight.inference.faceinsight import FaceInsight
from faceinsight.inference.photograph import read_photograph
from faceinsight.inference.settings import Faces
from faceinsight.serving.assets import CHOOSE, EXPLAIN, INTAKE, INTRO, SHOW_WHY, read
from faceinsight.serving.batching import Closed, Full
from faceinsight.serving.engine import Engine
from faceinsight.serving.examples import Example, ExampleInsight, draw_examples
from faceinsight.serving.findings import bars, data_uri, picture, why, words
from faceinsight.serving.models import Models

if TYPE_CHECKING:
    import numpy as np

_log = logging.getLogger(__name__)

CAUTION = (
    "How faces appear to a model, not facts about people. Not for identifying, watching or judging "
    "anybody, nor for photographs of people who have not agreed."
)
"""What the page says at all times; the README says it at length."""

_VISITORS = 64
"""Tabs whose photograph is kept in memory: until the tab closes, another photograph takes its
place, or so many others have come."""

_UNEXPECTED = "This went wrong here, not with you: the server's log says why."
_NO_REGIONS = (
    "No detector framed this face, and so nothing says where its regions are: choose a photograph "
    "in which a face is found, or start the server with --maps=parsed, and pyfacer finds them."
)
_NO_FACE = "No face was found in this photograph: try one with a larger, or more frontal, face."
_WHOLE = "Take the whole picture as one face"
_BUSY = "The server is busy with others: try again in a moment."
_NOTHING_YET = "Choose a photograph or an example first."


@dataclass(frozen=True)
class _Seen:
    """What one visitor is looking at.

    Attributes:
        photo: the bytes of a file that can be read.
        model: name of the model that is to look at it.
        looked_for: which faces are looked for; None as the server was started.
        faces: of the photograph; none where it was not understood.
        chosen: number of the face that is spoken of.
    """

    photo: bytes
    model: str
    looked_for: Faces | None = None
    faces: Sequence[Face] = ()
    chosen: int = 0

    @property
    def face(self) -> Face:
        return self.faces[self.chosen - 1]


class _Shown(NamedTuple):
    """The parts of the page that change with what is looked at, in the order of its outputs."""

    status: dict[str, Any]
    picture: str = ""
    words: str = ""
    bars: str = ""
    answer: str = ""
    why: str = ""
    model: Any = gr.skip()


def create_page(engine: Engine) -> gr.Blocks:
    """The page of the model that is served, and of those beside it in its project.

    What the vocabulary calls sensitive is on it only if the model's settings say so.

    Args:
        engine: answers for the served model, together with what asks it over REST.
    """
    return _Page(engine).build()


class _Page:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._models = Models(engine.model)
        # Of a photograph's file, which travels as base64 beside a few other words.
        self._most_bytes = (engine.settings.most_bytes - 4096) * 3 // 4
        self._seen: OrderedDict[str | None, _Seen] = OrderedDict()

    @cached_property
    def _examples(self) -> tuple[Example, ...]:
        return draw_examples()

    def build(self) -> gr.Blocks:
        """Lay the page out, and say what calls what."""
        page = gr.Blocks(title="FaceInsight", analytics_enabled=False, fill_width=True)
        with page:
            _html(
                "<h1>FaceInsight</h1><p>What a model sees in a face, and what it cannot tell.</p>",
                "fi-head",
            )
            with gr.Row():
                with gr.Column(scale=5, min_width=320):
                    photo = gr.HTML(
                        _status(""),
                        html_template=self._intake(),
                        js_on_load=read("page.js"),
                        elem_classes=["fi", "fi-card"],
                        apply_default_css=False,
                    )
                    shown = _html("", "fi-card", js_on_load=CHOOSE)
                    explained = _html("", "fi-card", js_on_load=SHOW_WHY)
                with gr.Column(scale=7, min_width=320):
                    said = _html(INTRO, "fi-card fi-words", js_on_load=EXPLAIN)
                    with gr.Column(elem_classes=["fi-ask"]):
                        with gr.Row(equal_height=True):
                            question = gr.Textbox(
                                label="Ask about this face",
                                placeholder="Does she wear glasses?",
                                max_length=500,
                                scale=4,
                            )
                            ask = gr.Button("Ask", variant="primary", scale=0, min_width=96)
                        answer = _html("", "fi-answer")
                    model = gr.Radio(
                        list(self._models.names),
                        value=self._models.served,
                        label="Model",
                        info="The newest of each variant in this project.",
                        visible=len(self._models.names) > 1,
                    )
            probabilities = _html("", "fi-card", js_on_load=EXPLAIN)
            _html(f'<p role="note">{CAUTION}</p>', "fi-caution")

            outputs: list[Any] = [photo, shown, said, probabilities, answer, explained, model]
            options: Any = {"api_visibility": "private", "show_progress": "minimal"}
            photo.photograph(self._photograph, [model], outputs, **options)
            photo.example(self._example, [model], outputs, **options)
            photo.again(self._again, None, outputs, **options)
            model.input(self._change, [model], outputs, **options)
            shown.choose(self._choose, None, [said, probabilities, answer, explained], **options)
            for labels in (said, probabilities):
                labels.explain(self._explain, None, [explained], **options)
            for asked in (question.submit, ask.click):
                asked(self._ask, [question], [answer], **options)
            page.unload(self._forget)
        page.queue(default_concurrency_limit=4, max_size=64, api_open=False)
        return page

    def _intake(self) -> str:
        """What takes photographs: `page.js` brings it to life."""
        examples = "".join(
            f'<li><button type="button" data-example="{number}">'
            f'<img src="{data_uri(example.pixels)}" alt="Drawn: {example.name}"></button></li>'
            for number, example in enumerate(self._examples)
        )
        return INTAKE.replace("EXAMPLES", examples).replace("MOST", str(self._most_bytes))

    def _photograph(self, name: str, event: gr.EventData, visit: gr.Request) -> _Shown:
        self._forget(visit)
        try:
            photo = b64decode(event.data, validate=True)
        except (AttributeError, TypeError, binascii.Error):
            return _failed("This is no photograph.")
        return self._look(_Seen(photo, name), visit)

    def _example(self, name: str, event: gr.EventData, visit: gr.Request) -> _Shown:
        return self._look(_Seen(self._examples[event.number].file, name), visit)

    def _again(self, event: gr.EventData, visit: gr.Request) -> _Shown:
        """The same photograph, looked at as was offered."""
        if (seen := self._seen.get(visit.session_hash)) is None:
            return _failed(_NOTHING_YET)
        looked_for: Faces | None = "whole" if event.whole else None
        return self._look(replace(seen, model=event.model, looked_for=looked_for), visit)

    def _change(self, name: str, visit: gr.Request) -> _Shown:
        if (seen := self._seen.get(visit.session_hash)) is not None:
            return self._look(replace(seen, model=name), visit)
        try:
            self._models(name)
        except Exception as error:
            return _failed(_told(error))
        return _Shown(_status(f"The model {name} is loaded."), words=INTRO)

    def _forget(self, visit: gr.Request) -> None:
        self._seen.pop(visit.session_hash, None)

    def _look(self, seen: _Seen, visit: gr.Request) -> _Shown:
        """Look at a photograph, and keep it, so that it can be looked at once more."""
        self._forget(visit)
        try:
            most = self._engine.settings.most_pixels
            pixels = read_photograph(seen.photo, "this photograph", most)
        except Exception as error:
            return _failed(_told(error))
        self._keep(seen, visit)
        try:
            faces = self._faces(seen, pixels)
        except Exception as error:
            return self._refused(seen, error)._replace(picture=picture(pixels, [], 0))
        if not faces:
            return _failed(_NO_FACE, self._offers_whole(seen))._replace(
                picture=picture(pixels, [], 0)
            )
        seen = replace(seen, faces=faces, chosen=_largest(faces))
        self._keep(seen, visit)
        found = "1 face" if len(faces) == 1 else f"{len(faces)} faces"
        status = _status(f"{found}, seen by the model {seen.model}.")
        shown = picture(pixels, faces, seen.chosen)
        return _Shown(status, shown, *self._findings(seen), model=seen.model)

    def _keep(self, seen: _Seen, visit: gr.Request) -> None:
        self._seen[visit.session_hash] = seen
        while len(self._seen) > _VISITORS:
            self._seen.popitem(last=False)

    def _faces(self, seen: _Seen, pixels: np.ndarray) -> Sequence[Face]:
        model = self._model(seen)
        with self._engine.admission():
            if model is self._engine.model:
                asked = self._engine.analyze([pixels], seen.looked_for)
                (found,) = asked.result(self._engine.settings.seconds)
            else:
                photo = seen.photo if isinstance(model, ExampleInsight) else pixels
                crops = model.prepare(photo, faces=seen.looked_for)
                (found,) = crops.by_photograph(model.read(model.score(crops), crops))
        if isinstance(found, PhotographError):
            raise found
        return found

    def _refused(self, seen: _Seen, error: Exception) -> _Shown:
        """Why a photograph was not understood, and how to go on."""
        if isinstance(error, PhotographError) and error.reason == "no map":
            others = [name for name in self._models.names if self._models.takes_sent(name)]
            told = (
                f"The model {seen.model} was trained on pictures with label maps beside them, and "
                "a photograph that is sent has none. "
            )
            if not others:
                return _failed(
                    f"{told}Choose an example, or start the server with --maps=parsed, and pyfacer "
                    "makes one."
                )
            offer = _offer(f"Go on with the model {others[0]}", replace(seen, model=others[0]))
            return _failed(f"{told}The model {others[0]} reads none.", [offer])
        offers = self._offers_whole(seen) if isinstance(error, WeightsError) else []
        return _failed(_told(error), offers)

    def _offers_whole(self, seen: _Seen) -> list[dict[str, Any]]:
        if seen.looked_for == "whole" or self._engine.model.settings.faces == "whole":
            return []
        return [_offer(_WHOLE, replace(seen, looked_for="whole"))]

    def _findings(self, seen: _Seen) -> tuple[str, str]:
        network = self._models(seen.model).network
        return (
            words(seen.face, len(seen.faces), network.vocabulary),
            bars(seen.face, network.vocabulary, network.lexicon),
        )

    def _choose(self, event: gr.EventData, visit: gr.Request) -> tuple[str, ...]:
        seen = self._seen.get(visit.session_hash)
        if seen is None or not 1 <= event.face <= len(seen.faces):
            return _sorry(_NOTHING_YET), "", "", ""
        seen = self._seen[visit.session_hash] = replace(seen, chosen=event.face)
        return *self._findings(seen), "", ""

    def _ask(self, question: str, visit: gr.Request) -> str:
        def answer(model: FaceInsight, seen: _Seen) -> str:
            limit: Any = {"max_time": self._engine.settings.seconds}
            told = model.ask(seen.photo, question, face=seen.chosen, faces=seen.looked_for, **limit)
            return f'{asked}<p class="fi-lead">{escape(told.text)}</p>'

        asked = f"<p><small>{escape(question.strip())}</small></p>" if question.strip() else ""
        return self._of_seen(answer, visit)

    def _explain(self, event: gr.EventData, visit: gr.Request) -> str:
        def explain(model: FaceInsight, seen: _Seen) -> str:
            how: Any = {"face": seen.chosen, "faces": seen.looked_for}
            return why(model.explain(seen.photo, event.id, **how))

        return self._of_seen(explain, visit)

    def _of_seen(self, tell: Callable[[FaceInsight, _Seen], str], visit: gr.Request) -> str:
        """What is to be told of the face that is looked at, one visitor after the other."""
        seen = self._seen.get(visit.session_hash)
        if seen is None or not seen.faces:
            return _sorry(_NOTHING_YET)
        try:
            model = self._model(seen)
            with self._engine.admission():
                told = self._engine.call(lambda: tell(model, seen))
                return told.result(2 * self._engine.settings.seconds)
        except Exception as error:
            return _sorry(_told(error))

    def _model(self, seen: _Seen) -> FaceInsight:
        """The model that is to look, as it looks at examples where the photograph is one."""
        model = self._models(seen.model)
        if any(seen.photo == example.file for example in self._examples):
            return ExampleInsight(model, self._examples)
        return model


def _largest(faces: Sequence[Face]) -> int:
    """Number of the largest face, the first of equal ones; 0 where there is none."""

    def area(face: Face) -> int:
        left, top, right, bottom = face.bbox
        return (right - left) * (bottom - top)

    return max(faces, key=area).number if faces else 0


def _html(value: str, classes: str, **options: Any) -> gr.HTML:
    options = {"js_on_load": None} | options
    return gr.HTML(value, elem_classes=["fi", *classes.split()], apply_default_css=False, **options)


def _status(
    text: str, error: bool = False, offers: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """What is told, and what is offered; no two are equal, so that the page hears of each."""
    return {"text": text, "error": error, "offers": list(offers), "turn": next(_TURNS)}


_TURNS = count()


def _failed(text: str, offers: Sequence[Mapping[str, Any]] = ()) -> _Shown:
    return _Shown(_status(text, True, offers))


def _offer(text: str, seen: _Seen) -> dict[str, Any]:
    """A button that looks at the photograph once more, as `_Page._again` hears of it."""
    return {"text": text, "model": seen.model, "whole": seen.looked_for == "whole"}


def _sorry(text: str) -> str:
    return f'<p class="fi-error">{escape(text)}</p>'


def _told(error: Exception) -> str:
    """One sentence on an error; what nobody foresaw goes into the log."""
    if isinstance(error, PhotographError) and error.reason == "no box":
        return _NO_REGIONS
    if isinstance(error, Full | Closed | TimeoutError):
        return _BUSY
    told = sentence(error)
    if told is None:
        _log.error("the page could not answer", exc_info=error)
        return _UNEXPECTED
    told = told.replace("photograph 1", "this photograph")
    return told[:1].upper() + told[1:]
