"""Building a model from settings: checkpoints and prompts are resolved into a configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoConfig, PretrainedConfig, PreTrainedTokenizerBase

from faceinsight.answers.grounding import grounding
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.writer import all_texts
from faceinsight.common.devices import computes_in_bfloat16
from faceinsight.common.messages import no_such
from faceinsight.errors import ParameterError, WeightsError
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.coherent import Noise
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.method.variants import LGC, Variant
from faceinsight.model.configuration import FaceInsightConfig
from faceinsight.model.conversation import before_question, fact_prompt
from faceinsight.model.encoders import one_line, require_model_type, token_shape, vision_config
from faceinsight.model.modeling import Adapter, FaceInsightModel
from faceinsight.model.parts import load_parts
from faceinsight.model.pretrained import first_layers, load_config, load_projector, load_tokenizer
from faceinsight.model.settings import AdapterSettings, EncoderSettings, ModelSettings
from faceinsight.model.tokenizer import build_tokenizer


def build_model(
    settings: ModelSettings,
    vocabulary: Vocabulary,
    tokenizer: PreTrainedTokenizerBase | None = None,
    adjacency: NDArray[np.floating] | None = None,
    ruleset: RuleSet | None = None,
    *,
    variant: Variant = LGC,
    lexicon: Lexicon | None = None,
    text_features: NDArray[np.floating] | None = None,
    learnt: Sequence[str] = (),
    noise: Noise | None = None,
    seed: int = 0,
) -> FaceInsightModel:
    """Build a new model.

    Args:
        settings: what `conf/*/parameters_model.yml` says.
        vocabulary: the K characteristics.
        tokenizer: None takes the one of the language model's checkpoint, or, where there is no
            checkpoint, builds one from the vocabulary's phrases, the prompts and the lexicon.
        adjacency: C_hat, [K, K] (`faceinsight.method.prior`); needed where the variant's
            `correlation` is on.
        ruleset: needed where the variant's `logic` is on, or where it is coherent; else only saved
            with the model.
        variant: which of the paper's additions the model has.
        lexicon: words of answers; saved with the model, which cannot answer in words without.
        text_features: T_p^0, [K, d] (`encode_phrases`); needed where a text encoder is named.
        learnt: ids that the training annotates; all, if empty.
        noise: how often annotations are wrong; used where the loss is coherent.
        seed: of all random weights. The caller's random state stays as it was.

    Raises:
        ParameterError: a setting cannot work, or something that it needs is not given.
        WeightsError: a checkpoint is not there, or is not of the named model.
    """
    tokenizer = tokenizer or default_tokenizer(settings, vocabulary, lexicon)
    config = resolve(settings, vocabulary, tokenizer, variant)
    config.learnt = list(learnt)
    if noise is not None and variant.loss == "coherent":
        config.noise = asdict(noise)
    size = len(vocabulary)
    if variant.correlation:
        if adjacency is None or adjacency.shape != (size, size):
            raise ParameterError(
                f"correlation is on: adjacency must be C_hat, {size} x {size}, and is "
                f"{'not given' if adjacency is None else ' x '.join(map(str, adjacency.shape))}"
            )
        config.gcn_edges = int(np.count_nonzero(adjacency))
    if not settings.text_encoder.is_learnt:
        if text_features is None or text_features.ndim != 2 or len(text_features) != size:
            raise ParameterError(
                f"text_encoder.width is null: text_features must be given, one row for each "
                f"of {size} characteristics"
            )
        config.text_encoder["width"] = text_features.shape[1]
    with torch.random.fork_rng(devices=[]):
        parts = load_parts(config, trained=True)
        torch.manual_seed(seed)
        model = FaceInsightModel(config)
        model.attach(**parts)
    model.complete(vocabulary, tokenizer, ruleset, lexicon)
    if text_features is not None and not settings.text_encoder.is_learnt:
        model.text_features.data.copy_(torch.from_numpy(text_features))
    if settings.image_adapter.pretrained is not None:
        _start_from_projector(model.image_adapter, settings.image_adapter)
    if variant.correlation and adjacency is not None:
        model.gcn.set_adjacency(adjacency)
    return model


@torch.no_grad()
def _start_from_projector(adapter: Adapter, settings: AdapterSettings) -> None:
    name = str(settings.pretrained)
    projector = load_projector("image_adapter", name, settings.revision)
    first, second = projector.linear_1, projector.linear_2
    widths = (first.in_features, first.out_features, second.out_features)
    if widths != adapter.widths:
        raise WeightsError(
            f"model.image_adapter.pretrained: the projector of '{name}' has widths "
            f"{_widths(widths)}, and this image adapter {_widths(adapter.widths)}; take an image "
            "encoder and a language model of the projector's widths, or set it to null"
        )
    adapter.hidden.load_state_dict(first.state_dict())
    adapter.out.load_state_dict(second.state_dict())


def _widths(widths: tuple[int, ...]) -> str:
    return " to ".join(map(str, widths))


def default_tokenizer(
    settings: ModelSettings, vocabulary: Vocabulary, lexicon: Lexicon | None = None
) -> PreTrainedTokenizerBase:
    """The tokenizer of the language model's checkpoint, or one of the project's own words.

    Args:
        settings: name the checkpoint, if there is one.
        vocabulary: the characteristics.
        lexicon: words of answers, which a tokenizer of our own knows as well.
    """
    language = settings.language_model
    if language.pretrained is not None:
        asked = ("language_model", language.pretrained, language.revision)
        return load_tokenizer(*asked, gguf=language.gguf)
    prompts = settings.prompts
    texts = [prompts.system, prompts.query, prompts.yes, prompts.no, *vocabulary.phrases]
    if lexicon is not None:
        texts += [*all_texts(lexicon), *fact_texts(lexicon)]
    return build_tokenizer(texts)


def fact_texts(lexicon: Lexicon) -> Iterator[str]:
    """Texts with the words of facts as lists.

    No prompt has them now: a tokenizer keeps them, since without them all tokens of models that are
    trained anew would have other numbers, and other first weights.
    """
    for id_ in lexicon.entries:
        for present in (True, False):
            yield fact_prompt(grounding({id_: present}, lexicon), "")


def resolve(
    settings: ModelSettings,
    vocabulary: Vocabulary,
    tokenizer: PreTrainedTokenizerBase,
    variant: Variant = LGC,
) -> FaceInsightConfig:
    """Turn settings into a configuration: architectures of checkpoints, widths, token ids.

    Raises:
        ParameterError: a setting cannot work.
        WeightsError: a checkpoint is not there.
    """
    plain = settings.model_dump(mode="json", exclude={"annotation_noise"})  # it becomes `noise`
    language = _language_config(settings, tokenizer)
    plain["language_model"]["architecture"] = _architecture(language)
    plain["image_encoder"] = _encoder(settings, "image_encoder")
    plain["segmentation_encoder"] = (
        _encoder(settings, "segmentation_encoder") if variant.segmentation else {}
    )
    plain["adapter_width"] = settings.adapter_width or language.hidden_size
    if not variant.segmentation:
        plain["frozen"] = [part for part in settings.frozen if part != "segmentation_encoder"]
    plain["frozen_dtype"] = _frozen_dtype(settings)
    prompts = settings.prompts
    if prompts.chat:
        system_ids = _ids(tokenizer, before_question(tokenizer, prompts.system))
    else:
        begin = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
        system_ids = begin + _ids(tokenizer, prompts.system)
    config = FaceInsightConfig(
        characteristics=vocabulary.ids,
        variant=variant.model_dump(mode="json"),
        system_ids=system_ids,
        query_ids=_ids(tokenizer, prompts.query),
        yes_id=_readout_id(tokenizer, "yes", prompts.yes),
        no_id=_readout_id(tokenizer, "no", prompts.no),
        **plain,
    )
    pictures = plain["image_encoder"]["tokens"] + plain["segmentation_encoder"].get("tokens", 0)
    length = len(config.system_ids) + pictures + len(config.query_ids) + len(vocabulary)
    positions = getattr(language, "max_position_embeddings", None) or length
    if length > positions:
        raise ParameterError(
            f"model.language_model: it has {positions} positions, and pictures, prompts and "
            f"characteristics take {length}: give it more (max_position_embeddings), or lower "
            "image_size"
        )
    return config


def _frozen_dtype(settings: ModelSettings) -> str:
    if settings.frozen_dtype == "auto":
        return "bfloat16" if computes_in_bfloat16() else "float32"
    return settings.frozen_dtype


def _language_config(
    settings: ModelSettings, tokenizer: PreTrainedTokenizerBase
) -> PretrainedConfig:
    language = settings.language_model
    if language.pretrained is not None:
        asked = ("language_model", language.pretrained, language.revision)
        config = load_config(*asked, gguf=language.gguf)
        config = getattr(config, "text_config", config)
        return first_layers("language_model", config, language.layers)
    own = {
        "vocab_size": len(tokenizer),
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    architecture = language.architecture or {}
    require_model_type("language_model", architecture)
    try:
        config = AutoConfig.for_model(**own | architecture)
    except Exception as error:
        raise ParameterError(f"model.language_model.architecture: {one_line(error)}") from error
    _refuse_unknown("language_model", architecture, config)
    return config


def _refuse_unknown(part: str, architecture: dict[str, Any], config: PretrainedConfig) -> None:
    """Stop at a name that a configuration does not have: transformers would keep it unread."""
    try:
        plain = type(config)()
    except Exception:  # One that has no defaults cannot be compared with them.
        return
    known = {name for name in vars(plain) if not name.startswith("_")}
    known |= {*type(config).attribute_map, "model_type", "attn_implementation", "dtype"}
    for name in architecture:
        if name not in known and not hasattr(plain, name):
            otherwise = f"a {config.model_type} takes none of that name"
            raise ParameterError(
                f"model.{part}.architecture: {no_such('argument', name, known, otherwise)}"
            )


def _encoder(settings: ModelSettings, part: str) -> dict[str, Any]:
    encoder: EncoderSettings = getattr(settings, part)
    if encoder.pretrained is not None:
        config = load_config(part, encoder.pretrained, encoder.revision)
        config = getattr(config, "vision_config", config)
    else:
        config = vision_config(encoder.architecture or {}, settings.image_size, part)
        _refuse_unknown(part, encoder.architecture or {}, config)
    try:
        tokens, width = token_shape(
            config, encoder.feature_layer, settings.image_size, encoder.grid
        )
    except ParameterError as error:
        raise ParameterError(f"model.{part}: {error}") from error
    return encoder.model_dump(mode="json") | {
        "architecture": _architecture(config),
        "tokens": tokens,
        "width": width,
    }


def _architecture(config: PretrainedConfig) -> dict[str, Any]:
    plain = config.to_dict()
    plain.pop("transformers_version", None)
    return plain


def _ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False).input_ids


def _readout_id(tokenizer: PreTrainedTokenizerBase, parameter: str, word: str) -> int:
    ids = _ids(tokenizer, word)
    if len(ids) != 1 or ids[0] == tokenizer.unk_token_id:
        raise ParameterError(
            f"prompts.{parameter}: '{word}' is not one token of this language model; choose a "
            "word that is"
        )
    return ids[0]
