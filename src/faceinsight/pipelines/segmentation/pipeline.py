"""Pipeline: examples to face frames with label maps."""

from kedro.pipeline import Pipeline, node, pipeline

from faceinsight.parameters import DATASETS
from faceinsight.pipelines.segmentation import nodes


def create_pipeline() -> Pipeline:
    """One node in each data set's box."""
    of_dataset = pipeline(
        [
            node(
                nodes.segment_faces,
                ["examples", "raw", "params:dataset", "params:segmentation", "params:work"],
                "frames",
            )
        ]
    )
    return sum(
        (
            pipeline(
                of_dataset,
                namespace=name,
                inputs={"raw"},
                parameters={
                    "params:dataset": f"params:datasets.{name}",
                    **{f"params:{p}": f"params:{p}" for p in ("segmentation", "work")},
                },
            )
            for name in DATASETS
        ),
        start=Pipeline([]),
    )
