"""Example faces of the report: what was seen in them, and what the data set says."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.data.classes import MAP_COLOURS
from faceinsight.method.characteristics import Vocabulary
from faceinsight.reports.charts import characteristic_name

if TYPE_CHECKING:
    from faceinsight.data.store import StoredCrops

_LARGEST = 192
"""Pictures are shrunk to this side, so that the page stays small."""


@dataclass(frozen=True)
class ExampleFace:
    """One face to show.

    Attributes:
        dataset: where it is from.
        photograph: its file.
        picture: uint8 [S, S, 3], RGB.
        map: uint8 [S, S], class numbers of its label map, or None.
        probabilities: [K].
        decoded: bool [K], the labels that contradict no rule.
        labels: int8 [K], -1 unknown.
    """

    dataset: str
    photograph: str
    picture: NDArray[np.uint8]
    map: NDArray[np.uint8] | None
    probabilities: NDArray[np.floating]
    decoded: NDArray[np.bool_]
    labels: NDArray[np.int8]


@dataclass(frozen=True)
class Finding:
    """One label of an example face as the page shows it.

    Attributes:
        text: the characteristic, and for a class that is wrong the true one.
        mark: `right`, `wrong` (said, but the data set denies it), `missed` (the data set says it),
            or `open` (the data set does not know).
        probability: the model's P, before decoding.
    """

    text: str
    mark: Literal["right", "wrong", "missed", "open"]
    probability: float


def example_faces(
    predictions: pd.DataFrame,
    crops: Mapping[str, StoredCrops],
    vocabulary: Vocabulary,
    *,
    per_dataset: int = 4,
    seed: int = 0,
) -> list[ExampleFace]:
    """Draw example faces at random, not by how well they were recognised.

    Args:
        predictions: one row a face: `dataset, photograph, face`, `p_<id>`, `d_<id>`, `y_<id>`.
        crops: data set to its crops; one that is not named here gives no examples.
        vocabulary: the characteristics.
        per_dataset: most faces of each data set.
        seed: of the draw.
    """
    examples = []
    for dataset, of in crops.items():
        rows = predictions[predictions["dataset"] == dataset].sort_values(["photograph", "face"])
        chosen = np.random.default_rng(seed).permutation(len(rows))[:per_dataset]
        for _, row in rows.iloc[np.sort(chosen)].iterrows():
            is_it = (of.examples["photograph"] == row["photograph"]) & (
                of.examples["face"] == row["face"]
            )
            index = np.flatnonzero(is_it.to_numpy(dtype=bool))[:1]
            if not len(index):
                continue  # predicted on crops that have been made anew since
            has_map = of.examples["map_from"].iloc[index[0]] != "none"
            examples.append(
                ExampleFace(
                    dataset=dataset,
                    photograph=str(row["photograph"]),
                    picture=of.photographs(index)[0],
                    map=of.maps(index)[0] if has_map else None,
                    probabilities=_values(row, "p_", vocabulary).astype(np.float32),
                    decoded=_values(row, "d_", vocabulary) == 1,
                    labels=_values(row, "y_", vocabulary).astype(np.int8),
                )
            )
    return examples


def _values(row: pd.Series, prefix: str, vocabulary: Vocabulary) -> NDArray[np.float64]:
    values = [row[prefix + id_] for id_ in vocabulary.ids]
    return np.array([-1.0 if pd.isna(v) else float(v) for v in values])


def findings(face: ExampleFace, vocabulary: Vocabulary) -> list[Finding]:
    """What the model said of a face beside what its data set says, as far as that annotates it.

    Of a group, the class that was answered; of single characteristics, those that were said or
    should have been, the surest first. Nothing of what the model was never taught.
    """
    found: list[Finding] = []
    for task in vocabulary.tasks(face.dataset):
        columns = np.array([vocabulary.index[m] for m in task.members])
        decoded, labels = face.decoded[columns], face.labels[columns]
        p = face.probabilities[columns]
        names = [characteristic_name(m).split(" (of ")[0] for m in task.members]
        if task.one_of:
            if (p < 0).all():
                continue  # the model was never taught any of them
            answer = int(decoded.argmax()) if decoded.any() else int(p.argmax())
            if (labels == 1).sum() != 1:
                found.append(Finding(names[answer], "open", float(p[answer])))
            elif labels[answer] == 1:
                found.append(Finding(names[answer], "right", float(p[answer])))
            else:
                text = f"{names[answer]} (is {names[int(labels.argmax())]})"
                found.append(Finding(text, "wrong", float(p[answer])))
            continue
        shown = (decoded | (labels == 1)) & (p >= 0)
        for column in sorted(np.flatnonzero(shown), key=lambda c: -p[c]):
            mark: Literal["right", "wrong", "missed", "open"] = "missed"
            if decoded[column]:
                label = int(labels[column])
                mark = "right" if label == 1 else "wrong" if label == 0 else "open"
            found.append(Finding(names[column], mark, float(p[column])))
    return found


def picture_uri(picture: NDArray[np.uint8]) -> str:
    """An RGB picture [S, S, 3] as a PNG within a `data:` address."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(picture))
    image.thumbnail((_LARGEST, _LARGEST))
    return _png(image)


def map_uri(label_map: NDArray[np.uint8]) -> str:
    """A label map [S, S] in the colours of its classes, as a PNG within a `data:` address."""
    from PIL import Image

    image = Image.fromarray(MAP_COLOURS[label_map])
    image.thumbnail((_LARGEST, _LARGEST), Image.Resampling.NEAREST)
    return _png(image)


def _png(image: Any) -> str:
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
