"""The data sets that the pipelines have nodes for, and one's pipeline for all of them.

Kedro builds pipelines without a look at the configuration. A hook looks there first
(`hooks.ConfigurePipelines`); where none is read, as for `kedro registry list`, the data sets are
those of the registry.
"""

from __future__ import annotations

from collections.abc import Iterable

from kedro.pipeline import Pipeline, pipeline

from faceinsight.data.registry import dataset_names


def of_each(artifact: str) -> dict[str, str]:
    """Data set to an artifact of its own, for a node over all of them: `celeba: celeba.crops`."""
    return {name: f"{name}.{artifact}" for name in dataset_names()}


def for_each_dataset(
    of_dataset: Pipeline, *, inputs: Iterable[str], parameters: Iterable[str]
) -> Pipeline:
    """A box a data set: its artifacts get its name before theirs, e.g. `celeba.labels`.

    Args:
        of_dataset: the pipeline of one data set; `params:dataset` is what `datasets.<name>` says,
            and `params:name` is its name.
        inputs: what all data sets share.
        parameters: which parameters they share, without `params:`.
    """
    shared = {f"params:{name}": f"params:{name}" for name in parameters}
    used = of_dataset.inputs()
    boxes = [
        pipeline(
            of_dataset,
            namespace=name,
            inputs=set(inputs),
            parameters=shared
            | ({"params:dataset": f"params:datasets.{name}"} if "params:dataset" in used else {})
            | {"params:name": f"params:dataset_names.{name}"},
        )
        for name in dataset_names()
    ]
    return sum(boxes, start=Pipeline([]))


def in_box(of: Pipeline, box: str) -> Pipeline:
    """A part of a pipeline as one box of the lineage, in which its artifacts keep their names."""
    parameters = {entry for entry in of.inputs() if entry.startswith("params:")}
    return pipeline(
        of,
        namespace=box,
        inputs=of.inputs() - parameters - {"parameters"},
        outputs=of.all_outputs(),
        parameters={entry: entry for entry in parameters},
    )
