"""The kept crops of a split, scored by a trained model; how much its answers depend on an order.

These are the tables of predictions that evaluation measures; one's own photographs are `table`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from faceinsight.common.progress import images_bar
from faceinsight.data.store import StoredCrops
from faceinsight.inference.cropper import Crops
from faceinsight.inference.face import answer_columns
from faceinsight.inference.settings import PredictionSettings
from faceinsight.model.labels import (
    answers,
    calibration_of,
    consistent_labels,
    probabilities,
    taught,
)

if TYPE_CHECKING:
    from faceinsight.data.dataset import FaceDataset
    from faceinsight.inference.faceinsight import FaceInsight
    from faceinsight.model.modeling import FaceInsightModel

EITHER = 2
"""In a table the answer of a conformal set that holds "absent" and "present"."""


def predict(
    model: FaceInsight, crops: Mapping[str, Path], settings: PredictionSettings
) -> pd.DataFrame:
    """Probabilities, consistent labels and truth of every face of a split.

    Args:
        model: brings its own vocabulary and rules.
        crops: data set name to its folder of crops.
        settings: split and batch size.

    Returns:
        One row a face: dataset, photograph, face, split; readout, of the model; p_<id> float32,
        null where a coherent model was not taught; d_<id> int8, a label that breaks no rule with
        the others that were taught; z_<id> float32, the energies that both were read from; y_<id>
        Int8 truth, null where unknown. Of a calibrated model also s_<id> Int8, what its conformal
        sets hold: 0 absent, 1 present, 2 either, null where it was not taught; `years`, the true
        age, and `age_years`, `age_low`, `age_high`, its estimate and interval, null where there is
        none.
    """
    from faceinsight.data.dataset import FaceDataset

    vocabulary = model.vocabulary
    label = model.network.config.label
    tables = []
    for dataset, folder in crops.items():
        opened = StoredCrops.open(Path(folder))
        faces = FaceDataset(
            {dataset: opened}, vocabulary, settings.split, model.network.config.segmentation
        )
        if not len(faces):
            continue
        logits = np.empty((len(faces), len(vocabulary)), np.float32)
        with images_bar(f"{label} scores {dataset}", len(faces)) as bar:
            for start in range(0, len(faces), settings.batch_size):
                rows = range(start, min(start + settings.batch_size, len(faces)))
                logits[rows.start : rows.stop] = model.score(_crops(faces, rows))
                bar.update(len(rows))
        in_split = (opened.examples["split"] == settings.split).to_numpy(dtype=bool)
        tables.append(
            _table(
                dataset,
                opened.examples[in_split],
                model.network,
                logits,
                faces,
            )
        )
    if not tables:
        columns = ["dataset", "photograph", "face", "split", "readout"]
        columns += [f"{part}_{id_}" for part in "pdzy" for id_ in vocabulary.ids]
        return pd.DataFrame({column: [] for column in columns})
    return pd.concat(tables, ignore_index=True)


def in_turn(data: FaceDataset, faces: int) -> list[int]:
    """At most so many faces: the first of each data set in turn, then the second of each, ..."""
    within = np.concatenate([np.arange(size) for size in data.sizes])
    return np.argsort(within, kind="stable")[:faces].tolist()


def order_effect(
    model: FaceInsight,
    crops: Mapping[str, Path],
    settings: PredictionSettings,
    shuffles: int = 4,
    faces: int = 256,
    seed: int = 0,
) -> dict[str, float | int]:
    """How much answers depend on the order in which the characteristics stand.

    Under a causal mask each characteristic token sees those before it, so another order gives other
    probabilities. With independent characteristics the effect is nil.

    Args:
        model: is asked.
        crops: data set name to its folder of crops.
        settings: split and batch size.
        shuffles: random orders that are compared with the vocabulary's own.
        faces: at most this many of the split's faces, the first of each data set in turn.
        seed: of the orders.

    Returns:
        `faces`, `shuffles`; `mean_change` and `largest_change` of a probability;
        `answers_changed`: share of answers that are others.
    """
    from faceinsight.data.dataset import FaceDataset

    opened = {name: StoredCrops.open(Path(folder)) for name, folder in crops.items()}
    opened = {name: of for name, of in opened.items() if len(of)}
    if not opened:
        return {"faces": 0, "shuffles": shuffles}
    network = model.network
    maps = network.config.segmentation
    data = FaceDataset(opened, model.vocabulary, settings.split, maps)
    rows = in_turn(data, faces)
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(len(model.vocabulary)) for _ in range(shuffles)]
    changes, flips = [], []
    for start in range(0, len(rows), settings.batch_size):
        batch = _crops(data, rows[start : start + settings.batch_size])
        own = model.score(batch)
        for order in orders:
            other = model.score(batch, order=order)
            pair = (probabilities(network, z) for z in (own, other))
            changes.append(np.abs(np.subtract(*pair)))
            flips.append(answers(network, own) != answers(network, other))
    if not changes:
        return {"faces": 0, "shuffles": shuffles}
    change = np.concatenate(changes)
    return {
        "faces": len(rows),
        "shuffles": shuffles,
        "mean_change": float(np.nanmean(change)),
        "largest_change": float(np.nanmax(change)),
        "answers_changed": float(np.concatenate(flips).mean()),
    }


def _crops(faces: FaceDataset, rows: Iterable[int]) -> Crops:
    batch = faces.__getitems__(list(rows))
    maps = batch.get("maps")
    return Crops.of_arrays(batch["photographs"].numpy(), None if maps is None else maps.numpy())


def _table(
    dataset: str,
    examples: pd.DataFrame,
    network: FaceInsightModel,
    logits: np.ndarray,
    faces: FaceDataset,
) -> pd.DataFrame:
    ids = network.vocabulary.ids
    places = examples[["photograph", "face", "split"]].reset_index(drop=True)
    places.insert(0, "dataset", dataset)
    places["readout"] = network.config.readout
    truth = pd.DataFrame(faces.labels, columns=[f"y_{id_}" for id_ in ids]).astype("Int8")
    decoded, p = consistent_labels(network, logits), probabilities(network, logits)
    parts = [places, answer_columns(ids, p, decoded, logits), truth.mask(truth < 0)]
    if (calibration := calibration_of(network)) is not None:
        absent, present = calibration.candidates(p, decoded, network.vocabulary)
        sets = np.where(absent & present, EITHER, present)
        years, ends = None, None
        if calibration.years:
            years, ends = calibration.age(p, network.vocabulary)
        low, high = (None, None) if ends is None else ends.T
        ages = {"years": faces.years, "age_years": years, "age_low": low, "age_high": high}
        parts += [
            pd.DataFrame(sets, columns=[f"s_{id_}" for id_ in ids])
            .astype("Int8")
            .mask(np.broadcast_to(~taught(network), sets.shape)),
            pd.DataFrame(ages, index=places.index).astype("float32"),
        ]
    return pd.concat(parts, axis=1)
