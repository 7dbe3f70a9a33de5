"""Pipeline: raw data sets to label tables, audits and selected examples."""

from kedro.pipeline import Pipeline, pipeline

from faceinsight.pipelines.each_dataset import for_each_dataset
from faceinsight.pipelines.ingestion import nodes
from faceinsight.pipelines.naming import named


def create_sources() -> Pipeline:
    """The vocabulary and the raw folder, which whatever reads raw data needs."""
    return pipeline(
        [
            named(nodes.build_vocabulary, "params:vocabulary", "vocabulary"),
            named(nodes.find_raw, ["params:raw", "params:drawing", "vocabulary"], "raw"),
        ]
    )


def create_pipeline() -> Pipeline:
    """One box a data set, after the vocabulary and the raw folder."""
    of_dataset = pipeline(
        [
            named(
                nodes.read_labels,
                ["raw", "vocabulary", "params:name", "params:dataset", "params:seed"],
                ["labels", "skipped_rows"],
            ),
            named(
                nodes.audit_photographs,
                ["labels", "raw", "params:name", "params:audit", "params:work"],
                "audit",
            ),
            named(
                nodes.select_examples,
                ["labels", "audit", "raw", "params:name", "params:dataset", "params:seed"],
                ["examples", "selection"],
            ),
        ]
    )
    return create_sources() + for_each_dataset(
        of_dataset, inputs=["raw", "vocabulary"], parameters=["seed", "audit", "work"]
    )
