"""A folder that is there already, by its path."""

import pytest
from kedro.io import DatasetError

from faceinsight.datasets import PlaceDataset


def test_the_place_is_given_back_and_nothing_is_copied(tmp_path):
    place = PlaceDataset(filepath=str(tmp_path / "raw"))
    assert not place.exists()
    with pytest.raises(DatasetError, match=r"no folder .*raw; run what makes it first"):
        place.load()
    (tmp_path / "raw").mkdir()
    place.save(tmp_path / "raw")
    assert place.load() == tmp_path / "raw"
    assert place.exists()
    with pytest.raises(DatasetError, match="is given, but"):
        place.save(tmp_path)
