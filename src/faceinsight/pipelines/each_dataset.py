"""One data set's pipeline, for every data set."""

from __future__ import annotations

from collections.abc import Iterable

from kedro.pipeline import Pipeline, pipeline

from faceinsight.method.characteristics import DATASETS


def for_each_dataset(
    of_dataset: Pipeline, *, inputs: Iterable[str], parameters: Iterable[str]
) -> Pipeline:
    """A box a data set: its artifacts get its name before theirs, e.g. `celeba.labels`.

    Args:
        of_dataset: the pipeline of one data set; `params:dataset` is what `datasets.<name>` says.
        inputs: what all data sets share.
        parameters: which parameters they share, without `params:`.
    """
    shared = {f"params:{name}": f"params:{name}" for name in parameters}
    return sum(
        (
            pipeline(
                of_dataset,
                namespace=name,
                inputs=set(inputs),
                parameters={"params:dataset": f"params:datasets.{name}", **shared},
            )
            for name in DATASETS
        ),
        start=Pipeline([]),
    )
