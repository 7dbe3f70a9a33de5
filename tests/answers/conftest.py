"""The project's own lexicon, and a parser that reads with it."""

from pathlib import Path

import pytest
import yaml

from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.rules.compiler import RuleSet, compile_rules


@pytest.fixture(scope="session")
def ruleset(project_root: Path, vocabulary: Vocabulary) -> RuleSet:
    rules = yaml.safe_load((project_root / "conf/base/rules.yml").read_text("utf-8"))["rules"]
    return compile_rules(rules, vocabulary)
