"""Pipeline: rules as people write them to arrays, proofs, and counts on the labels."""

from kedro.pipeline import Pipeline, node, pipeline

from faceinsight.method.characteristics import DATASETS
from faceinsight.pipelines.rules import nodes


def create_pipeline() -> Pipeline:
    """Compile, prove, count."""
    return pipeline(
        [
            node(nodes.compile_rules, ["params:rules", "vocabulary"], "rule_set"),
            node(nodes.prove_rules, "rule_set", "rule_proofs"),
            node(
                nodes.count_rule_violations,
                {
                    "rule_set": "rule_set",
                    "vocabulary": "vocabulary",
                    **{name: f"{name}.examples" for name in DATASETS},
                },
                "rule_violations",
            ),
        ]
    )
