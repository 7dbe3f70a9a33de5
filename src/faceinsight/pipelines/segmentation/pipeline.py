"""Pipeline: examples to face crops with label maps."""

from kedro.pipeline import Pipeline, pipeline

from faceinsight.cluster.tags import GPU, SPREADS
from faceinsight.pipelines.each_dataset import for_each_dataset
from faceinsight.pipelines.naming import named
from faceinsight.pipelines.segmentation import nodes


def create_pipeline() -> Pipeline:
    """One node in each data set's box."""
    of_dataset = pipeline(
        [
            named(
                nodes.segment_faces,
                [
                    "examples",
                    "raw",
                    "params:name",
                    "params:segmentation",
                    "params:work",
                    "params:cluster",
                ],
                "crops",
                tags=[SPREADS, GPU],
            )
        ]
    )
    return for_each_dataset(
        of_dataset, inputs=["raw"], parameters=["segmentation", "work", "cluster"]
    )
