"""What `conf/*/parameters_model.yml` says about the model, typed and validated."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, PositiveFloat, field_validator, model_validator

from faceinsight.common.settings import Settings

Channels = tuple[float, float, float]
Deviations = tuple[PositiveFloat, PositiveFloat, PositiveFloat]
Part = Literal["image_encoder", "segmentation_encoder", "language_model"]


_OF_STAGES = {"hidden_sizes", "depths"}
_SIZES = _OF_STAGES | {
    *("hidden_size", "intermediate_size", "embedding_size", "patch_size", "vocab_size"),
    *("num_hidden_layers", "num_attention_heads", "num_key_value_heads", "num_heads"),
    *("num_channels", "max_position_embeddings", "embed_dim", "hidden_dim"),
    *("n_embd", "n_layer", "n_head", "n_positions"),
}
"""Arguments of Hugging Face configurations that are numbers of something; transformers takes zero
and less, and says of some others what nobody understands, after seconds."""


class _Settings(Settings):
    model_config = ConfigDict(frozen=True)


class PartSettings(_Settings):
    """A part that is either read from a checkpoint or made from random weights.

    Attributes:
        pretrained: name on the Hugging Face hub or folder of a checkpoint.
        revision: branch, tag or commit of a checkpoint on the hub.
        architecture: `model_type` and further arguments of a Hugging Face configuration; needed,
            and only allowed, where nothing is pretrained.
    """

    pretrained: str | None = None
    revision: str | None = None
    architecture: dict[str, Any] | None = None

    @field_validator("architecture")
    @classmethod
    def _has_sizes(cls, architecture: dict[str, Any] | None) -> dict[str, Any] | None:
        given = {name: size for name, size in (architecture or {}).items() if size is not None}
        for name in sorted(_SIZES & given.keys()):
            sizes = given[name]
            is_list = isinstance(sizes, list | tuple)
            each = sizes if is_list else [sizes]
            all_count = len(each) > 0 and all(type(one) is int and one >= 1 for one in each)
            if not all_count or (name in _OF_STAGES and not is_list):
                form = "a list of whole numbers" if name in _OF_STAGES else "a whole number"
                raise ValueError(f"{name} is {sizes!r}; give {form} from 1 up")
        if given.keys() >= _OF_STAGES and len(given["hidden_sizes"]) != len(given["depths"]):
            raise ValueError("hidden_sizes and depths differ in length; give one of each a stage")
        return architecture

    @model_validator(mode="after")
    def _either_or(self) -> PartSettings:
        if (self.pretrained is None) == (self.architecture is None):
            raise ValueError("give either 'pretrained' or 'architecture', and not both")
        if self.architecture is not None and "model_type" not in self.architecture:
            raise ValueError("'architecture' needs a 'model_type', e.g. resnet, vit or llama")
        return self


class EncoderSettings(PartSettings):
    """A vision encoder.

    Attributes:
        feature_layer: which hidden state is read; -2 is the last but one, as LLaVA-1.5 reads
            CLIP's; -1 is the encoder's own output.
        mean: subtracted from each channel of pictures scaled to 0..1.
        std: divides each channel after that.
        grid: tokens are averaged to this many a side, which the language model reads quicker; null
            keeps them as they are.
    """

    feature_layer: int = Field(-2, le=-1)
    grid: int | None = Field(None, ge=1)
    mean: Channels = (0.5, 0.5, 0.5)
    std: Deviations = (0.5, 0.5, 0.5)


class LanguageModelSettings(PartSettings):
    """The language model.

    Attributes:
        gguf: a GGUF file, in place of other weights: its path, or its name in the folder or on the
            hub, as `gguf_file` of transformers. What is quantised in it is unpacked.
        layers: how many of its first layers there are; null keeps all of a checkpoint's.
    """

    gguf: str | None = Field(None, min_length=1)
    layers: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _of_a_checkpoint(self) -> LanguageModelSettings:
        if self.architecture is not None and (self.gguf or self.layers):
            raise ValueError(
                "'gguf' and 'layers' are of a checkpoint: name it as 'pretrained', or give "
                "num_hidden_layers in 'architecture'"
            )
        return self


class AdapterSettings(_Settings):
    """Where an adapter's first weights come from; it is trained in any case.

    Attributes:
        pretrained: name or folder of a LLaVA checkpoint whose projector the adapter starts from,
            which needs an image encoder and a language model of LLaVA's widths; null starts from
            random weights.
        revision: branch, tag or commit of a checkpoint on the hub.
    """

    pretrained: str | None = None
    revision: str | None = None


class LoraSettings(_Settings):
    """Low-rank matrices (LoRA) beside a frozen language model's own; the defaults are LLaVA-1.5's.

    Attributes:
        rank: r, the inner width of each pair of matrices.
        alpha: their product counts alpha / r.
        dropout: on what goes into the first of them, while training.
        target_modules: names of the linear layers that get a pair, e.g. [q_proj, v_proj];
            `all-linear` is all of them but the output matrix.
    """

    rank: int = Field(128, ge=1)
    alpha: float = Field(256, gt=0)
    dropout: float = Field(0.05, ge=0, lt=1)
    target_modules: Literal["all-linear"] | tuple[str, ...] = "all-linear"

    @model_validator(mode="after")
    def _not_the_output(self) -> LoraSettings:
        if not self.target_modules or "lm_head" in self.target_modules:
            raise ValueError(
                "target_modules must name layers, and not 'lm_head': the logits of yes and no are "
                "read from two rows of the output matrix as it is"
            )
        return self


class TextSettings(_Settings):
    """Where the text features T_p^0 come from.

    Attributes:
        pretrained: name or folder of a text encoder.
        revision: branch, tag or commit of a checkpoint on the hub.
        language_model: take the language model's own, of each phrase's tokens: the mean of their
            `embeddings`, or the last layer's state at the last of them (`states`).
        width: d of features that are learned.
    """

    pretrained: str | None = None
    revision: str | None = None
    language_model: Literal["embeddings", "states"] | None = None
    width: int | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _one_source(self) -> TextSettings:
        given = (self.pretrained, self.language_model, self.width)
        if sum(source is not None for source in given) != 1:
            raise ValueError(
                "give one of 'pretrained', 'language_model' and, for learned features, 'width'"
            )
        return self

    @property
    def is_learnt(self) -> bool:
        """Whether the features are weights of the model."""
        return self.width is not None


class PromptSettings(_Settings):
    """The words around pictures and characteristics, in the order of Eq. 2.

    Attributes:
        system: before the image tokens; the tokenizer's own begin-of-sequence token precedes it.
        query: T_q, between the picture tokens and the characteristic tokens.
        yes: the word whose next-token logit speaks for a characteristic; one token.
        no: the word whose logit speaks against it; one token.
        chat: put them through the tokenizer's chat template: `system` is its system prompt, and
            pictures, query and characteristics are the user's turn.
    """

    system: str = (
        "A chat between a curious human and an artificial intelligence assistant. "
        "The assistant gives helpful, detailed, and polite answers to the human's questions. USER:"
    )
    query: str = "Analyze the facial features in this image."
    yes: str = Field(default="yes", min_length=1)
    no: str = Field(default="no", min_length=1)
    chat: bool = False


class ModelSettings(_Settings):
    """A FaceInsight model, whatever its variant (`faceinsight.method.variants`).

    Attributes:
        image_size: side S of photographs and label maps in pixels.
        image_encoder: E_i.
        image_adapter: where the adapter behind it starts from.
        segmentation_encoder: E_s; only used where the variant's `segmentation` is on.
        text_encoder: the source of T_p^0.
        language_model: M_llm.
        lora: low-rank matrices that are trained beside a frozen language model; null for none.
        prompts: the words of the input sequence.
        adapter_width: hidden width of the adapters; null takes the language model's width.
        gcn_layers: L of Eq. 8; only used where the variant's `correlation` is on.
        logic_weight: factor of the logical loss where the variant's `logic` is on; Eq. 4 has 1.
        annotation_noise: share of annotations that may be wrong, at most, where the variant's loss
            is coherent; a tenth of what is rarer, if that is less (`method.coherent.Noise`).
        answer_weight: factor of the language-model loss on templated answers; Eq. 4 has none (0).
        frozen: parts that are not trained.
        frozen_dtype: number format in which frozen parts are held; `auto` is bfloat16 where the
            processor that builds the model computes in it, else float32.
        characteristics_attend: `causal` (each characteristic token also sees those before it) or
            `independent` (it sees pictures and query, no other characteristic, and all share one
            position, so that neither order nor length of the list matters).
    """

    image_size: int = Field(gt=0)
    image_encoder: EncoderSettings
    image_adapter: AdapterSettings = AdapterSettings()
    segmentation_encoder: EncoderSettings
    text_encoder: TextSettings
    language_model: LanguageModelSettings
    lora: LoraSettings | None = None
    prompts: PromptSettings = PromptSettings()
    adapter_width: int | None = Field(None, gt=0)
    gcn_layers: int = Field(2, ge=1)
    logic_weight: float = Field(1.0, ge=0)
    annotation_noise: float = Field(0.02, gt=0, lt=0.5)
    answer_weight: float = Field(0.0, ge=0)
    frozen: tuple[Part, ...] = ()
    frozen_dtype: Literal["float32", "bfloat16", "float16", "auto"] = "float32"
    characteristics_attend: Literal["causal", "independent"] = "causal"

    @model_validator(mode="after")
    def _lora_beside_frozen_weights(self) -> ModelSettings:
        if self.lora is not None and "language_model" not in self.frozen:
            raise ValueError(
                "'lora' trains small matrices beside a frozen language model: add language_model "
                "to 'frozen', or set 'lora' to null"
            )
        return self

    @model_validator(mode="after")
    def _a_language_model_to_read(self) -> ModelSettings:
        if self.text_encoder.language_model and self.language_model.pretrained is None:
            raise ValueError(
                "'text_encoder.language_model' takes the features of a pretrained language model: "
                "name one, or give 'text_encoder.width'"
            )
        return self
