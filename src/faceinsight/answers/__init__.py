"""Answers in words: written from labels, and read back into labels.

    lexicon = Lexicon.from_config(config, vocabulary)          # conf/*/characteristics.yml
    for question in questions(vocabulary, lexicon): ...
    answer = write_answer(question, labels, lexicon, seed=7)
    parsed = AnswerParser(vocabulary, lexicon).parse("She is young, no glasses.")

The words of characteristics stand in `conf/*/characteristics.yml`, those between them, and how far
a negation reaches, in `grammar.yml`. Pure Python: neither torch nor pandas is imported. The parser,
whose table takes a second to compile, is imported when it is first used.
"""

from typing import TYPE_CHECKING

from faceinsight.common.lazy import lazy

if TYPE_CHECKING:
    from faceinsight.answers.ages import years_of
    from faceinsight.answers.choices import Options
    from faceinsight.answers.grounding import contradictions, misstated, on_topic, stated, unfounded
    from faceinsight.answers.labels import CAUTION, label_words, labels_of, present_in, summary_text
    from faceinsight.answers.lexicon import Lexicon
    from faceinsight.answers.parser import AnswerParser, ParsedAnswer
    from faceinsight.answers.questions import Kind, Question
    from faceinsight.answers.replies import corrections, spoken
    from faceinsight.answers.settings import LexiconSettings, words_of
    from faceinsight.answers.templates import UNKNOWN, Answer, all_texts, write_answer
    from faceinsight.answers.topics import (
        NOT_UNDERSTOOD,
        UNTELLABLE,
        beyond,
        cannot_be_told,
        recognise_questions,
        tellable,
    )

__all__ = [
    "CAUTION",
    "NOT_UNDERSTOOD",
    "UNKNOWN",
    "UNTELLABLE",
    "Answer",
    "AnswerParser",
    "Kind",
    "Lexicon",
    "LexiconSettings",
    "Options",
    "ParsedAnswer",
    "Question",
    "all_texts",
    "beyond",
    "cannot_be_told",
    "contradictions",
    "corrections",
    "label_words",
    "labels_of",
    "misstated",
    "on_topic",
    "present_in",
    "recognise_questions",
    "spoken",
    "stated",
    "summary_text",
    "tellable",
    "unfounded",
    "words_of",
    "write_answer",
    "years_of",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "Answer": "faceinsight.answers.templates",
        "AnswerParser": "faceinsight.answers.parser",
        "CAUTION": "faceinsight.answers.labels",
        "Kind": "faceinsight.answers.questions",
        "Lexicon": "faceinsight.answers.lexicon",
        "LexiconSettings": "faceinsight.answers.settings",
        "NOT_UNDERSTOOD": "faceinsight.answers.topics",
        "Options": "faceinsight.answers.choices",
        "ParsedAnswer": "faceinsight.answers.parser",
        "Question": "faceinsight.answers.questions",
        "UNKNOWN": "faceinsight.answers.templates",
        "UNTELLABLE": "faceinsight.answers.topics",
        "all_texts": "faceinsight.answers.templates",
        "beyond": "faceinsight.answers.topics",
        "cannot_be_told": "faceinsight.answers.topics",
        "contradictions": "faceinsight.answers.grounding",
        "corrections": "faceinsight.answers.replies",
        "label_words": "faceinsight.answers.labels",
        "labels_of": "faceinsight.answers.labels",
        "misstated": "faceinsight.answers.grounding",
        "on_topic": "faceinsight.answers.grounding",
        "present_in": "faceinsight.answers.labels",
        "recognise_questions": "faceinsight.answers.topics",
        "spoken": "faceinsight.answers.replies",
        "stated": "faceinsight.answers.grounding",
        "summary_text": "faceinsight.answers.labels",
        "tellable": "faceinsight.answers.topics",
        "unfounded": "faceinsight.answers.grounding",
        "words_of": "faceinsight.answers.settings",
        "write_answer": "faceinsight.answers.templates",
        "years_of": "faceinsight.answers.ages",
    },
)
