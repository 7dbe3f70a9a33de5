"""Which part of the data a photograph belongs to: train, val or test.

Where a data set has no split of its own, or lacks a part, a seeded hash of a key (the photograph's
name, or its person's identity) decides. The hash is BLAKE2b of seed and key, so that the same key
falls into the same part on every machine, with every version of every library, in whatever order
the rows stand, and whatever other photographs there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from faceinsight.errors import LabelFileError, ParameterError

PARTS = ("train", "val", "test")
"""The parts of a data set, as they stand in the `split` column of every label table."""

HELD_OUT = "held_out"
"""The part of faces that a data set's `exclude` names: no training, validation or calibration sees
them, and they do not count among the test faces."""

TRAIN, VAL, TEST = range(3)


def hash_units(keys: Iterable[str], seed: int) -> np.ndarray:
    """Hash keys to numbers that are uniform in [0, 1).

    Args:
        keys: N texts.
        seed: another seed gives numbers that have nothing to do with these.

    Returns:
        float64 [N], multiples of 2^-53.
    """
    prefix = hashlib.blake2b(f"{seed}:".encode(), digest_size=8)
    digests = bytearray()
    for key in keys:
        hasher = prefix.copy()
        hasher.update(key.encode())
        digests += hasher.digest()
    return (np.frombuffer(bytes(digests), "<u8") >> np.uint64(11)) * 2.0**-53


@dataclass(frozen=True)
class SeededSplit:
    """How a data set is split where its authors did not split it.

    Attributes:
        seed: seed of the hash.
        val_share: share of the keys that validate; of the train part where a test part is given.
        test_share: share of the keys that test.

    Raises:
        ParameterError: a share is not between 0 and 1, or nothing is left to train on.
    """

    seed: int = 0
    val_share: float = 0.1
    test_share: float = 0.1

    def __post_init__(self) -> None:
        for name in ("val_share", "test_share"):
            if not 0 < getattr(self, name) < 1:
                raise ParameterError(
                    f"{name} is {getattr(self, name)}, but must lie between 0 and 1"
                )
        if self.val_share + self.test_share >= 1:
            raise ParameterError(
                f"val_share {self.val_share} and test_share {self.test_share} leave nothing to"
                " train on: their sum must be below 1"
            )

    def parts(self, keys: pa.Array | pa.ChunkedArray) -> pa.Array:
        """Train, val or test for each row by the hash of its key.

        Args:
            keys: N strings; rows with the same key fall into the same part.

        Returns:
            N strings out of `PARTS`.
        """
        return self._parts(keys, self.test_share)

    def train_and_val(self, keys: pa.Array | pa.ChunkedArray) -> pa.Array:
        """Train or val for each row by the hash of its key, where the test part is given.

        Args:
            keys: N strings.

        Returns:
            N strings, "train" or "val".
        """
        return self._parts(keys, 0.0)

    def _parts(self, keys: pa.Array | pa.ChunkedArray, test_share: float) -> pa.Array:
        unique, rows = _distinct(keys)
        units = hash_units(unique, self.seed)
        codes = np.select([units < test_share, units < test_share + self.val_share], [TEST, VAL])
        return as_parts(codes[rows])


def as_parts(codes: np.ndarray) -> pa.Array:
    """Part numbers (`TRAIN`, `VAL`, `TEST`) [N] as N strings."""
    return pa.array(PARTS, pa.string()).take(pa.array(codes, pa.int8()))


def resplit_if_one_part(
    table: pd.DataFrame,
    seed: int,
    *,
    val_share: float = 0.1,
    test_share: float = 0.1,
    by_folder: bool = False,
) -> tuple[pd.DataFrame, str | None]:
    """Split a table anew where the photographs at hand leave train, val or test empty.

    Who has only the first thousands of CelebA's photographs has nothing but its train part. Where
    there are train and test photographs, some of train validate, and test stays as it is. Else the
    keys are ranked by their hash, and the first of them test and validate; so each part has at
    least one key, which the hash's value alone could not promise for few photographs.

    Args:
        table: a label table of the photographs at hand.
        seed: seed of the hash.
        val_share: share of the keys that validate.
        test_share: share of the keys that test.
        by_folder: the key is the photograph's folder (MAAD: one person's photographs) in place of
            the photograph.

    Returns:
        The table (itself where no part is empty, or it has no rows), and the reason for splitting
        it anew as a sentence for the report, or None.

    Raises:
        LabelFileError: there are fewer than three keys, so that a part stays empty.
        ParameterError: the shares leave nothing to train on.
    """
    split = SeededSplit(seed, val_share, test_share)
    counts = {part: int((table["split"] == part).sum()) for part in PARTS}
    if not len(table) or all(counts.values()):
        return table, None
    keys = pa.array(table["photograph"], pa.string())
    kind = "photograph"
    if by_folder:
        keys = pc.replace_substring_regex(keys, r"/[^/]*$", "")
        kind = "photograph's folder"
    held = ", ".join(f"{part} {count}" for part, count in counts.items())
    unique, rows = _distinct(keys)
    if counts["train"] and counts["test"]:
        # The official test part stays what it is: scores on it are what others report.
        in_train = np.isin(np.arange(len(unique)), rows[(table["split"] == "train").to_numpy(bool)])
        candidates = np.flatnonzero(in_train)
        if len(candidates) > 1:
            order = candidates[_ranks([unique[c] for c in candidates], seed)]
            chosen = order[: max(1, min(len(order) - 1, round(len(order) * val_share)))]
            parts = table["split"].mask(np.isin(rows, chosen), "val")
            return table.assign(split=parts), (
                f"the photographs at hand leave no val part ({held}), so a part of train validates,"
                f" by a hash of the {kind} with seed {seed}"
            )
    if len(unique) < len(PARTS):
        raise LabelFileError(
            f"{len(unique)} {'folders of ' if by_folder else ''}photographs cannot be split into"
            f" {', '.join(PARTS)}: put at least {len(PARTS)} of them into the raw folder"
        )
    codes = _ranked_parts(unique, split)
    missing = " and no ".join(part for part, count in counts.items() if not count)
    reason = (
        f"the photographs at hand leave no {missing} part ({held}), so they are split anew by a"
        f" hash of the {kind} with seed {seed}"
    )
    return table.assign(split=pd.array(as_parts(codes[rows]), pd.ArrowDtype(pa.string()))), reason


def _ranks(keys: list[str], seed: int) -> np.ndarray:
    """Positions of the keys in the order of their hash; the key itself breaks ties."""
    return np.lexsort((np.array(keys), hash_units(keys, seed)))


def _ranked_parts(keys: list[str], split: SeededSplit) -> np.ndarray:
    order = _ranks(keys, split.seed)
    tests = max(1, round(len(keys) * split.test_share))
    validates = max(1, round(len(keys) * split.val_share))
    if tests + validates >= len(keys):
        tests = validates = 1
    codes = np.full(len(keys), TRAIN)
    codes[order[:tests]] = TEST
    codes[order[tests : tests + validates]] = VAL
    return codes


def _distinct(keys: pa.Array | pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    """The distinct keys, and for each row which of them it has."""
    encoded = pc.dictionary_encode(keys)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):  # no chunk at all
            return [], np.zeros(0, np.int64)
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False)
