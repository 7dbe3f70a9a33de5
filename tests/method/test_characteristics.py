"""The vocabulary: the project's own, and configurations that contradict themselves."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from faceinsight.common.work import digest
from faceinsight.errors import VocabularyError
from faceinsight.method.characteristics import Characteristic, Vocabulary, VocabularyConfig
from faceinsight.method.rules.compiler import compile_rules

SMALL: dict[str, Any] = {
    "characteristics": {
        "Bald": {"phrase": "a bald head", "names": {"one": "Bald", "two": "bald"}},
        "Male": {"phrase": "a man", "names": {"one": "Male", "three": "0"}},
        "Female": {"phrase": "a woman", "names": {"three": "1"}},
        "young": {"phrase": "a young face", "names": {"three": "0-29"}},
        "middle": {"phrase": "a middle-aged face", "names": {"three": "30-59"}},
        "old": {"phrase": "an old face", "names": {"three": "60+"}},
    },
    "groups": {"gender": ["Male", "Female"], "age": ["young", "middle", "old"]},
    "tasks": {
        "one": {"attributes": "attributes"},
        "two": {"attributes": "attributes"},
        "three": {"age": "age", "gender": "gender"},
    },
}


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    config = copy.deepcopy(SMALL)
    change(config)
    return config


# The project's own vocabulary


def test_own_vocabulary_is_complete(vocabulary: Vocabulary) -> None:
    assert len(vocabulary) == 82
    assert vocabulary.ids[:2] == ("5_o_Clock_Shadow", "Arched_Eyebrows")
    assert vocabulary.ids[-1] == "neutral"
    assert {name: len(members) for name, members in vocabulary.groups.items()} == {
        "gender": 2, "age": 9, "race7": 7, "race5": 5, "expression": 7,
    }  # fmt: skip
    annotated = {dataset: len(vocabulary.annotated_by(dataset)) for dataset in vocabulary.datasets}
    assert annotated == {
        "celeba": 41, "maad": 48, "fairface": 18, "utkface": 16, "expw": 7, "rafdb": 7,
    }  # fmt: skip
    assert set().union(*map(vocabulary.annotated_by, vocabulary.datasets)) == set(vocabulary.ids)


def test_own_phrases_differ_and_are_lowercase(project_root: Path) -> None:
    text = (project_root / "conf/base/characteristics.yml").read_text(encoding="utf-8")
    entries = yaml.safe_load(text)["vocabulary"]["characteristics"].values()
    phrases = [entry["phrase"] for entry in entries]
    assert len(set(phrases)) == len(phrases) == 92
    assert all(phrase == phrase.lower() for phrase in phrases)
    assert all("face" in phrase for phrase in phrases)


def test_own_names_are_the_published_columns(vocabulary: Vocabulary, shared: Path) -> None:
    with (shared / "data/celeba/list_attr_celeba.txt").open() as stream:
        stream.readline()
        assert list(vocabulary.named_by("celeba").values()) == stream.readline().split()
    with (shared / "formats/maad/MAAD_Face.csv").open() as stream:
        columns = stream.readline().strip().split(",")[2:]
    assert set(vocabulary.named_by("maad").values()) == set(columns)


def test_utkface_ages_switch_to_decades(project_root: Path, vocabulary: Vocabulary) -> None:
    text = (project_root / "conf/base/characteristics.yml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)["vocabulary"]
    config["tasks"]["utkface"]["age"] = "age_decades"
    decades = Vocabulary.from_config(config)
    assert len(decades) == 92  # FairFace's ages stay: it still uses them
    ages = next(task for task in decades.tasks("utkface") if task.name == "age")
    assert len(ages.members) == 10
    assert not {"age_0_2", "age_70_plus"} & set(decades.annotated_by("utkface"))
    assert not [id_ for id_ in vocabulary.ids if id_.startswith("age_decade")]


def test_race_is_left_out_by_configuration_alone(project_root: Path) -> None:
    def read(file: str) -> Any:
        return yaml.safe_load((project_root / "conf" / file).read_text(encoding="utf-8"))

    left_out = read("embedded/characteristics.yml")["vocabulary"]
    config = read("base/characteristics.yml")["vocabulary"] | left_out
    vocabulary = Vocabulary.from_config(config)
    assert list(vocabulary.groups) == ["gender", "age", "expression"]
    assert len(vocabulary) == 82 - 7 - 5 - 3
    assert not {"Asian", "White", "Black"} & set(vocabulary.ids)
    assert [task.name for task in vocabulary.tasks("utkface")] == ["age", "gender"]
    assert {"Pale_Skin"} < set(vocabulary.sensitive) < set(vocabulary.ids)
    assert Vocabulary.from_config(vocabulary.to_config()) == vocabulary
    written = VocabularyConfig.model_validate(config)
    compiled = compile_rules(read("base/rules.yml")["rules"], vocabulary, written)
    assert {column for rule in compiled.rules for column in rule.columns} <= {*range(67)}
    assert not [rule.text for rule in compiled.rules if "race" in rule.text]


# Any vocabulary


def test_order_index_and_phrases() -> None:
    small = Vocabulary.from_config(SMALL)
    assert small.ids == tuple(SMALL["characteristics"])
    assert [small.index[id_] for id_ in small.ids] == list(range(len(small)))
    assert small.phrases[0] == "a bald head"
    assert small.characteristics[1].group == "gender"
    assert small.characteristics[0].group is None


def test_tasks() -> None:
    small = Vocabulary.from_config(SMALL)
    (attributes,) = small.tasks("one")
    assert (attributes.name, attributes.members, attributes.one_of) == (
        "attributes", ("Bald", "Male"), False,
    )  # fmt: skip
    age, gender = small.tasks("three")
    assert (age.members, age.one_of) == (("young", "middle", "old"), True)
    assert gender.members == ("Male", "Female")


def test_the_task_of_a_group(vocabulary: Vocabulary) -> None:
    tasks = {group: vocabulary.task_of_group(group) for group in ("race7", "race5", "age")}
    assert tasks == {"race7": "race", "race5": "race", "age": "age"}
    assert Vocabulary.from_config(SMALL).task_of_group("nothing") == "nothing"


def test_a_pair_of_which_one_is_annotated_gives_the_other() -> None:
    small = Vocabulary.from_config(SMALL)
    assert small.complements("one") == {"Male": "Female"}
    assert small.annotated_by("one") == ("Bald", "Male", "Female")
    assert small.complements("two") == {}
    assert small.complements("three") == {}
    assert small.named_by("two") == {"Bald": "bald"}


def test_attributes_leave_out_what_another_task_scores() -> None:
    def change(config: dict[str, Any]) -> None:
        config["characteristics"]["Bald"]["names"]["three"] = "bald"
        config["tasks"]["three"]["attributes"] = "attributes"

    tasks = Vocabulary.from_config(changed(change)).tasks("three")
    assert [task.name for task in tasks] == ["age", "gender", "attributes"]
    assert tasks[-1].members == ("Bald",)


def test_what_is_sensitive_is_named_and_an_older_file_takes_the_usual_list(
    vocabulary: Vocabulary,
) -> None:
    config = vocabulary.to_config()
    assert {"race5_Asian", "race7_Indian", "White", "Attractive"} < set(vocabulary.sensitive)
    assert not {"Male", "age_20_29", "Smiling"} & set(vocabulary.sensitive)
    del config["sensitive"]
    assert Vocabulary.from_config(config).sensitive == vocabulary.sensitive
    chosen = Vocabulary.from_config(config | {"sensitive": ["gender", "Bald"]})
    assert chosen.sensitive == ("Bald", "Male", "Female")
    with pytest.raises(VocabularyError, match="sensitive names 'Bold'"):
        Vocabulary.from_config(config | {"sensitive": ["Bold"]})


def test_configuration_comes_back(vocabulary: Vocabulary) -> None:
    for one in (vocabulary, Vocabulary.from_config(SMALL)):
        again = Vocabulary.from_config(one.to_config())
        assert again == one
        assert hash(again) == hash(one)
        assert again.ids == one.ids
    assert vocabulary != Vocabulary.from_config(SMALL)
    plain = Vocabulary.from_config(VocabularyConfig.model_validate(SMALL)).to_config()
    assert plain.pop("order") == list(SMALL["characteristics"])
    assert plain.pop("sensitive") == []
    assert plain == SMALL


def test_numbers_as_names_are_words() -> None:
    config = changed(lambda c: c["characteristics"]["Male"]["names"].update(three=0))
    assert Vocabulary.from_config(config).named_by("three")["Male"] == "0"


def test_group_that_no_task_uses_is_left_out() -> None:
    small = Vocabulary.from_config(changed(lambda c: c["tasks"]["three"].pop("age")))
    assert small.ids == ("Bald", "Male", "Female")
    assert list(small.groups) == ["gender"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("groups"), r"^vocabulary: groups: Field required"),
        (lambda c: c.update(rules=[]), "rules: Extra inputs are not permitted"),
        (
            lambda c: c["characteristics"].update({"Big Nose": c["characteristics"]["Bald"]}),
            "Big Nose",
        ),
        (lambda c: c["characteristics"]["Bald"].update(phrase=" "), r"Bald\.phrase"),
        (lambda c: c["groups"]["age"].append("ancient"), "groups.age: there is no .* 'ancient'"),
        (lambda c: c["groups"]["age"].append("Male"), "groups.age: 'Male' is already in 'gender'"),
        (lambda c: c["groups"].update(age=["old"]), "groups.age: a group needs two or more"),
        (lambda c: c["groups"].pop("age"), r"names groups that do not exist: \['age'\]"),
        (
            lambda c: c["tasks"].update(four={"attributes": "attributes"}),
            r"tasks\.four\.attributes: 'four' names no characteristic of it",
        ),
        (lambda c: c.update(characteristics={}, groups={}, tasks={}), "no characteristic"),
    ],
)
def test_contradiction_is_named(change: Callable[[dict[str, Any]], object], message: str) -> None:
    with pytest.raises(VocabularyError, match=message):
        Vocabulary.from_config(changed(change))


def test_data_set_that_is_not_there() -> None:
    with pytest.raises(VocabularyError, match="there is no data set 'lfw'; there are"):
        Vocabulary.from_config(SMALL).tasks("lfw")


def test_order_is_part_of_what_a_vocabulary_is() -> None:
    reversed_ = dict(reversed(SMALL["characteristics"].items()))
    one, other = (
        Vocabulary.from_config(SMALL),
        Vocabulary.from_config({**SMALL, "characteristics": reversed_}),
    )
    assert one.ids == other.ids[::-1]
    assert one != other
    assert digest(one) != digest(other)
    # Whatever loses the order of mappings, the order comes back.
    shuffled = one.to_config() | {"characteristics": reversed_}
    assert Vocabulary.from_config(shuffled) == one


def test_an_attribute_keeps_its_group_without_a_task_for_it(vocabulary: Vocabulary) -> None:
    celeba = Vocabulary.from_config(
        {**vocabulary.to_config(), "order": None, "tasks": {"celeba": {"attributes": "attributes"}}}
    )
    assert "Male" in celeba.tasks("celeba")[0].members
    assert len(celeba.tasks("celeba")[0].members) == 40
    assert celeba.groups == {"gender": ("Male", "Female")}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["tasks"]["celeba"].update(attributes="height"), "height"),
        (
            lambda c: c["characteristics"]["Bald"].update(
                phrase=c["characteristics"]["Bangs"]["phrase"]
            ),
            "same phrase",
        ),
        (lambda c: c.update(order=["Bald"]), "order"),
        (lambda c: c.update(without=["race_7"]), "without names 'race_7'"),
        (lambda c: c.update(without=["Male"]), "without: 'Male' is one of the group 'gender'"),
    ],
    ids=["group", "phrase", "order", "left out", "left out of a group"],
)
def test_what_contradicts_itself_is_refused(vocabulary: Vocabulary, change, said: str) -> None:
    config = vocabulary.to_config()
    change(config)
    with pytest.raises(VocabularyError, match=said):
        Vocabulary.from_config(config)


def test_a_group_that_is_not_there_is_refused_directly() -> None:
    with pytest.raises(VocabularyError, match="height"):
        Vocabulary(
            [Characteristic("a", "a face", {"celeba": "a"})], {}, {"celeba": {"size": "height"}}
        )
