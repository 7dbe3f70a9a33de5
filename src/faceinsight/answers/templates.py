"""Answers written from labels: grammatical, varied by a seed, and worded as appearance.

Labels are annotations of how somebody looks, and no facts, so every sentence says that something
appears to be so. All words are prepared once for a lexicon; writing an answer takes tens of
microseconds, since each training example needs one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from weakref import WeakKeyDictionary

from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.phrasing import Dice, capitalised
from faceinsight.answers.questions import Question, questions
from faceinsight.answers.writer import FIXED_TEXTS, MOST_WORDS, UNKNOWN, Answer, Writer
from faceinsight.method.characteristics import Vocabulary

__all__ = ["MOST_WORDS", "UNKNOWN", "Answer", "all_texts", "write_answer"]

_writers: WeakKeyDictionary[Lexicon, Writer] = WeakKeyDictionary()


def write_answer(
    question: Question, labels: Mapping[str, bool], lexicon: Lexicon, seed: int
) -> Answer:
    """Answer a question from labels.

    Args:
        question: one of `questions(lexicon.vocabulary, lexicon)`.
        labels: id to present (True) or absent; what is unknown is left out, and not spoken of.
        lexicon: the words.
        seed: the same seed gives the same answer.

    Returns:
        The answer; where nothing is known that the question asks for, it is "I cannot tell." and
        about nothing.
    """
    writer = _writers.get(lexicon)
    if writer is None:
        writer = _writers.setdefault(lexicon, Writer(lexicon))
    return writer.write(question, labels, Dice(seed))


def all_texts(vocabulary: Vocabulary, lexicon: Lexicon) -> Iterator[str]:
    """Texts that hold every word of every question and answer, for a tokenizer of whole words."""
    for question in questions(vocabulary, lexicon):
        yield question.text
    yield from FIXED_TEXTS
    for entry in lexicon.entries.values():
        yield f"The {entry.subject}. This {entry.subject}."
        for wording in (*entry.say, *entry.deny):
            yield wording.infinitive
            for rest in wording.of_gender:
                yield f"{wording.verb} {rest}"
                yield capitalised(rest)
