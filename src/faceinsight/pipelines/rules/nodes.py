"""Nodes: rules as people write them to arrays, proofs, and counts on the labels."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from faceinsight.method.characteristics import Vocabulary, VocabularyConfig

if TYPE_CHECKING:
    from pandas import DataFrame

    from faceinsight.method.rules.compiler import RuleSet
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = RuleSet = Any


def compile_rules(
    rules: dict[str, Any], vocabulary: Vocabulary, written: VocabularyConfig
) -> RuleSet:
    """Parse and compile the configured rules; those that are left out are checked as well."""
    from faceinsight.method.rules import compiler

    return compiler.compile_rules(rules, vocabulary, written)


def prove_rules(rule_set: RuleSet) -> dict[str, Any]:
    """Prove that the rules can hold together, leave every characteristic alive, and all matter."""
    from faceinsight.method.rules.proofs import prove

    return asdict(prove(rule_set))


def count_rule_violations(
    rule_set: RuleSet, vocabulary: Vocabulary, **examples: DataFrame
) -> DataFrame:
    """How often the training labels themselves break each rule, by data set."""
    import pandas as pd

    from faceinsight.method.labels import label_matrix
    from faceinsight.method.rules.violations import violations

    tables = []
    for name, table in examples.items():
        training = table[table["split"] == "train"]
        counts = violations(label_matrix(training, vocabulary), rule_set)
        tables.append(counts.assign(dataset=name))
    return pd.concat(tables, ignore_index=True)
