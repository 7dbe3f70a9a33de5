"""Score faces with a trained model: probabilities, and labels that never contradict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from faceinsight.common.devices import find_device
from faceinsight.common.progress import images_bar
from faceinsight.data.store import StoredCrops
from faceinsight.inference.settings import PredictionSettings
from faceinsight.method.variants import label_of
from faceinsight.model.decoding import consistent_labels

if TYPE_CHECKING:
    import torch

    from faceinsight.model.modeling import FaceInsightModel


def predict(
    model_folder: Path, crops: Mapping[str, Path], settings: PredictionSettings
) -> pd.DataFrame:
    """Probabilities, consistent labels and truth of every face of a split.

    Args:
        model_folder: a saved model; brings its own vocabulary and rules.
        crops: data set name to its folder of crops.
        settings: split, batch size, device.

    Returns:
        One row a face: dataset, photograph, face, split; p_<id> float32; d_<id> int8 decoded label;
        y_<id> Int8 truth, null where unknown.
    """
    import torch

    from faceinsight.data.dataset import FaceDataset

    model, device = open_model(model_folder, settings.device)
    vocabulary = model.vocabulary
    switches = model.config
    label = label_of(switches.segmentation, switches.correlation, switches.logic)
    tables = []
    for dataset, folder in crops.items():
        opened = StoredCrops.open(Path(folder))
        faces = FaceDataset(
            {dataset: opened}, vocabulary, settings.split, model.config.segmentation
        )
        if not len(faces):
            continue
        logits = np.empty((len(faces), len(vocabulary)), np.float32)
        with torch.inference_mode(), images_bar(f"{label} scores {dataset}", len(faces)) as bar:
            for start in range(0, len(faces), settings.batch_size):
                rows = range(start, min(start + settings.batch_size, len(faces)))
                batch = faces.__getitems__(rows)
                batch.pop("labels")
                scored = model(**{k: v.to(device) for k, v in batch.items()}).logits
                logits[rows.start : rows.stop] = scored.float().cpu().numpy()
                bar.update(len(rows))
        in_split = (opened.examples["split"] == settings.split).to_numpy(dtype=bool)
        tables.append(
            _table(
                dataset,
                opened.examples[in_split],
                vocabulary.ids,
                logits,
                consistent_labels(model, logits),
                faces.labels,
            )
        )
    if not tables:
        columns = ["dataset", "photograph", "face", "split"]
        columns += [f"{part}_{id_}" for part in "pdy" for id_ in vocabulary.ids]
        return pd.DataFrame({column: [] for column in columns})
    return pd.concat(tables, ignore_index=True)


def order_effect(
    model_folder: Path,
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
        model_folder: a saved model.
        crops: data set name to its folder of crops.
        settings: split, batch size, device.
        shuffles: random orders that are compared with the vocabulary's own.
        faces: at most this many of the split's faces, the first of each data set in turn.
        seed: of the orders.

    Returns:
        `faces`, `shuffles`; `mean_change` and `largest_change` of a probability;
        `answers_changed`: share of answers on the other side of P = 0.5.
    """
    import torch

    from faceinsight.data.dataset import FaceDataset

    model, device = open_model(model_folder, settings.device)
    opened = {name: StoredCrops.open(Path(folder)) for name, folder in crops.items()}
    opened = {name: of for name, of in opened.items() if len(of)}
    if not opened:
        return {"faces": 0, "shuffles": shuffles}
    maps = model.config.segmentation
    data = FaceDataset(opened, model.vocabulary, settings.split, maps)
    # One face of each data set in turn: numbered within their data sets, sorted by that number.
    within = np.concatenate([np.arange(size) for size in data.sizes])
    rows = np.argsort(within, kind="stable")[:faces].tolist()
    rng = np.random.default_rng(seed)
    orders = [torch.from_numpy(rng.permutation(len(model.vocabulary))) for _ in range(shuffles)]
    changes, flips = [], []
    with torch.inference_mode():
        for start in range(0, len(rows), settings.batch_size):
            batch = data.__getitems__(rows[start : start + settings.batch_size])
            batch.pop("labels")
            inputs = {name: values.to(device) for name, values in batch.items()}
            own = model(**inputs).logits
            for order in orders:
                other = model(**inputs, order=order.to(device)).logits
                changes.append((own.sigmoid() - other.sigmoid()).abs().cpu().numpy())
                flips.append(((own >= 0) != (other >= 0)).cpu().numpy())
    if not changes:
        return {"faces": 0, "shuffles": shuffles}
    change = np.concatenate(changes)
    return {
        "faces": len(rows),
        "shuffles": shuffles,
        "mean_change": float(change.mean()),
        "largest_change": float(change.max()),
        "answers_changed": float(np.concatenate(flips).mean()),
    }


def open_model(
    model_folder: Path, name: str, parameter: str = "prediction.device"
) -> tuple[FaceInsightModel, torch.device]:
    """A saved model in evaluation mode, on its device.

    Args:
        model_folder: a saved model.
        name: of the device; `auto` takes a GPU where there is one.
        parameter: that names the device.

    Raises:
        WeightsError: something of the model is missing.
        ParameterError: there is no such device here.
    """
    import torch

    from faceinsight.model.modeling import FaceInsightModel

    device = find_device(name, parameter)
    model = FaceInsightModel.from_pretrained(model_folder)
    torch.nn.Module.to(model, device).eval()
    return model, device


def _table(
    dataset: str,
    examples: pd.DataFrame,
    ids: tuple[str, ...],
    logits: np.ndarray,
    decoded: np.ndarray,
    labels: np.ndarray,
) -> pd.DataFrame:
    faces = examples[["photograph", "face", "split"]].reset_index(drop=True)
    faces.insert(0, "dataset", dataset)
    truth = pd.DataFrame(labels, columns=[f"y_{id_}" for id_ in ids]).astype("Int8")
    return pd.concat([faces, answer_columns(ids, logits, decoded), truth.mask(truth < 0)], axis=1)


def answer_columns(ids: tuple[str, ...], logits: np.ndarray, decoded: np.ndarray) -> pd.DataFrame:
    """A model's answers as columns of a table: p_<id> float32, d_<id> int8.

    Args:
        ids: K characteristics.
        logits: [N, K] log-odds.
        decoded: [N, K], labels that break no rule.
    """
    probabilities = (1 / (1 + np.exp(-np.clip(logits, -80, 80)))).astype(np.float32)
    return pd.concat(
        [
            pd.DataFrame(probabilities, columns=[f"p_{id_}" for id_ in ids]),
            pd.DataFrame(decoded.astype(np.int8), columns=[f"d_{id_}" for id_ in ids]),
        ],
        axis=1,
    )
