"""The project's own rules, configured and compiled."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.rules.compiler import RuleSet, compile_rules


@pytest.fixture(scope="session")
def rules_config(project_root: Path) -> dict[str, Any]:
    return yaml.safe_load((project_root / "conf/base/rules.yml").read_text("utf-8"))["rules"]


@pytest.fixture(scope="session")
def ruleset(rules_config: dict[str, Any], vocabulary: Vocabulary) -> RuleSet:
    return compile_rules(rules_config, vocabulary)
