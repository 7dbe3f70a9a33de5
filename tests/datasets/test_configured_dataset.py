import json

from faceinsight.datasets import ConfiguredDataset
from faceinsight.method.characteristics import Vocabulary


def test_an_object_comes_back_equal(tmp_path, vocabulary):
    dataset = ConfiguredDataset(
        object="faceinsight.method.characteristics.Vocabulary",
        filepath=str(tmp_path / "vocabulary.json"),
    )
    dataset.save(vocabulary)
    loaded = dataset.load()
    assert isinstance(loaded, Vocabulary)
    assert loaded == vocabulary
    assert json.loads(dataset.preview())["order"] == list(vocabulary.ids)
