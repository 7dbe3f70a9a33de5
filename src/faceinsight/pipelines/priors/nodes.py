"""Nodes: training labels to the correlation prior, phrases to text features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.prior import PriorSettings
from faceinsight.model.settings import ModelSettings

if TYPE_CHECKING:
    from numpy import ndarray
    from pandas import DataFrame
else:  # Kedro resolves these hints, and pandas would slow down every `kedro` command.
    DataFrame = ndarray = Any


def build_prior(
    vocabulary: Vocabulary, settings: PriorSettings, **examples: DataFrame
) -> dict[str, ndarray]:
    """Correlation prior (Eq. 5 to 7) over the training part of every data set."""
    from faceinsight.method.labels import label_matrix
    from faceinsight.method.prior import correlation_prior, count

    training = (label_matrix(e[e["split"] == "train"], vocabulary) for e in examples.values())
    counts = count(training)
    prior = correlation_prior(counts, settings.tau, settings.omega, settings.lift)
    return {
        "pairs": counts.pairs,
        "given": counts.given,
        "conditional": prior.conditional,
        "edges": prior.edges,
        "adjacency": prior.adjacency,
    }


def encode_phrases(vocabulary: Vocabulary, model: ModelSettings) -> dict[str, ndarray]:
    """Text features T_p^0 of what is frozen, once; empty where the model learns them."""
    import numpy as np

    encoder, phrases = model.text_encoder, vocabulary.phrases
    if encoder.is_learnt:
        return {"features": np.zeros((0, 0), np.float32)}
    from faceinsight.model import pretrained

    if encoder.pretrained is not None:
        return {
            "features": pretrained.encode_phrases(encoder.pretrained, phrases, encoder.revision)
        }
    of = model.language_model
    return {
        "features": pretrained.language_features(
            str(of.pretrained),
            phrases,
            encoder.language_model or "embeddings",
            of.revision,
            gguf=of.gguf,
            layers=of.layers,
        )
    }
