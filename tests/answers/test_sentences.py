"""The parser on hand-written sentences: it finds all that they say, and nothing else."""

from pathlib import Path

import pytest
import yaml

from faceinsight.answers.parser import AnswerParser
from faceinsight.method.characteristics import Vocabulary
from tests.answers.sentences import Sentence, read_sentences

_TABLES = ("sentences.yml", "held_out.yml")
_VOCABULARY = Vocabulary.from_config(
    yaml.safe_load((Path(__file__).parents[2] / "conf/base/characteristics.yml").read_text())[
        "vocabulary"
    ]
)


@pytest.mark.parametrize(
    "sentence", [s for name in _TABLES for s in read_sentences(name, _VOCABULARY)], ids=str
)
def test_says_what_was_written_down_for_it(sentence: Sentence, parser: AnswerParser):
    parsed = parser.parse(sentence.text, sentence.question, sentence.options)
    assert parsed.labels == sentence.labels
    assert set(parsed.contradictions) == sentence.contradictions
    assert parsed.refused == sentence.refused
    assert set(parsed.evidence) == set(parsed.labels) | set(parsed.contradictions)
