"""What decides a run, tried out before it begins: rules, weights, and models without weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from faceinsight.answers.settings import LexiconSettings
from faceinsight.cluster.connection import require_ray
from faceinsight.cluster.settings import ClusterSettings
from faceinsight.common.provenance import provenance
from faceinsight.common.work import WorkFolder, digest
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.parsing.weights import check_weights
from faceinsight.data.registry import DatasetSettings, check_use
from faceinsight.errors import ParameterError
from faceinsight.method.characteristics import VocabularyConfig
from faceinsight.method.variants import Variant
from faceinsight.model.settings import ModelSettings
from faceinsight.pipelines.ingestion.nodes import build_vocabulary
from faceinsight.pipelines.rules.nodes import compile_rules
from faceinsight.training.settings import TrainingSettings

Load = Callable[[str], Any]
"""A parameter by its name in the catalog."""


def try_out(nodes: Iterable[Any], load: Load) -> None:
    """Try out what a run's nodes need.

    Args:
        nodes: Kedro's.
        load: gives parameters.

    Raises:
        FaceInsightError: a node could not do its work; the message says why.
    """
    inputs: dict[str, list[str]] = {}
    for node in nodes:
        inputs.setdefault(node.func.__name__, []).extend(node.inputs)
    if "read_labels" in inputs:
        of = "params:datasets."
        datasets = {
            name.removeprefix(of): DatasetSettings.model_validate(load(name))
            for name in inputs["read_labels"]
            if name.startswith(of)
        }
        vocabulary = build_vocabulary(VocabularyConfig.model_validate(load("params:vocabulary")))
        is_drawn = load("params:drawing") is not None
        check_use(datasets, vocabulary.datasets, None if is_drawn else Path(load("params:raw")))
    if "compile_rules" in inputs:
        written = VocabularyConfig.model_validate(load("params:vocabulary"))
        compile_rules(load("params:rules"), build_vocabulary(written), written)
    if "segment_faces" in inputs:
        _require_cluster(load)
        settings = SegmentationSettings.model_validate(load("params:segmentation"))
        if settings.maps == "parsed":
            check_weights("detector_weights", settings.detector_weights)
            check_weights("parser_weights", settings.parser_weights)
    if "train_model" in inputs:
        if (TrainingSettings.model_validate(load("params:training")).processes or 1) > 1:
            _require_cluster(load)
        names = {name for name in inputs["train_model"] if name.startswith("params:variants.")}
        variants = [Variant.model_validate(load(name)) for name in sorted(names)]
        if "segment_faces" in inputs:
            _refuse_other_crops(load, variants)
        _try_models(load, variants)


def _require_cluster(load: Load) -> None:
    """Stop where a cluster is named, and nothing that could connect to it is installed."""
    if ClusterSettings.model_validate(load("params:cluster")).address is not None:
        require_ray("cluster.address")


def _refuse_other_crops(load: Load, variants: list[Variant]) -> None:
    """Stop where the crops that will be made are none that the models can read."""
    made = SegmentationSettings.model_validate(load("params:segmentation"))
    side = ModelSettings.model_validate(load("params:model")).image_size
    if made.size != side:
        raise ParameterError(
            f"model.image_size is {side}, and segmentation.size {made.size}: set both by "
            "--params image_size=..."
        )
    for variant in variants:
        if variant.segmentation and made.maps == "none":
            raise ParameterError(
                f"variant {variant.name} reads label maps, and segmentation.maps is none: set it "
                "to parsed or provided, or train variant org"
            )


def _try_models(load: Load, variants: list[Variant]) -> None:
    """Build each variant's model without weights; what could be built once is not built again."""
    model = ModelSettings.model_validate(load("params:model"))
    training = TrainingSettings.model_validate(load("params:training"))
    words = LexiconSettings.model_validate(load("params:answers"))
    vocabulary = build_vocabulary(VocabularyConfig.model_validate(load("params:vocabulary")))
    here = ClusterSettings.model_validate(load("params:cluster")).address is None
    devices = training.device, here
    key = digest(variants, model, words, vocabulary, devices, provenance()["packages"])
    done = WorkFolder(Path(load("params:work")), "trials", key)
    if done.is_finished:
        return
    from faceinsight.answers.lexicon import Lexicon
    from faceinsight.common.devices import find_device
    from faceinsight.training.job import with_processes
    from faceinsight.training.trial import try_out as try_model

    if here:
        find_device(training.device, "training.device")
    with_processes(training, here)
    lexicon = Lexicon.from_config(words, vocabulary)
    try_model(model, vocabulary, variants, lexicon if lexicon.entries else None)
    if not any(_checkpoints(model)):  # which may be taken away
        done.finish()


def _checkpoints(model: ModelSettings) -> Iterable[str | None]:
    parts = ("image_encoder", "image_adapter", "segmentation_encoder", "text_encoder")
    return (getattr(model, part).pretrained for part in (*parts, "language_model"))
