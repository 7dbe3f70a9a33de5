"""A question about a face in somebody's photograph, answered in words by a trained model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from faceinsight.answers import AnswerParser, Question, contradictions, misstated, questions
from faceinsight.answers.grounding import on_topic, unfounded
from faceinsight.answers.labels import label_words
from faceinsight.answers.recognition import recognise_question
from faceinsight.common.paths import at_home
from faceinsight.data.geometry import Box
from faceinsight.errors import ParameterError, PhotographError
from faceinsight.inference.faces import FaceReader, FoundFace, Photograph, crop_settings
from faceinsight.inference.folder import read_photograph
from faceinsight.inference.prediction import open_model
from faceinsight.inference.settings import PhotoSettings
from faceinsight.model.decoding import known_labels, lexicon_of

if TYPE_CHECKING:
    import torch

    from faceinsight.model.modeling import FaceInsightModel

Way = Literal["grounded", "direct"]

MOST_TOKENS = 60
"""Tokens of an answer, if nobody says otherwise."""


@dataclass(frozen=True)
class PhotoAnswer:
    """What a model says about a face.

    Attributes:
        text: the answer.
        way: "grounded" (the language model's words for the labels), "direct" (its words for the
            picture), or "template" (written from the labels, since the language model is not
            pretrained, or found no words that hold).
        asked: the question as it was put to the model.
        face: number of the face, from left to right.
        box: of the face, in pixels of the photograph; the whole photograph where none was sought.
        faces: how many were found.
        labels: every label of the face that the model was taught; together they break no rule.
        said: labels that the answer states.
        contradictions: ids of which the answer says something else than `labels`, of a group those
            that it is wrong to name; none but for direct answers.
        reason: what is to be known of how the words came about; may be empty.
    """

    text: str
    way: Literal["grounded", "direct", "template"]
    asked: str
    face: int
    box: Box
    faces: int
    labels: dict[str, bool]
    said: dict[str, bool]
    contradictions: tuple[str, ...]
    reason: str = ""


def answer_question(
    model_folder: Path | str,
    file: Path | str,
    question: str | None = None,
    *,
    way: Way = "grounded",
    face: int | None = None,
    settings: PhotoSettings | None = None,
    **generate: Any,
) -> PhotoAnswer:
    """Answer a question about a face in a photograph.

    Args:
        model_folder: a saved model; brings its vocabulary, its rules and its words.
        file: the photograph.
        question: in anybody's words; None asks for a description.
        way: "grounded" or "direct", see `PhotoAnswer`.
        face: number of the face, from left to right; None takes the largest.
        settings: how faces are found; every face that is detected by default.
        generate: options of `transformers.GenerationMixin.generate`; `max_new_tokens` is
            `MOST_TOKENS` if not given.

    Raises:
        PhotographError: the file is missing, is none that can be read, or shows no face.
        ParameterError: there is no such face, or no such way; or a direct answer is asked of a
            model that was not taught to give any.
        WeightsError: something of the model is missing.
    """
    if way not in get_args(Way):
        raise ParameterError(f"way: there is no '{way}' answer; there are {get_args(Way)}")
    settings = settings or PhotoSettings()
    path = Path(at_home(file)).absolute()
    if not path.exists():
        raise PhotographError("missing", f"there is no file {path}; name a photograph")
    # What is wrong with the file is told before weights are read.
    read_photograph(path.parent, path.name, settings.max_pixels)
    model, device = open_model(Path(model_folder), settings.device, "predict.device")
    if way == "direct" and not model.config.answer_weight:
        raise ParameterError(
            f"{model_folder} was not taught to answer from pictures (model.answer_weight was 0): "
            "ask for its labels in words, without --direct"
        )
    crops = crop_settings(model.config, settings, str(device))
    reader = FaceReader(path.parent, crops, settings)
    (photograph,) = reader.cut([path.name])
    if photograph.error is not None:
        raise photograph.error
    chosen = _choose(photograph, face)
    reader.parse([chosen])
    asking = _Asking(model, question)
    inputs = _inputs(model, chosen, device)
    generate = {"max_new_tokens": MOST_TOKENS} | generate
    made = (asking.ground if way == "grounded" else asking.answer)(inputs, generate)
    height, width = photograph.size
    box = chosen.box or (0, 0, width, height)
    return PhotoAnswer(**made, face=chosen.at, box=box, faces=len(photograph.faces))


def _choose(photograph: Photograph, number: int | None) -> FoundFace:
    """The face of that number, or the largest, the first of equal ones."""
    faces = photograph.faces
    if number is None:
        return max(faces, key=lambda face: _area(face.box))
    for face in faces:
        if face.at == number:
            return face
    there = "is 1 face" if len(faces) == 1 else f"are {len(faces)} faces, from left to right"
    raise ParameterError(f"face: there is no face {number} in {photograph.name}; there {there}")


def _area(box: Box | None) -> int:
    return 0 if box is None else (box[2] - box[0]) * (box[3] - box[1])


def _inputs(
    model: FaceInsightModel, face: FoundFace, device: torch.device
) -> dict[str, torch.Tensor | None]:
    import torch

    arrays = {"photographs": face.crop}
    arrays["maps"] = face.label_map if model.config.segmentation else None
    return {
        name: None if array is None else torch.from_numpy(np.stack([array])).to(device)
        for name, array in arrays.items()
    }


class _Asking:
    """A question on its way to a model, in both ways."""

    def __init__(self, model: FaceInsightModel, text: str | None) -> None:
        from faceinsight.model.grounded import put_question

        self._model = model
        self._lexicon = lexicon = lexicon_of(model)
        self._parser = AnswerParser(model.vocabulary, lexicon)
        if text is None or not text.strip():
            self._question: Question | None = questions(model.vocabulary, lexicon)[0]
            text = self._question.text
        else:
            self._question = recognise_question(text, lexicon, self._parser)
        self._asked = put_question(model, text.strip(), self._question, lexicon)

    def ground(self, inputs: dict[str, Any], generate: dict[str, Any]) -> dict[str, Any]:
        """Fields of a grounded `PhotoAnswer`."""
        import torch

        from faceinsight.model.grounded import answer_from_labels

        with torch.inference_mode():
            labels = self._labels(self._model(**inputs).logits)
        made = answer_from_labels(
            self._model,
            labels,
            self._asked,
            self._question,
            self._lexicon,
            self._parser,
            **generate,
        )
        reason = made.reason and f"what the language model wrote {made.reason}"
        return self._fields(made.text, labels) | {"way": made.way, "reason": reason}

    def answer(self, inputs: dict[str, Any], generate: dict[str, Any]) -> dict[str, Any]:
        """Fields of a direct `PhotoAnswer`."""
        from faceinsight.model.generation import answer_from_picture

        model = self._model
        (text,), logits = answer_from_picture(
            model, inputs["photographs"], inputs["maps"], self._asked, **generate
        )
        labels = self._labels(logits)
        made = self._fields(text, labels) | {"way": "direct"}
        if loose := unfounded(text, self._question, labels, self._parser):
            of = ", ".join(dict.fromkeys(map(label_words, loose)))
            made["reason"] = f"it was taught nothing of: {of}"
        elif not (made["contradictions"] or on_topic(made["said"], self._question)):
            made["reason"] = "they say nothing of what was asked"
        return made

    def _labels(self, logits: torch.Tensor) -> dict[str, bool]:
        return known_labels(self._model, logits.float().cpu().numpy())[0]

    def _fields(self, text: str, labels: dict[str, bool]) -> dict[str, Any]:
        against = contradictions(text, labels, self._parser, self._question)
        return {
            "text": text,
            "asked": self._asked,
            "labels": labels,
            "said": self._parser.parse(text, self._question).labels,
            "contradictions": misstated(against, labels, self._model.vocabulary.groups),
        }
