"""Faces to ask about, and tiny checkpoints to ask."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.rivals import tiny
from tests.rivals.making import write_crops, write_photographs


@pytest.fixture
def crops(tmp_path, vocabulary) -> dict[str, Path]:
    """Four faces of FairFace and two of CelebA, of which one each is no test face."""
    fairface, celeba = ["1.png", "2.png", "3.png", "4.png"], ["000001.png", "000002.png"]
    rng = np.random.default_rng(1)
    folders = {}
    for dataset, names in (("fairface", fairface), ("celeba", celeba)):
        raw = tmp_path / "raw" / dataset
        write_photographs(raw, names)
        ids = vocabulary.annotated_by(dataset)
        labels = pd.DataFrame(rng.integers(0, 2, (len(names), len(ids))), columns=list(ids))
        for group in vocabulary.groups.values():
            if set(group) <= set(ids):
                labels[list(group)] = 0
                labels[group[rng.integers(len(group))]] = 1
        table = labels.astype("Int8").assign(
            photograph=names,
            face=np.zeros(len(names), np.int16),
            split=["test"] * (len(names) - 1) + ["val"],
        )
        folders[dataset] = write_crops(tmp_path / "crops" / dataset, dataset, raw, table)
    return folders


@pytest.fixture(scope="session", params=list(tiny.BUILDERS))
def checkpoint(request, tmp_path_factory) -> tuple[str, Path]:
    """A tiny checkpoint of each native class: its kind and folder."""
    folder = tmp_path_factory.mktemp("checkpoints") / request.param
    tiny.save(request.param, folder)
    return request.param, folder
