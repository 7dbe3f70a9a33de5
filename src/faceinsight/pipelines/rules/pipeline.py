"""Pipeline: rules as people write them to arrays, proofs, and counts on the labels."""

from kedro.pipeline import Pipeline, pipeline

from faceinsight.pipelines.each_dataset import of_each
from faceinsight.pipelines.naming import named
from faceinsight.pipelines.rules import nodes


def create_pipeline() -> Pipeline:
    """Compile, prove, count."""
    return pipeline(
        [
            named(
                nodes.compile_rules, ["params:rules", "vocabulary", "params:vocabulary"], "rule_set"
            ),
            named(nodes.prove_rules, "rule_set", "rule_proofs"),
            named(
                nodes.count_rule_violations,
                {
                    "rule_set": "rule_set",
                    "vocabulary": "vocabulary",
                    **of_each("examples"),
                },
                "rule_violations",
            ),
        ]
    )
