"""Nodes: rules as people write them to arrays, proofs, and counts on the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faceinsight.characteristics import Vocabulary

if TYPE_CHECKING:
    from pandas import DataFrame

    from faceinsight.logic import RuleSet
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = RuleSet = Any


def compile_rules(rules: dict[str, Any], vocabulary: Vocabulary) -> RuleSet:
    """Parse and compile the configured rules."""
    from faceinsight import logic

    return logic.compile_rules(rules, vocabulary)


def prove_rules(rule_set: RuleSet) -> dict[str, Any]:
    """Prove that the rules can hold together, leave every characteristic alive, and all matter."""
    from faceinsight import logic

    return logic.prove(rule_set).to_dict()


def count_rule_violations(
    rule_set: RuleSet, vocabulary: Vocabulary, **examples: DataFrame
) -> DataFrame:
    """How often the training labels themselves break each rule, by data set."""
    import pandas as pd

    from faceinsight import logic
    from faceinsight.labels import label_matrix

    tables = []
    for name, table in examples.items():
        training = table[table["split"] == "train"]
        counts = logic.violations(label_matrix(training, vocabulary), rule_set)
        tables.append(counts.assign(dataset=name))
    return pd.concat(tables, ignore_index=True)
