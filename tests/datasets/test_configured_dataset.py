import json

from faceinsight.characteristics import Vocabulary
from faceinsight.datasets import ConfiguredDataset


def test_an_object_comes_back_equal(tmp_path, vocabulary):
    dataset = ConfiguredDataset(
        object="faceinsight.characteristics.Vocabulary", filepath=str(tmp_path / "vocabulary.json")
    )
    dataset.save(vocabulary)
    loaded = dataset.load()
    assert isinstance(loaded, Vocabulary)
    assert loaded == vocabulary
    assert json.loads(dataset.preview())["order"] == list(vocabulary.ids)
