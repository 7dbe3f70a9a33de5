"""Answers in words: written from labels, and read back into labels.

    lexicon = Lexicon.from_config(config, vocabulary)          # conf/*/characteristics.yml
    for question in questions(vocabulary, lexicon): ...
    answer = write_answer(question, labels, lexicon, seed=7)
    parsed = AnswerParser(vocabulary, lexicon).parse("She is young, no glasses.")

The words of characteristics stand in `conf/*/characteristics.yml`, those between them, and how far
a negation reaches, in `grammar.yml`. Pure Python: neither torch nor pandas is imported.
"""

from faceinsight.answers.grounding import contradictions, grounding, misstated
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser, ParsedAnswer
from faceinsight.answers.questions import Question, questions
from faceinsight.answers.settings import LexiconSettings
from faceinsight.answers.templates import Answer, all_texts, write_answer

__all__ = [
    "Answer",
    "AnswerParser",
    "Lexicon",
    "LexiconSettings",
    "ParsedAnswer",
    "Question",
    "all_texts",
    "contradictions",
    "grounding",
    "misstated",
    "questions",
    "write_answer",
]
