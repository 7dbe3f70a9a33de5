"""Face crops of several data sets as one torch data set that is read in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch.utils.data import Dataset

from faceinsight.data.augmentation import AugmentationSettings, augment
from faceinsight.data.splits import hash_units
from faceinsight.data.store import StoredCrops
from faceinsight.method.characteristics import Vocabulary

if TYPE_CHECKING:
    import pandas as pd


Fold = Literal["stopping", "calibration"]
"""Halves of the validation part of a coherent model: what training stops on, and what says how sure
the model may be."""

_FOLDS = 15
"""Seed of the halves; another one than that of splits."""


class FaceDataset(Dataset):
    """One split of several data sets' crops, one after the other.

    Args:
        crops: data set name to its crops.
        vocabulary: gives the order of the labels.
        split: train, val or test.
        with_maps: whether label maps are read.
        augmentation: None leaves the examples as they are.
        fold: one half of the photographs, by a hash of their names; all, if None.

    Items are given in batches (`__getitems__`): photographs uint8 [B, S, S, 3], maps uint8
    [B, S, S] (where read), labels int8 [B, K] with -1 for unknown.
    """

    def __init__(
        self,
        crops: Mapping[str, StoredCrops],
        vocabulary: Vocabulary,
        split: str,
        with_maps: bool,
        augmentation: AugmentationSettings | None = None,
        fold: Fold | None = None,
    ) -> None:
        self.names = tuple(crops)
        self._crops = tuple(crops.values())
        self._rows = [_rows(f.examples, split, fold) for f in self._crops]
        self.sizes = [len(rows) for rows in self._rows]
        self._ends = np.cumsum(self.sizes)
        # int8 [n, K] in memory: 82 bytes an example, 270 MB for MAAD's 3.3 million.
        self.labels = np.concatenate(
            [f.labels(vocabulary)[rows] for f, rows in zip(self._crops, self._rows, strict=True)]
        )
        self._with_maps = with_maps
        self._augmentation = augmentation

    def __len__(self) -> int:
        return int(self._ends[-1])

    @property
    def raw_folders(self) -> list[str]:
        """Where each data set's photographs lay when its crops were made."""
        return [str(crops.header["raw"]) for crops in self._crops]

    @property
    def years(self) -> np.ndarray:
        """Each face's age, float64 [n]; NaN where it is not known in years."""
        return np.concatenate(
            [
                f.examples["years"].to_numpy(dtype=np.float64, na_value=np.nan)[rows]
                if "years" in f.examples
                else np.full(len(rows), np.nan)
                for f, rows in zip(self._crops, self._rows, strict=True)
            ]
        )

    @property
    def dataset_numbers(self) -> np.ndarray:
        """Position in `names` of each example's data set, int64 [n]."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def __getitem__(self, item: int | tuple[int, int]) -> dict[str, torch.Tensor]:
        return {name: values[0] for name, values in self.__getitems__([item]).items()}

    def __getitems__(self, items: Sequence[int | tuple[int, int]]) -> dict[str, torch.Tensor]:
        """A batch; items are indices, or (index, integer for augmentation) from the sampler."""
        pairs = [item if isinstance(item, tuple) else (item, 0) for item in items]
        index = np.array([pair[0] for pair in pairs], dtype=np.int64)
        numbers = np.searchsorted(self._ends, index, side="right")
        size = self._crops[0].size
        photographs = np.empty((len(index), size, size, 3), np.uint8)
        maps = np.empty((len(index), size, size), np.uint8) if self._with_maps else None
        for number in np.unique(numbers):
            here = np.flatnonzero(numbers == number)
            start = self._ends[number] - self.sizes[number]
            rows = self._rows[number][index[here] - start]
            photographs[here] = self._crops[number].photographs(rows)
            if maps is not None:
                maps[here] = self._crops[number].maps(rows)
        if self._augmentation is not None:
            draws = np.array([pair[1] for pair in pairs], dtype=np.uint64)
            photographs, maps = augment(photographs, maps, draws, self._augmentation)
        batch = {
            "photographs": torch.from_numpy(photographs),
            "labels": torch.from_numpy(self.labels[index]),
        }
        if maps is not None:
            batch["maps"] = torch.from_numpy(maps)
        return batch


def _rows(examples: pd.DataFrame, split: str, fold: Fold | None) -> np.ndarray:
    rows = np.flatnonzero((examples["split"] == split).to_numpy(dtype=bool))
    return rows if fold is None else rows[in_fold(examples["photograph"].iloc[rows], fold)]


def in_fold(photographs: pd.Series, fold: Fold) -> np.ndarray:
    """Which of the validation faces, by their photographs' names, are in a half; bool [N]."""
    return (hash_units(photographs, _FOLDS) < 0.5) == (fold == "stopping")


def keep_batch(batch: Any) -> Any:
    """Collate function: `__getitems__` has already made a batch."""
    return batch
