"""Which data sets there are, and what is refused before anything runs."""

import importlib

import pytest
from pydantic import ValidationError

from faceinsight.data import registry
from faceinsight.errors import ParameterError, VocabularyError
from faceinsight.method.characteristics import VocabularyConfig
from faceinsight.pipelines.each_dataset import of_each
from faceinsight.pipelines.ingestion.nodes import build_vocabulary

TABLE = {"table": {"file": "a.csv"}}


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    monkeypatch.setattr(registry, "_names", registry._names)


@pytest.mark.parametrize("name", registry.DATA_SETS)
def test_every_entry_has_a_reader(name):
    assert callable(importlib.import_module(f"faceinsight.data.readers.{name}").read)


def test_the_configured_data_sets_are_those_that_there_are(vocabulary):
    assert registry.dataset_names() == tuple(registry.DATA_SETS)
    registry.configure_datasets({"celeba": None, "mine": TABLE})
    assert of_each("crops") == {"celeba": "celeba.crops", "mine": "mine.crops"}
    assert registry.check_dataset("mine") == "mine"
    assert registry.dataset_name("mine") == "mine"
    assert registry.dataset_name("rafdb") == "RAF-DB"
    assert registry.holds_people("maad")
    assert not registry.holds_people("mine")
    config = vocabulary.to_config()
    config["tasks"]["mine"] = {"attributes": "attributes"}
    config["characteristics"]["Bald"]["names"]["mine"] = "bald"
    assert "mine" in build_vocabulary(VocabularyConfig(**config)).datasets


@pytest.mark.parametrize(
    ("datasets", "said"),
    [
        ({"celaba": {}}, "there is no data set 'celaba'; there are celeba, maad"),
        ({"celaba": {}}, "did you mean 'celeba'"),
        ({"mine": {"name": "mine"}}, r"nothing reads 'mine' until datasets\.mine\.table says how"),
        ({"mine": {"use": False}}, "nothing reads 'mine'"),
        ({"mine": {"table": {}}}, r"datasets\.mine\.table: {} names no file"),
        ({"mine": {"table": "a.csv"}}, r"write datasets\.mine\.table\.file"),
        ({"celeba": TABLE}, "CelebA has a reader of its own"),
        ({"my.own": TABLE}, "letters, digits and underscores"),
        ({2024: TABLE}, "letters, digits and underscores"),
        ({"celeba": 3}, r"datasets\.celeba: 3 says nothing of a data set"),
        ({}, r"datasets: \{\} names no data set"),
        (3, "datasets: 3 names no data set"),
    ],
)
def test_what_cannot_be_read_is_refused(datasets, said):
    with pytest.raises(ParameterError, match=said):
        registry.configure_datasets(datasets)
    assert registry.dataset_names() == tuple(registry.DATA_SETS)


def test_a_vocabulary_names_data_sets_alone(vocabulary):
    config = vocabulary.to_config()
    config["characteristics"]["Bald"]["names"]["celaba"] = "Bald"
    with pytest.raises(VocabularyError, match="'celaba' is no data set; there are celeba"):
        build_vocabulary(VocabularyConfig(**config))


@pytest.mark.parametrize(
    "limit", ["abc", -5, 2.5, True, {"training": 3}, {"train": -1}, {"val": "many"}, {"test": 0.5}]
)
def test_a_limit_that_cannot_be_meant_is_one_fault(limit):
    with pytest.raises(ValidationError) as caught:
        registry.DatasetSettings(limit=limit)
    (fault,) = caught.value.errors()
    assert fault["loc"] == ("limit",)
    assert "train, val and test" in fault["msg"]


@pytest.mark.parametrize("limit", [None, 0, 8, {"train": 3, "val": None}])
def test_a_limit_is_a_number_or_one_of_each_split(limit):
    assert registry.DatasetSettings(limit=limit).limit == limit


def test_a_file_names_what_is_held_out(tmp_path):
    file = tmp_path / "held_out.txt"
    file.write_text("# two photographs\ntrain/1.jpg\n\ntrain/2.jpg  # and why\n")
    assert registry.DatasetSettings(exclude=file).held_out() == {"train/1.jpg", "train/2.jpg"}
    assert registry.DatasetSettings().held_out() == frozenset()
    with pytest.raises(ParameterError, match=r"exclude: there is no file .*nothing\.txt"):
        registry.DatasetSettings(exclude=tmp_path / "nothing.txt").held_out()


@pytest.mark.parametrize(
    "box", [[0.8, 0.3, 0.2, 0.9], [0.2, 0.3, 0.8, 0.3], [0, 0, 1.2, 1], [0, 1]]
)
def test_an_aligned_box_holds_something_of_its_photograph(box: list[float]) -> None:
    with pytest.raises(ValidationError, match="aligned_box"):
        registry.DatasetSettings(aligned_box=box)


def used(**settings):
    return {name: registry.DatasetSettings(**of) for name, of in settings.items()}


@pytest.mark.parametrize(
    ("datasets", "said"),
    [
        ({"celeba": {"use": False}}, "none takes part; give one of them use: true"),
        ({"celeba": {"weight": 0}, "maad": {"use": False}}, "every data set that takes part has"),
        ({"celeba": {}, "mine": TABLE}, r"mine\.use: the vocabulary has no task for mine"),
        ({"rafdb": {}}, r"datasets\.rafdb: there is no folder .*/rafdb; put RAF-DB there"),
    ],
)
def test_data_sets_that_cannot_take_part_are_told(tmp_path, datasets, said):
    (tmp_path / "CelebA").mkdir()
    labelled = set(registry.DATA_SETS)
    registry.check_use(used(celeba={}, rafdb={"use": False}), labelled, tmp_path)
    registry.check_use(used(rafdb={}), labelled, None)  # drawn
    with pytest.raises(ParameterError, match=said):
        registry.check_use(used(**datasets), labelled, tmp_path)


def test_a_weight_is_finite():
    with pytest.raises(ValidationError, match="finite"):
        registry.DatasetSettings(weight=float("inf"))
