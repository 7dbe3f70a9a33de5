"""Do answers in words agree with the probabilities of the same model?

A direct answer comes from the sequence of Eq. 2 as the probabilities do, and nothing holds its
words to them. Test faces are asked questions, the answers are read back into labels, and these are
compared with P >= 0.5 of the very pass that the answer came from, and with the decoded labels; of a
coherent model both times with the labels that it hands out.
Grounded answers agree with the decoded labels by construction; here it is counted, with how often
a template speaks in place of the language model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from faceinsight.answers.grounding import on_topic, stated, unfounded
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question, questions
from faceinsight.data.store import StoredCrops
from faceinsight.evaluation.settings import AnswersSettings
from faceinsight.model.labels import answers, consistent_labels, known_labels, lexicon_of, taught

if TYPE_CHECKING:
    import torch

    from faceinsight.inference.faceinsight import FaceInsight
    from faceinsight.model.modeling import FaceInsightModel

KINDS = ("describe", "group", "topic", "yes_no")


def measure_agreement(
    model: FaceInsight,
    crops: Mapping[str, Path],
    settings: AnswersSettings,
    *,
    split: str = "test",
) -> dict[str, Any]:
    """Ask test faces questions, and compare the answers with what the model estimates.

    Args:
        model: is asked.
        crops: data set name to its folder of crops.
        settings: how many faces and questions.
        split: whose faces are asked.

    Returns:
        Empty where the model was not taught to answer, and where there is no face. Else `faces`;
        `direct`: `answers`, `silent` (share of them that state nothing that can be read),
        `on_topic` (share of the answers to particular questions that speak of what was asked; a
        description may speak of anything), `statements` (of one characteristic each, or of the
        member of a group),
        `agree_with_probabilities` and `agree_with_labels` (shares of them), and the same by `kinds`
        of question; `grounded`: `answers`, `contradictions` (of decoded labels), `templates` (share
        of the answers that a template wrote).
    """
    network = model.network
    if not network.config.answer_weight:
        return {}
    batches = _sampled(network, crops, split, settings)
    if not batches:
        return {}
    asker = Asker(network, settings)
    for batch in batches:
        moved = {name: values.to(network.device) for name, values in batch.items()}
        with model.alone:
            asker.ask(moved["photographs"], moved.get("maps"))
    return asker.result()


class Asker:
    """Asks a model questions, batch by batch, and counts.

    Args:
        model: in evaluation mode.
        settings: how many questions.
    """

    def __init__(self, model: FaceInsightModel, settings: AnswersSettings) -> None:
        self._model = model
        self._lexicon = lexicon = lexicon_of(model)
        self._settings = settings
        self._parser = AnswerParser(lexicon)
        self._questions = questions(lexicon)
        self._rng = np.random.default_rng(settings.seed)
        self._taught = {*compress(model.vocabulary.ids, taught(model))}
        self._faces = 0
        self._direct: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
        self._grounded: Counter[str] = Counter()

    def ask(self, photographs: torch.Tensor, maps: torch.Tensor | None) -> None:
        """Ask all faces of a batch the same questions: photographs [B, S, S, 3], maps [B, S, S]."""
        from faceinsight.model.generation import answer_from_picture

        self._faces += len(photographs)
        for question in self._chosen():
            texts, logits = answer_from_picture(
                self._model,
                photographs,
                maps,
                question.text,
                max_new_tokens=self._settings.max_new_tokens,
            )
            scores = logits.float().cpu().numpy()
            decoded = consistent_labels(self._model, scores)
            self._compare(question, texts, answers(self._model, scores), decoded)
            for labels in known_labels(self._model, scores[: self._settings.grounded]):
                self._ground(question, labels)

    def result(self) -> dict[str, Any]:
        """See `measure_agreement`."""
        total = sum(self._direct.values(), Counter())
        kinds = {kind: _shares(of) for kind, of in self._direct.items() if of["answers"]}
        grounded = self._grounded
        return {
            "faces": self._faces,
            "direct": _shares(total) | {"kinds": kinds},
            "grounded": {
                "answers": grounded["answers"],
                "contradictions": grounded["contradictions"],
                "templates": _share(grounded["templates"], grounded["answers"]),
            },
        }

    def _chosen(self) -> list[Question]:
        """The request for a description, and some of the others: of each kind in turn."""
        chosen = [self._questions[0]]
        others = [self._questions[i] for i in 1 + self._rng.permutation(len(self._questions) - 1)]
        while others and len(chosen) <= self._settings.questions:
            for kind in KINDS:
                of_kind = [q for q in others if q.kind == kind]
                if of_kind and len(chosen) <= self._settings.questions:
                    chosen.append(of_kind[0])
                    others.remove(of_kind[0])
        return chosen

    def _compare(
        self,
        question: Question,
        texts: Sequence[str],
        probable: np.ndarray,
        decoded: np.ndarray,
    ) -> None:
        """Count what answers state; probable and decoded labels are bool [B, K]."""
        index = self._model.vocabulary.index
        count = self._direct[question.kind]
        for text, by_probability, by_rules in zip(texts, probable, decoded, strict=True):
            read = self._parser.parse(text, question)
            said = stated(read.labels, self._model.vocabulary.groups)
            said = {id_: value for id_, value in said.items() if id_ in self._taught}
            # What a text both claims and denies, or was never taught, agrees with nothing.
            wrong = [*read.contradictions, *unfounded(text, question, self._taught, self._parser)]
            count["answers"] += 1
            count["silent"] += not said and not wrong
            if question.kind != "describe":
                count["particular"] += 1
                count["on_topic"] += on_topic({*read.labels, *read.contradictions}, question)
            count["statements"] += len(said) + len(wrong)
            for id_, value in said.items():
                count["as_probable"] += bool(by_probability[index[id_]] == value)
                count["as_decoded"] += bool(by_rules[index[id_]] == value)

    def _ground(self, question: Question, labels: dict[str, bool]) -> None:
        from faceinsight.model.grounded import answer_from_labels

        answer = answer_from_labels(
            self._model,
            labels,
            question,
            self._lexicon,
            self._parser,
            max_new_tokens=self._settings.max_new_tokens,
        )
        self._grounded["answers"] += 1
        self._grounded["templates"] += answer.way == "template"
        wrong = self._parser.contradicted(answer.text, labels, question)
        self._grounded["contradictions"] += len(wrong)


def _sampled(
    model: FaceInsightModel, crops: Mapping[str, Path], split: str, settings: AnswersSettings
) -> list[dict[str, torch.Tensor]]:
    """A batch of faces of each data set that has any."""
    from faceinsight.data.dataset import FaceDataset

    rng = np.random.default_rng(settings.seed)
    batches = []
    for name, folder in crops.items():
        opened = {name: StoredCrops.open(Path(folder))}
        faces = FaceDataset(opened, model.vocabulary, split, model.config.segmentation)
        if len(faces):
            rows = rng.permutation(len(faces))[: settings.faces]
            batches.append(faces.__getitems__(sorted(rows.tolist())))
    return batches


def _shares(count: Counter[str]) -> dict[str, float | int | None]:
    """Counts, and shares of them; None where there is nothing to have a share of."""
    return {
        "answers": count["answers"],
        "silent": _share(count["silent"], count["answers"]),
        "on_topic": _share(count["on_topic"], count["particular"]),
        "statements": count["statements"],
        "agree_with_probabilities": _share(count["as_probable"], count["statements"]),
        "agree_with_labels": _share(count["as_decoded"], count["statements"]),
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
