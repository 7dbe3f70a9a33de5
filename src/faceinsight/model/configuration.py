"""The configuration that is saved with a model, in Hugging Face's form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import ValidationError
from transformers import AutoConfig, PretrainedConfig

from faceinsight.errors import WeightsError
from faceinsight.method.variants import Loss, Readout, Variant, of_switches

_SWITCHES = ("segmentation", "correlation", "logic")


class FaceInsightConfig(PretrainedConfig):
    """Everything that gives a `FaceInsightModel` its shape; plain JSON throughout.

    Unlike `ModelSettings` it is resolved: a part that is read from a checkpoint also states its
    architecture, and the prompts are token ids.

    Args:
        characteristics: ids in vocabulary order (K).
        image_encoder: `pretrained`, `revision`, `architecture`, `feature_layer`, `mean`, `std`,
            `grid`.
        segmentation_encoder: likewise; empty where maps are no part of the input.
        image_adapter: `pretrained`, `revision` of the LLaVA checkpoint whose projector it started
            from, if any.
        text_encoder: `pretrained`, `revision`, `language_model`, `width` (d).
        language_model: `pretrained`, `revision`, `gguf`, `layers`, `architecture`.
        lora: `rank`, `alpha`, `dropout`, `target_modules`; None for a model without LoRA.
        prompts: the words, as in `PromptSettings`.
        system_ids: token ids before the pictures, begin-of-sequence token included.
        query_ids: token ids of the query.
        yes_id: token whose logit speaks for a characteristic.
        no_id: token whose logit speaks against it.
        image_size: S, in pixels.
        adapter_width: hidden width of the adapters.
        gcn_layers: L of Eq. 8.
        gcn_edges: number of weights in C_hat that are not zero.
        variant: the fields of a `faceinsight.method.variants.Variant`; None is the paper's whole
            method. Models that were saved before variants had a form of their own have the three
            switches beside the other values, and are read as the variant that they name.
        logic_weight: factor of the logical loss.
        answer_weight: factor of the language-model loss on templated answers.
        frozen: names of the parts that are not trained.
        frozen_dtype: number format of frozen parts.
        characteristics_attend: `causal` or `independent`.
        crops: how the face crops and label maps of its training were made, so that they are made
            the same way wherever it is used (`SegmentationSettings.of_crops`); empty if unknown.
        learnt: ids that a data set of its training annotates; empty if unknown.
        noise: how often annotations are wrong, the fields of a `faceinsight.method.coherent.Noise`;
            None where the loss is the paper's.
        calibration: the fields of a `faceinsight.model.calibration.Calibration`; None where none
            was fitted.
    """

    model_type = "faceinsight"
    keys_to_ignore_at_inference: ClassVar[list[str]] = ["bce", "logic", "coherent", "answer"]

    def __init__(
        self,
        characteristics: Sequence[str] = (),
        image_encoder: dict[str, Any] | None = None,
        segmentation_encoder: dict[str, Any] | None = None,
        image_adapter: dict[str, Any] | None = None,
        text_encoder: dict[str, Any] | None = None,
        language_model: dict[str, Any] | None = None,
        lora: dict[str, Any] | None = None,
        prompts: dict[str, str] | None = None,
        system_ids: Sequence[int] = (),
        query_ids: Sequence[int] = (),
        yes_id: int = 0,
        no_id: int = 0,
        image_size: int = 224,
        adapter_width: int = 0,
        gcn_layers: int = 2,
        gcn_edges: int = 0,
        variant: dict[str, Any] | None = None,
        logic_weight: float = 1.0,
        answer_weight: float = 0.0,
        frozen: Sequence[str] = (),
        frozen_dtype: str = "float32",
        characteristics_attend: str = "causal",
        crops: dict[str, Any] | None = None,
        learnt: Sequence[str] = (),
        noise: dict[str, Any] | None = None,
        calibration: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.characteristics = list(characteristics)
        self.image_encoder = image_encoder or {}
        self.segmentation_encoder = segmentation_encoder or {}
        self.image_adapter = image_adapter or {}
        self.text_encoder = text_encoder or {}
        self.language_model = language_model or {}
        self.lora = lora
        self.prompts = prompts or {}
        self.system_ids = list(system_ids)
        self.query_ids = list(query_ids)
        self.yes_id = yes_id
        self.no_id = no_id
        self.image_size = image_size
        self.adapter_width = adapter_width
        self.gcn_layers = gcn_layers
        self.gcn_edges = gcn_edges
        switches = {name: kwargs.pop(name) for name in _SWITCHES if name in kwargs}
        self.variant = _variant(variant, switches).model_dump(mode="json")
        self.logic_weight = logic_weight
        self.answer_weight = answer_weight
        self.frozen = list(frozen)
        self.frozen_dtype = frozen_dtype
        self.characteristics_attend = characteristics_attend
        # Models that were saved before crops were called so.
        self.crops = kwargs.pop("frames", None) or crops or {}
        self.learnt = list(learnt)
        self.noise = noise
        self.calibration = calibration
        super().__init__(**kwargs)

    @property
    def segmentation(self) -> bool:
        """Whether label maps are part of the input."""
        return bool(self.variant["segmentation"])

    @property
    def correlation(self) -> bool:
        """Whether the graph network refines the text features."""
        return bool(self.variant["correlation"])

    @property
    def logic(self) -> bool:
        """Whether the logical loss is part of the loss."""
        return bool(self.variant["logic"])

    @property
    def learns_text_features(self) -> bool:
        """Whether T_p^0 is trained with the rest."""
        return not (self.text_encoder["pretrained"] or self.text_encoder.get("language_model"))

    @property
    def loss(self) -> Loss:
        """`paper` or `coherent`."""
        return self.variant["loss"]

    @property
    def readout(self) -> Readout:
        """`independent` or `coherent`."""
        return self.variant["readout"]

    @property
    def label(self) -> str:
        """What reports call the model."""
        return Variant.model_validate(self.variant).label


def _variant(given: dict[str, Any] | None, switches: dict[str, bool]) -> Variant:
    if given is None:
        return of_switches(**{name: switches.get(name, True) for name in _SWITCHES})
    try:
        return Variant.model_validate(given)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(["variant", *map(str, fault["loc"])])
        raise WeightsError(
            f"config.json: {place}: {fault['msg']}; this version of faceinsight cannot read the "
            "model: take the version that saved it, or train it anew"
        ) from error


# Else everything that looks for a tokenizer in a saved folder warns about an unknown model type.
AutoConfig.register(FaceInsightConfig.model_type, FaceInsightConfig, exist_ok=True)
FaceInsightConfig.register_for_auto_class()
