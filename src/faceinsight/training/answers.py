"""Templated answers beside a batch, so that a small model learns to speak.

They say what the model itself estimates, made consistent with the rules, and not what is annotated:
to speak is to word one's own estimates, and these exist of every characteristic of every face.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.questions import questions
from faceinsight.answers.writer import write_answer
from faceinsight.model import labels as readout
from faceinsight.model.conversation import NOT_LEARNT, collate_answers, reply_text

if TYPE_CHECKING:
    from faceinsight.model.modeling import FaceInsightModel

KINDS = {"describe": 0.4, "group": 0.2, "topic": 0.2, "yes_no": 0.2}
"""How often each kind of question is asked."""


@dataclass(frozen=True)
class Places:
    """Which faces these are among all that are asked about, by however many processes.

    What is asked of a face follows from its number among all of them, so that several processes
    ask what one would.

    Attributes:
        asked: number of faces that are asked about.
        own: their numbers, int [A]. One from `asked` on is not to be asked about: it is there for
            a process that has nothing to say, since all must compute alike.
    """

    asked: int
    own: np.ndarray

    @classmethod
    def of_rank(cls, asked: int, rank: int, world: int) -> Places:
        """Those of one of `world` processes, which take turns; at least one."""
        own = np.arange(rank, asked, world)
        return cls(asked, own if len(own) else np.array([asked]))


class AnswerWriter:
    """Asks questions about faces, and answers them from labels.

    The questions of an example follow each other as turns of one conversation, as LLaVA-1.5 joins
    them: the first is of any kind, the others are yes/no questions, short and about everything.

    Args:
        lexicon: the words for the vocabulary's characteristics.
        tokenizer: of the language model.
        turns: questions an example.
    """

    def __init__(self, lexicon: Lexicon, tokenizer: PreTrainedTokenizerBase, turns: int) -> None:
        self._lexicon = lexicon
        self._tokenizer = tokenizer
        self._turns = turns
        self._ids = lexicon.vocabulary.ids
        self._questions = questions(lexicon)
        kinds = np.array([question.kind for question in self._questions])
        self._of_kind = {kind: np.flatnonzero(kinds == kind) for kind in KINDS if kind in kinds}
        weights = np.array([KINDS[kind] for kind in self._of_kind])
        self._weights = weights / weights.sum()
        self._prompts = self._encode([q.text + reply_text(tokenizer) for q in self._questions])
        end = tokenizer.eos_token_id
        self._end = [] if end is None else [end]
        padding = tokenizer.pad_token_id
        self._padding = padding if padding is not None else end or 0

    def __call__(
        self,
        labels: np.ndarray,
        held: np.ndarray,
        rng: np.random.Generator,
        taught: np.ndarray | None = None,
        places: Places | None = None,
    ) -> dict[str, Tensor]:
        """Questions and answers for some faces.

        Args:
            labels: bool [A, K], which break no rule.
            held: bool [A, K], whether each is held more likely than not. A description speaks of
                those alone; who asks for the member of a group gets the likeliest.
            rng: decides what is asked, and how it is worded.
            taught: bool [K], what the model is taught at all; None stands for everything. Of the
                rest nothing is known.
            places: which faces these are; None stands for all that are asked about.

        Returns:
            `answer_ids` and `answer_labels` [A, L], as `FaceInsightModel` takes them.
        """
        places = places or Places.of_rank(len(labels), 0, 1)
        chosen = self._choose(places.asked, rng)
        seeds_of_all = rng.integers(0, 2**31, size=chosen.shape)
        turn = places.own % places.asked
        chosen, seeds = chosen[turn], seeds_of_all[turn].tolist()
        columns = np.arange(len(self._ids)) if taught is None else np.flatnonzero(taught)
        names = [self._ids[column] for column in columns]
        known = [dict(zip(names, row, strict=True)) for row in labels[:, columns].tolist()]
        surely = [self._surely(of, row) for of, row in zip(known, held.tolist(), strict=True)]
        written = [
            write_answer(
                question, of if question.kind == "group" else sure, self._lexicon, seed
            ).text
            for asked, of, sure, numbers in zip(chosen, known, surely, seeds, strict=True)
            for question, seed in zip((self._questions[i] for i in asked), numbers, strict=True)
        ]
        answers = [[*ids, *self._end] for ids in self._encode(written)]
        spoken = [answers[i : i + self._turns] for i in range(0, len(answers), self._turns)]
        conversations = [
            [(self._prompts[question], answer) for question, answer in zip(qs, said, strict=True)]
            for qs, said in zip(chosen, spoken, strict=True)
        ]
        ids, learnt = collate_answers(conversations, self._padding)
        learnt[torch.from_numpy(places.own >= places.asked)] = NOT_LEARNT
        return {"answer_ids": ids, "answer_labels": learnt}

    def _surely(self, labels: Mapping[str, bool], held: list[bool]) -> dict[str, bool]:
        """What is held more likely than not; of a group all or nothing."""
        sure = {id_ for id_, is_held in zip(self._ids, held, strict=True) if is_held}
        for members in self._lexicon.vocabulary.groups.values():
            if not sure.issuperset(members):
                sure.difference_update(members)
        return {id_: value for id_, value in labels.items() if id_ in sure}

    def _choose(self, faces: int, rng: np.random.Generator) -> np.ndarray:
        """Indices of questions, [A, turns]."""
        yes_no = self._of_kind["yes_no"]
        chosen = rng.choice(yes_no, (faces, self._turns))
        kinds = rng.choice(list(self._of_kind), faces, p=self._weights)
        chosen[:, 0] = [rng.choice(self._of_kind[kind]) for kind in kinds]
        return chosen

    def _encode(self, texts: list[str]) -> list[list[int]]:
        return self._tokenizer(texts, add_special_tokens=False).input_ids


class SpokenAnswers:
    """Adds questions and answers to a batch, from what the model estimates at this moment.

    Args:
        writer: writes them.
        share: of a batch, its first examples.
        start: share of the training after which questions are asked; before, there is little to
            say.
        seed: of what is asked.
    """

    def __init__(self, writer: AnswerWriter, share: float, start: float, seed: int) -> None:
        self.start = start
        self._writer = writer
        self._share = share
        self._seed = seed

    def add(
        self,
        model: FaceInsightModel,
        inputs: dict[str, Tensor],
        step: int,
        *,
        images: int | None = None,
        rank: int = 0,
        world: int = 1,
    ) -> dict[str, Tensor]:
        """The inputs with answers beside them.

        Args:
            model: in training mode, and left in it.
            inputs: of its forward pass.
            step: number of the update; it decides what is asked, so that a run that goes on asks
                what it would have asked.
            images: of the batch of all processes, of which each `world`-th is here.
            rank: number of the first of them, and of the process.
            world: number of processes.
        """
        photographs, maps = inputs["photographs"], inputs.get("maps")
        asked = math.ceil((images or len(photographs)) * self._share)
        places = Places.of_rank(asked, rank, world)
        n = len(places.own)
        model.eval()  # as it will answer; and statistics of a batch are not taken twice
        with torch.no_grad():
            logits = model(photographs[:n], None if maps is None else maps[:n]).logits
        model.train()
        estimated = logits.float().cpu().numpy()
        labels = readout.consistent_labels(model, estimated)
        rng = np.random.default_rng([self._seed, step, 0])
        held = labels == readout.answers(model, estimated)
        answers = self._writer(labels, held, rng, readout.taught(model), places)
        answers = {name: ids.to(photographs.device) for name, ids in answers.items()}
        return inputs | answers
