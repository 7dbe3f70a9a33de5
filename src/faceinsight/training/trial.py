"""The variants' models, built once without weights before anything runs.

What decides whether a model can be made is told before photographs are read and faces are parsed,
which may take hours.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

from faceinsight.answers.lexicon import Lexicon
from faceinsight.errors import FaceInsightError, ParameterError
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.variants import Variant
from faceinsight.model.building import default_tokenizer, resolve
from faceinsight.model.configuration import FaceInsightConfig
from faceinsight.model.encoders import one_line
from faceinsight.model.modeling import FaceInsightModel
from faceinsight.model.pretrained import load_config
from faceinsight.model.settings import ModelSettings
from faceinsight.training.speed import training_flops_per_image


def try_out(
    settings: ModelSettings,
    vocabulary: Vocabulary,
    variants: Iterable[Variant],
    lexicon: Lexicon | None,
) -> None:
    """Build models without weights, and send faces without content through them and back.

    Args:
        settings: of the models.
        vocabulary: the characteristics.
        variants: which of the paper's additions each of them has.
        lexicon: words of answers; None where there are none.

    Raises:
        ParameterError: such a model cannot be made, or cannot compute.
        WeightsError: a checkpoint is not there.
    """
    for part in ("image_adapter", "text_encoder"):
        of_part = getattr(settings, part)
        if of_part.pretrained is not None:
            load_config(part, of_part.pretrained, of_part.revision)
    if settings.answer_weight and lexicon is None:
        raise ParameterError(
            "model.answer_weight is above 0, and no characteristic has words to answer in: set it "
            "to 0, or add `words` to vocabulary.characteristics"
        )
    tokenizer = default_tokenizer(settings, vocabulary, lexicon)
    for variant in variants:
        config = resolve(settings, vocabulary, tokenizer, variant)
        config.text_encoder["width"] = config.text_encoder["width"] or 8  # its own is not read here
        config.gcn_edges = len(vocabulary)
        _compute(config, variant.name)


def _compute(config: FaceInsightConfig, name: str) -> None:
    try:
        with torch.device("meta"):
            model = FaceInsightModel(config)
        training_flops_per_image(model)
    except FaceInsightError:
        raise
    except Exception as error:
        raise ParameterError(
            f"model: variant {name} cannot be built of these settings ({one_line(error)}): "
            "see to model.language_model.architecture, and to the widths of the other parts"
        ) from error
