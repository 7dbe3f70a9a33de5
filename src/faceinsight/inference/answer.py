"""A question about a face in a photograph, answered in words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from faceinsight.answers.grounding import misstated, on_topic, unfounded
from faceinsight.answers.labels import label_words
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question, questions
from faceinsight.answers.recognition import (
    NOT_UNDERSTOOD,
    UNTELLABLE,
    beyond,
    cannot_be_told,
    not_understood,
    recognise_questions,
    tellable,
    without_color,
)
from faceinsight.answers.writer import write_answer
from faceinsight.data.geometry import Box
from faceinsight.errors import ParameterError, PhotographError
from faceinsight.inference.cropper import Crops
from faceinsight.inference.photograph import Photo
from faceinsight.inference.settings import Faces
from faceinsight.inference.table import no_face
from faceinsight.model.labels import handed_out, known_labels, lexicon_of

if TYPE_CHECKING:
    import torch

    from faceinsight.inference.faceinsight import FaceInsight
    from faceinsight.model.modeling import FaceInsightModel

Way = Literal["grounded", "direct"]

MOST_TOKENS = 60
"""Tokens of an answer, if nobody says otherwise."""

DECLINED = (
    "What is asked for is sensitive, and handed out only to whoever asks for it: --sensitive on "
    "the command line, sensitive=True in Python."
)
"""The answer to a question about race and the like that nobody has allowed."""


@dataclass(frozen=True)
class PhotoAnswer:
    """What a model says about a face.

    Attributes:
        text: the answer.
        way: "grounded" (the language model's words for the labels, every sentence), "direct" (its
            words for the picture), "template" (written from the labels, since the language model is
            not pretrained, or found no words that hold), or "declined" (what is sensitive was asked
            for, or named, and is not handed out).
        asked: the question as it was put to the model; of a grounded answer the known question
            that it is understood as.
        face: number of the face, from left to right.
        box: of the face, in pixels of the photograph; the whole photograph where none was sought.
        faces: how many were found.
        labels: every label of the face that the model was taught, sensitive ones only if they may
            be spoken of; together they break no rule.
        said: labels that the answer states.
        contradictions: ids of which the answer says something else than `labels`, of a group those
            that it is wrong to name; none but for direct answers.
        reason: what is to be known of how the words came about; may be empty.
        caution: why what is said means nothing; None where there is no such reason.
    """

    text: str
    way: Literal["grounded", "direct", "template", "declined"]
    asked: str
    face: int
    box: Box
    faces: int
    labels: dict[str, bool]
    said: dict[str, bool]
    contradictions: tuple[str, ...]
    reason: str = ""
    caution: str | None = None

    def __str__(self) -> str:
        return self.text


def answer_question(
    model: FaceInsight,
    photo: Photo,
    question: str | None = None,
    *,
    way: Way = "grounded",
    face: int | None = None,
    faces: Faces | None = None,
    sensitive: bool = False,
    **generate: Any,
) -> PhotoAnswer:
    """Answer a question about a face in a photograph.

    Args:
        model: brings its vocabulary, its rules and its words.
        photo: one photograph.
        question: in anybody's words; None asks for a description.
        way: "grounded" or "direct", see `PhotoAnswer`.
        face: number of the face, from left to right; None takes the largest.
        faces: which faces are looked for; None as in the model's settings.
        sensitive: whether race and the like may be spoken of.
        generate: options of `transformers.GenerationMixin.generate`; `max_new_tokens` is
            `MOST_TOKENS` if not given.

    Raises:
        PhotographError: the photograph cannot be used, or shows no face.
        ParameterError: there is no such face, or no such way; or a direct answer is asked of a
            model that was not taught to give any.
        WeightsError: something of the model is missing.
    """
    if way not in get_args(Way):
        raise ParameterError(f"way: there is no '{way}' answer; there are {get_args(Way)}")
    if way == "direct" and not model.network.config.answer_weight:
        raise ParameterError(
            f"{model.source or 'the model'} was not taught to answer from pictures "
            "(model.answer_weight was 0): ask for its labels in words, without --direct"
        )
    crops = model.prepare(photo, faces=faces)
    row = choose_face(model, crops, face)
    asking = _Asking(model.network, question, sensitive)
    generate = {"max_new_tokens": MOST_TOKENS} | generate
    with model.alone:
        inputs = model.tensors(crops, slice(row, row + 1))
        made = (asking.ground if way == "grounded" else asking.answer)(inputs, generate)
    left, top, right, bottom = crops.boxes[row].tolist()
    return PhotoAnswer(
        **made,
        face=int(crops.numbers[row]),
        box=(left, top, right, bottom),
        faces=len(crops),
        caution=crops.caution(row) if model.drawn_alone else None,
    )


def choose_face(model: FaceInsight, crops: Crops, number: int | None) -> int:
    """Row of the face of that number in one photograph; None means the largest, the first of equal.

    Raises:
        PhotographError: the photograph cannot be used, or shows no face.
        ParameterError: there is no such face.
    """
    if crops.errors:
        raise crops.errors[0]
    if not len(crops):
        told = no_face(crops.names[0], model.settings, model.cropper.face_from)
        raise PhotographError("no face found", told)
    if number is None:
        return crops.largest()
    if number in crops.numbers:
        return number - 1
    there = "is 1 face" if len(crops) == 1 else f"are {len(crops)} faces, from left to right"
    name = Path(crops.names[0]).name
    raise ParameterError(f"face: there is no face {number} in {name}; there {there}")


class _Asking:
    """A question on its way to a model, in both ways."""

    def __init__(self, model: FaceInsightModel, text: str | None, sensitive: bool) -> None:
        from faceinsight.model.grounded import put_question

        self._model = model
        vocabulary = model.vocabulary
        self._said = set(compress(vocabulary.ids, handed_out(model, sensitive)))
        self._withheld = set() if sensitive else set(vocabulary.sensitive)
        self._lexicon = lexicon = lexicon_of(model)
        self._parser = AnswerParser(lexicon)
        self._several: tuple[Question, ...] = ()
        self._understood = self._told = True
        self._partly = False
        self._beyond: tuple[str, ...] = ()
        self._left: tuple[str, ...] = ()
        self._text = ""
        if text is None or not text.strip():
            self._question: Question | None = questions(lexicon)[0]
            text = self._question.text
        else:
            telling = tellable(text, self._parser)
            self._several = recognise_questions(telling, self._parser)
            self._partly = telling != text and bool(self._several)
            self._question = next(iter(self._several), None)
            if self._several:
                self._beyond = beyond(telling, self._parser)
                self._left = not_understood(telling, self._parser)
            self._text = telling
            self._understood = self._question is not None or not lexicon.entries
            self._told = self._partly or not cannot_be_told(text, self._parser)
            text = telling if self._partly else text
            if len(self._several) > 1:
                about = dict.fromkeys(id_ for one in self._several for id_ in one.about)
                self._question = Question(text, tuple(about), "describe")
        self._asked = put_question(model, text.strip(), self._question, lexicon)

    def ground(self, inputs: dict[str, Any], generate: dict[str, Any]) -> dict[str, Any]:
        """Fields of a grounded `PhotoAnswer`, which says as well what it cannot tell."""
        made = self._grounded(inputs, generate)
        texts = [made["text"]]
        if self._beyond and made["way"] != "declined":
            texts.append(f"The labels say nothing of: {', '.join(self._beyond)}.")
        uncolored = without_color(self._text, made["labels"], self._parser)
        if uncolored and made["way"] != "declined":
            texts.append(f"The labels name no colour of: {', '.join(uncolored)}.")
        texts += [f"I do not understand “{question}”." for question in self._left]
        if self._partly:
            texts.append(UNTELLABLE)
        return made | {"text": " ".join(texts)}

    def _grounded(self, inputs: dict[str, Any], generate: dict[str, Any]) -> dict[str, Any]:
        import torch

        from faceinsight.model.grounded import answer_from_labels

        with torch.inference_mode():
            labels = self._labels(self._model(**inputs).logits)
        if self._is_sensitive():
            return self._declined(labels)
        if not self._told:
            return self._declined(labels) | {"text": UNTELLABLE}
        if len(self._several) > 1:
            return self._each(labels)
        made = answer_from_labels(
            self._model, labels, self._question, self._lexicon, self._parser, **generate
        )
        grounded = made.way == "grounded"
        what = "a sentence was left out that" if grounded else "what the language model wrote"
        text = made.text if self._understood else f"{NOT_UNDERSTOOD} {made.text}"
        known = self._question or questions(self._lexicon)[0]
        return self._fields(made.text, labels) | {
            "text": text,
            "asked": known.text,
            "way": made.way,
            "reason": made.reason and f"{what} {made.reason}",
        }

    def _each(self, labels: dict[str, bool]) -> dict[str, Any]:
        """Several topics in one question: a sentence for each, from the labels."""
        texts = [
            DECLINED
            if self._withheld.issuperset(one.about)
            else write_answer(one, labels, self._lexicon, 0).text
            for one in self._several
        ]
        return self._fields(" ".join(texts), labels) | {"way": "template", "reason": ""}

    def answer(self, inputs: dict[str, Any], generate: dict[str, Any]) -> dict[str, Any]:
        """Fields of a direct `PhotoAnswer`."""
        from faceinsight.model.generation import answer_from_picture

        model = self._model
        (text,), logits = answer_from_picture(
            model, inputs["photographs"], inputs.get("maps"), self._asked, **generate
        )
        labels = self._labels(logits)
        parsed = self._parser.parse(text, self._question)
        if self._is_sensitive() or self._withheld & {*parsed.labels, *parsed.contradictions}:
            return self._declined(labels)
        made = self._fields(text, labels) | {"way": "direct"}
        if loose := unfounded(text, self._question, labels, self._parser):
            of = ", ".join(dict.fromkeys(map(label_words, loose)))
            made["reason"] = f"it was taught nothing of: {of}"
        elif not (made["contradictions"] or on_topic(made["said"], self._question)):
            made["reason"] = "they say nothing of what was asked"
        return made

    def _labels(self, logits: torch.Tensor) -> dict[str, bool]:
        (labels,) = known_labels(self._model, logits.float().cpu().numpy())
        return {id_: value for id_, value in labels.items() if id_ in self._said}

    def _is_sensitive(self) -> bool:
        return self._question is not None and self._withheld.issuperset(self._question.about)

    def _declined(self, labels: dict[str, bool]) -> dict[str, Any]:
        made = {"text": DECLINED, "way": "declined", "asked": self._asked, "labels": labels}
        return made | {"said": {}, "contradictions": ()}

    def _fields(self, text: str, labels: dict[str, bool]) -> dict[str, Any]:
        against = self._parser.contradicted(text, labels, self._question)
        return {
            "text": text,
            "asked": self._asked,
            "labels": labels,
            "said": self._parser.parse(text, self._question).labels,
            "contradictions": misstated(against, labels, self._model.vocabulary.groups),
        }
