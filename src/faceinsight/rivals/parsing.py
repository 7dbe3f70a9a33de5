"""The project's parser of answers in words, as a reader of rivals' answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from faceinsight.method.characteristics import Vocabulary
from faceinsight.rivals.questions import Question
from faceinsight.rivals.reading import Parser

if TYPE_CHECKING:
    from faceinsight.answers.parser import ParsedAnswer
    from faceinsight.answers.questions import Kind

_KINDS: dict[str, Kind] = {"each": "yes_no", "choice": "group", "list": "topic"}


def sentence_parser(vocabulary: Vocabulary, lexicon: Mapping[str, Any] | None) -> Parser | None:
    """A parser of sentences.

    Args:
        vocabulary: the characteristics.
        lexicon: their words, `answers` of the configuration.

    Returns:
        None without a lexicon: then only answers in the form of their question are read.
    """
    return None if lexicon is None else _Sentences(vocabulary, lexicon)


class _Sentences:
    """Tells `faceinsight.answers` what was asked, in its terms."""

    def __init__(self, vocabulary: Vocabulary, lexicon: Mapping[str, Any]) -> None:
        from faceinsight.answers.lexicon import Lexicon
        from faceinsight.answers.parser import AnswerParser

        self._parser = AnswerParser(Lexicon.from_config(lexicon, vocabulary))

    def parse(self, text: str, question: Question) -> ParsedAnswer:
        from faceinsight.answers.questions import Question as Asked

        asked = Asked(question.text, question.members, _KINDS[question.kind])
        options = None
        if question.kind == "choice":
            options = dict(zip(question.options, question.words, strict=True))
        return self._parser.parse(text, asked, options)
