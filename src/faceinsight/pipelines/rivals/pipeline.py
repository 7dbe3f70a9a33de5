"""Pipelines: rivals asked as they are, fine-tuned, or known by tables of answers; FaceXBench."""

from kedro.pipeline import Pipeline, node, pipeline

from faceinsight.pipelines.each_dataset import of_each
from faceinsight.pipelines.rivals import nodes

_RIVAL = {"rivals": "params:rivals", "vocabulary": "vocabulary"}


def create_pipeline() -> Pipeline:
    """The rival that the parameter `rival` names, as it is: asked, read and measured."""
    return _in_namespace(_measured(), "rival_training_free")


def create_finetuning_pipeline() -> Pipeline:
    """The same rival fine-tuned by LoRA, then asked, read and measured."""
    tuned = node(
        nodes.tune_rival,
        {**_RIVAL, "finetuning": "params:finetuning", "work": "params:work", **of_each("crops")},
        ["adapters", "grid"],
    )
    return _in_namespace(pipeline([tuned]) + _measured(adapters="adapters"), "rival_tuned")


def create_tables_pipeline() -> Pipeline:
    """Scores of the tables that `params:tables` names; empty where it names none."""
    return pipeline(
        [
            node(
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


def create_facexbench_pipeline() -> Pipeline:
    """FaceXBench's questions, answered by the variant that the parameter `variant` names."""
    inputs = ["model", "params:facexbench", "params:predict", "params:work"]
    return pipeline([node(nodes.answer_facexbench, inputs, "facexbench_scores")])


def _measured(**tuned: str) -> Pipeline:
    """A rival asked, read and measured; with `adapters` where it was fine-tuned."""
    return pipeline(
        [
            node(
                nodes.ask_rival,
                {**_RIVAL, "work": "params:work", **tuned, **of_each("crops")},
                ["answers", "asking"],
            ),
            node(
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
            node(
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


def _in_namespace(of_rival: Pipeline, namespace: str) -> Pipeline:
    """A rival's own artifacts in a namespace, all that rivals share left outside."""
    shared = {name for name in of_rival.inputs() if not name.startswith("params:")}
    parameters = {name for name in of_rival.inputs() if name.startswith("params:")}
    return pipeline(
        of_rival,
        namespace=namespace,
        inputs=shared - {"parameters"},
        parameters={name: name for name in parameters},
    )
