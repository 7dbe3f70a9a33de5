"""Which region of the face each characteristic hangs on, over many faces, beside where it ought to.

Of one face a region's share may be what any face without it gives: nobody has seen a face without
skin. Over many faces that is the same for those with the characteristic and those without, and
falls out of the difference of their means,

    part(r, j) = mean share(r, j) over faces with j - mean share(r, j) over faces without j:

by so much the gap in log-odds that tells the two apart is smaller once the region is erased. A
region that a face does not have takes nothing away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from faceinsight.data.store import StoredCrops
from faceinsight.evaluation.settings import RegionsSettings
from faceinsight.inference.cropper import Crops
from faceinsight.inference.explanation import region_shares
from faceinsight.inference.regions import REGIONS
from faceinsight.inference.split_scores import in_turn
from faceinsight.model.labels import log_odds, taught

if TYPE_CHECKING:
    from faceinsight.inference.faceinsight import FaceInsight
    from faceinsight.method.characteristics import Vocabulary

_SURE = 2.0
"""Standard errors by which the log-odds of faces with and without a characteristic must differ, on
average, before it is said to hang on anything."""


def region_parts(shares: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The part of the gap between faces with and without that goes with each region.

    Args:
        shares: [N, R, K], NaN where a face has no such region.
        labels: [N, K] of 1 present, 0 absent, -1 unknown.

    Returns:
        [R, K] in nats; NaN where there is no face with the characteristic, or none without.
    """
    means = []
    for value in (1, 0):
        of = (labels == value).astype(np.float64)
        with np.errstate(invalid="ignore"):
            means.append(np.einsum("nk,nrk->rk", of, np.nan_to_num(shares)) / of.sum(axis=0))
    return means[0] - means[1]


def told_apart(odds: np.ndarray, labels: np.ndarray) -> tuple[float, bool]:
    """By how much faces with one characteristic have higher log-odds of it, and whether for sure.

    Args:
        odds: [N] log-odds.
        labels: [N] of 1 present, 0 absent, -1 unknown; both must occur.
    """
    there, not_there = (odds[labels == value] for value in (1, 0))
    gap = float(there.mean() - not_there.mean())
    error = np.sqrt(there.var() / len(there) + not_there.var() / len(not_there))
    return gap, bool(gap > _SURE * error)


def measure_regions(
    model: FaceInsight, crops: Mapping[str, Path], settings: RegionsSettings, split: str = "test"
) -> dict[str, Any]:
    """What a model's characteristics hang on, over faces of a split.

    Args:
        model: is asked.
        crops: data set name to its folder of crops; those without label maps are left out.
        settings: how many faces, and where each characteristic is expected to be seen.
        split: of the faces.

    Returns:
        Empty where there are no faces with maps. Else `faces`, `method`, and `characteristics`: for
        each that `minimum` faces have and `minimum` have not, `present` and `absent`, how many;
        `gap` in mean log-odds between them, and whether it is `sure`; `parts`, region to its part
        of it, the largest first; `expected` regions, None where nothing is; and `elsewhere`,
        whether for sure the first region is none of them, and ahead of each of them.

    Raises:
        ParameterError: the expectations name what there is not.
    """
    from faceinsight.data.dataset import FaceDataset

    vocabulary = model.vocabulary
    expected = settings.by_characteristic(vocabulary)
    opened = {name: StoredCrops.open(Path(folder)) for name, folder in crops.items()}
    opened = {name: of for name, of in opened.items() if len(of) and of.header["maps"]}
    if not opened:
        return {}
    data = FaceDataset(opened, vocabulary, split, with_maps=True)
    rows = in_turn(data, settings.faces)
    if not rows:
        return {}
    batch = data.__getitems__(rows)
    faces = Crops.of_arrays(batch["photographs"].numpy(), batch["maps"].numpy())
    z, shares = region_shares(model, faces)
    return {
        "faces": len(rows),
        "method": "fill",
        "characteristics": _by_characteristic(
            log_odds(model.network, z),
            shares,
            np.where(taught(model.network), batch["labels"].numpy(), -1),
            vocabulary,
            expected,
            settings.minimum,
        ),
    }


def _by_characteristic(
    odds: np.ndarray,
    shares: np.ndarray,
    labels: np.ndarray,
    vocabulary: Vocabulary,
    expected: Mapping[str, Sequence[str]],
    minimum: int,
) -> dict[str, Any]:
    parts, names, found = region_parts(shares, labels), list(REGIONS), {}
    there = np.nan_to_num(shares)
    for column, id_ in enumerate(vocabulary.ids):
        present, absent = (int((labels[:, column] == value).sum()) for value in (1, 0))
        if min(present, absent) < minimum:
            continue
        gap, sure = told_apart(odds[:, column], labels[:, column])
        order = np.argsort(-parts[:, column], kind="stable")
        where, first, elsewhere = expected.get(id_), int(order[0]), False
        if sure and where is not None and names[first] not in where:
            # Of several regions the first may be so by luck: it must lead for sure.
            best = max((names.index(name) for name in where), key=parts[:, column].__getitem__)
            lead = there[:, first, column] - there[:, best, column]
            elsewhere = told_apart(lead, labels[:, column])[1]
        found[id_] = {
            "present": present,
            "absent": absent,
            "gap": gap,
            "sure": sure,
            "parts": {names[region]: float(parts[region, column]) for region in order},
            "expected": None if where is None else list(where),
            "elsewhere": elsewhere,
        }
    return found
