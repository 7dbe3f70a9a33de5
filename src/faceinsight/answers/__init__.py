"""Answers in words: written from labels, and read back into labels.

    lexicon = Lexicon.from_config(config, vocabulary)          # conf/*/characteristics.yml
    for question in questions(vocabulary, lexicon): ...
    answer = write_answer(question, labels, lexicon, seed=7)
    parsed = AnswerParser(vocabulary, lexicon).parse("She is young, no glasses.")

The words of characteristics stand in `conf/*/characteristics.yml`, those between them, and how far
a negation reaches, in `grammar.yml`. Pure Python: neither torch nor pandas is imported. The parser,
whose table takes a second to compile, is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faceinsight.answers.grounding import contradictions, misstated
    from faceinsight.answers.lexicon import Lexicon
    from faceinsight.answers.parser import AnswerParser, ParsedAnswer
    from faceinsight.answers.questions import Question
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
    "misstated",
    "write_answer",
]

_MODULE = {
    "Answer": "templates",
    "AnswerParser": "parser",
    "Lexicon": "lexicon",
    "LexiconSettings": "settings",
    "ParsedAnswer": "parser",
    "Question": "questions",
    "all_texts": "templates",
    "contradictions": "grounding",
    "misstated": "grounding",
    "write_answer": "templates",
}


def __getattr__(name: str) -> Any:
    """Import a name from its module when it is first used."""
    if name in _MODULE:
        return getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
