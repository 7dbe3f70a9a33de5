"""Pipelines: rivals asked as they are, fine-tuned, or known by tables of answers; FaceXBench."""

from kedro.pipeline import Pipeline, pipeline

from faceinsight.cluster.tags import GPU
from faceinsight.pipelines.each_dataset import of_each
from faceinsight.pipelines.naming import named
from faceinsight.pipelines.rivals import nodes

_RIVAL = {"rivals": "params:rivals", "vocabulary": "vocabulary"}


def create_pipeline(rival: str, scored_by: str) -> Pipeline:
    """A rival as it is: asked, read and measured."""
    return _measured(f"{rival}_{scored_by}")


def create_finetuning_pipeline(rival: str, scored_by: str) -> Pipeline:
    """The same rival fine-tuned by LoRA, then asked, read and measured."""
    adapters = f"{rival}_tuned.adapters"
    tuned = named(
        nodes.tune_rival,
        {**_RIVAL, "finetuning": "params:finetuning", "work": "params:work", **of_each("crops")},
        [adapters, f"{rival}_tuned.grid"],
        tags=GPU,
    )
    return pipeline([tuned]) + _measured(f"{rival}_{scored_by}_tuned", adapters=adapters)


def create_tables_pipeline() -> Pipeline:
    """Scores of the tables that `params:tables` names; empty where it names none."""
    return pipeline(
        [
            named(
                nodes.score_tables,
                {
                    "tables": "params:tables",
                    "vocabulary": "vocabulary",
                    "evaluation": "params:evaluation",
                    **of_each("labels"),
                },
                ["tables_scores", "tables_words"],
            )
        ]
    )


def create_facexbench_pipeline(variant: str) -> Pipeline:
    """FaceXBench's questions, answered by a variant of our own."""
    inputs = [f"{variant}.model", "params:facexbench", "params:predict", "params:work"]
    return pipeline([named(nodes.answer_facexbench, inputs, f"{variant}.facexbench", tags=GPU)])


def _measured(name: str, **tuned: str) -> Pipeline:
    """A rival asked, read and measured, its artifacts in a namespace of this name; with `adapters`
    where it was fine-tuned.
    """
    of_rival = pipeline(
        [
            named(
                nodes.ask_rival,
                {**_RIVAL, "work": "params:work", **tuned, **of_each("crops")},
                ["answers", "asking"],
                tags=GPU,
            ),
            named(
                nodes.read_answers,
                {
                    "answers": "answers",
                    **_RIVAL,
                    "rule_set": "rule_set",
                    "parameters": "parameters",
                    **of_each("crops"),
                },
                ["predictions", "tally"],
            ),
            named(
                nodes.measure_rival,
                {
                    "predictions": "predictions",
                    "tally": "tally",
                    "asking": "asking",
                    **_RIVAL,
                    "prevalence": "prevalence",
                    "rule_set": "rule_set",
                    "evaluation": "params:evaluation",
                    **tuned,
                },
                "metrics",
            ),
        ]
    )
    shared = of_rival.inputs()
    parameters = {entry for entry in shared if entry.startswith("params:")}
    return pipeline(
        of_rival,
        namespace=name,
        inputs=shared - parameters - {"parameters"},
        parameters={entry: entry for entry in parameters},
    )
