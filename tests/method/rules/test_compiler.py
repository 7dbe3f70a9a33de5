import copy
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from faceinsight.common.work import digest
from faceinsight.errors import RuleError
from faceinsight.method.characteristics import Characteristic, Vocabulary, VocabularyConfig
from faceinsight.method.rules.compiler import RuleSet, compile_rules
from faceinsight.method.rules.proofs import prove
from tests.method.rules.reference import LETTERS, Made, assignments, compiled, rules, table

ARRAYS = ("literal_column", "literal_present", "literal_cube", "cube_rule")


def small_vocabulary() -> Vocabulary:
    ids = ("Bald", "Bangs", "Wavy_Hair", "young", "old")
    return Vocabulary([Characteristic(id_, id_, {}) for id_ in ids], {"age": ("young", "old")}, {})


def test_the_projects_rules(
    ruleset: RuleSet, rules_config: dict[str, Any], vocabulary: Vocabulary
) -> None:
    kinds = [rule.kind for rule in ruleset.rules]
    assert len(rules_config["exclusions"]) == kinds.count("exclusion") == 22
    assert kinds.count("group") == len(vocabulary.groups)
    assert kinds.count("link") > 0
    assert all(rule.reason for rule in ruleset.rules)
    assert len(set(ruleset.texts)) == len(ruleset)
    assert ruleset.ids == vocabulary.ids
    groups = [set(rule.columns) for rule in ruleset.rules if rule.kind == "group"]
    assert groups == [{vocabulary.index[m] for m in of} for of in vocabulary.groups.values()]
    assert ruleset.texts[kinds.index("group")] == "exactly one of {Male, Female}"


def test_rules_of_other_vocabularies(project_root: Path, rules_config: dict[str, Any]) -> None:
    """Whatever data sets are used, the rules fit, and say nothing twice."""
    text = (project_root / "conf/base/characteristics.yml").read_text("utf-8")
    whole = yaml.safe_load(text)["vocabulary"]
    groups_seen = set()
    for left_out in itertools.chain.from_iterable(
        itertools.combinations(["fairface", "utkface", "expw"], n) for n in range(4)
    ):
        for ages in ("age", "age_decades"):
            config = copy.deepcopy(whole)
            config["tasks"]["utkface"]["age"] = ages
            for dataset in left_out + (("rafdb",) if "expw" in left_out else ()):
                del config["tasks"][dataset]
            vocabulary = Vocabulary.from_config(config)
            ruleset = compile_rules(rules_config, vocabulary)
            prove(ruleset)
            groups_seen.add(tuple(vocabulary.groups))
            linked = {c for rule in ruleset.rules if rule.kind == "link" for c in rule.columns}
            for id_ in ("Young", "Senior"):
                assert (vocabulary.index[id_] in linked) == any(
                    "age" in g for g in vocabulary.groups
                )
    assert len(groups_seen) == 12


@settings(deadline=None)
@given(st.lists(rules(), min_size=1, max_size=4))
def test_violated_is_what_the_rules_were_made_to_mean(made: list[Made]) -> None:
    ruleset = compiled(*(rule.text for rule in made))
    want = [[not rule.holds(a) for rule in made] for a in assignments(LETTERS)]
    got = ruleset.violated(table(LETTERS))
    assert got.dtype == np.bool_
    assert np.array_equal(got, want)


@settings(deadline=None)
@given(st.lists(rules(), min_size=1, max_size=4))
def test_a_saved_rule_set_compiles_to_the_same_arrays(made: list[Made]) -> None:
    ruleset = compiled(*(rule.text for rule in made))
    again = RuleSet.from_config(json.loads(json.dumps(ruleset.to_config())))
    assert again.to_config() == ruleset.to_config()
    assert digest(again) == digest(ruleset)
    for name in ARRAYS:
        one, other = getattr(ruleset, name), getattr(again, name)
        assert np.array_equal(one, other)
        assert one.dtype == other.dtype


def test_the_projects_rules_are_saved_and_compile_again(ruleset: RuleSet) -> None:
    again = RuleSet.from_config(json.loads(json.dumps(ruleset.to_config())))
    assert all(np.array_equal(getattr(again, n), getattr(ruleset, n)) for n in ARRAYS)
    assert again.rules == ruleset.rules


def test_arrays_of_a_known_set() -> None:
    ruleset = compiled("A -> not B and not D", "at least one of {D, E}", ids=("A", "B", "D", "E"))
    # A B; A not-B D; not-D not-E.
    assert ruleset.literal_column.tolist() == [0, 1, 0, 1, 2, 2, 3]
    assert ruleset.literal_present.tolist() == [True, True, True, False, True, False, False]
    assert ruleset.literal_cube.tolist() == [0, 0, 1, 1, 1, 2, 2]
    assert ruleset.cube_rule.tolist() == [0, 0, 1]


def test_components() -> None:
    ruleset = compiled("F -> A", "B <-> D", "A -> not 5_o_C")
    assert [(c.columns, c.rules) for c in ruleset.components] == [
        ((0, 2, 5), (0, 2)),
        ((1, 3), (1,)),
    ]
    assert compiled().components == ()


def test_an_empty_configuration_gives_the_groups() -> None:
    ruleset = compile_rules({}, small_vocabulary())
    assert ruleset.texts == ("exactly one of {young, old}",)


def test_labels_of_another_width_are_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"\[N, 6\]"):
        compiled("A -> B").violated(np.zeros((3, 5), bool))


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"rule": "Bald -> not Bangs"}, "Field required"),
        ({"rule": "Bald -> not Bangs", "reason": "  "}, "should have at least 1 character"),
        ({"rule": "Bald -> not Bangs", "reason": "r", "weight": 2}, "Extra inputs"),
        ({"rule": "Bald -> not Bangs", "reason": "r", "needs": "age"}, "valid list"),
        ({"rule": "Bald -> not Bangs", "reason": "r", "needs": ["aeg"]}, "correct `needs`"),
        ({"rule": "Bald -> not Bang", "reason": "r"}, "did you mean 'Bangs'"),
        ({"rule": "Bald => not Bangs", "reason": "r"}, "not expected at character 6"),
        ({"rule": "Bald or not Bald", "reason": "r"}, "can never be broken"),
        ({"rule": "Bald and not Bald", "reason": "r"}, "is broken by every face"),
        ({"rule": "Bald <-> not Bald", "reason": "r"}, "is broken by every face"),
        ({"rule": True, "reason": "r"}, "valid string"),
        ({"rule": 5, "reason": "r"}, "valid string"),
    ],
)
@pytest.mark.parametrize("section", ["exclusions", "links"])
def test_a_bad_entry_is_refused_with_its_own_words(
    section: str, entry: dict[str, Any], told: str
) -> None:
    good = {"rule": "Bald -> not Wavy_Hair", "reason": "no hair"}
    with pytest.raises(RuleError) as caught:
        compile_rules({section: [good, entry]}, small_vocabulary())
    message = str(caught.value)
    assert told in message
    assert f"the rule '{entry['rule']}'" in message
    assert "no hair" not in message


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"rule": "race5_Wite <-> race7_White"},
            "names 'race5_Wite', .* did you mean 'race5_White'",
        ),
        ({"rule": "race5_White <=> race7_White"}, "not expected at character"),
        ({"rule": "race7_White or not race7_White"}, "can never be broken"),
        (
            {"needs": ["race5", "race_7"]},
            "there is no group 'race_7'; did you mean 'race7'.*`needs`",
        ),
        ({"needs": [], "unless": ["aeg"]}, "no group 'aeg'; did you mean 'age'.*correct `unless`"),
        ({"rule": "Bald -> Male", "needs": ["nobody"]}, "no group 'nobody'"),
    ],
)
def test_a_slip_in_a_rule_that_is_left_out_is_told_at_once(
    change: dict[str, Any], told: str, vocabulary: Vocabulary
) -> None:
    """Without FairFace no rule about its races is needed; its author is told all the same."""
    config = vocabulary.to_config()
    del config["tasks"]["fairface"]
    written = VocabularyConfig.model_validate(config)
    vocabulary = Vocabulary.from_config(written)
    good = {"rule": "race5_White <-> race7_White", "reason": "r", "needs": ["race5", "race7"]}
    assert not any("race7" in text for text in vocabulary.groups)
    compile_rules({"links": [good]}, vocabulary, written)
    with pytest.raises(RuleError, match=told) as caught:
        compile_rules({"links": [good | change]}, vocabulary, written)
    assert f"the rule '{(good | change)['rule']}'" in str(caught.value)


def test_a_rule_that_names_what_is_left_out_is_left_out(vocabulary: Vocabulary) -> None:
    """And no other: a slip is no characteristic that somebody has left out."""
    written = VocabularyConfig.model_validate(
        vocabulary.to_config() | {"without": ["Mouth_Closed", "age"]}
    )
    vocabulary = Vocabulary.from_config(written)
    entries = [
        {"rule": "Mouth_Closed -> not Mouth_Slightly_Open", "reason": "r"},
        {"rule": "Bald -> not Bangs", "reason": "r"},
    ]
    ruleset = compile_rules({"exclusions": entries}, vocabulary, written)
    assert [rule.text for rule in ruleset.rules if rule.kind == "exclusion"] == [
        "Bald -> not Bangs"
    ]
    slip = {"rule": "Mouth_Close -> not Bald", "reason": "r"}
    with pytest.raises(RuleError, match="names 'Mouth_Close', which is no characteristic"):
        compile_rules({"exclusions": [slip]}, vocabulary, written)
    of_group = {"rule": "Young -> not age_70_plus", "reason": "r"}
    with pytest.raises(RuleError, match="names 'age_70_plus', which is no characteristic"):
        compile_rules({"exclusions": [of_group]}, vocabulary, written)


def test_what_cannot_be_read_is_told_without_the_written_vocabulary_as_well() -> None:
    entry = {"rule": "x -> and y", "reason": "r", "needs": ["age_decades"]}
    with pytest.raises(RuleError, match="'and y' is not expected"):
        compile_rules({"links": [entry]}, small_vocabulary())


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ([], "rules: Input should be"),
        (None, "rules: Input should be"),
        ({"exclusion": []}, "rules.exclusion: Extra inputs"),
        ({"exclusions": {"rule": "Bald"}}, "Input should be a valid list"),
        ({"exclusions": ["Bald -> not Bangs"]}, "rules.exclusions.0: Input should be"),
        ({"links": [{"reason": "r"}]}, "rules.links.0.rule: Field required"),
    ],
)
def test_a_configuration_of_another_form_is_refused(config: Any, told: str) -> None:
    with pytest.raises(RuleError) as caught:
        compile_rules(config, small_vocabulary())
    assert told in str(caught.value)


def test_a_rule_with_too_many_ways_to_be_broken_is_refused() -> None:
    ids = tuple(f"x{i}" for i in range(40))
    text = " or ".join(f"x{i} and x{i + 20}" for i in range(20))
    with pytest.raises(RuleError, match=r"'x0 and x20 or .*more than 4,096 disjoint ways"):
        compiled(text, ids=ids)


def test_a_wide_rule_broken_by_all_but_one_assignment_is_no_contradiction() -> None:
    ids = tuple(f"x{i}" for i in range(80))
    assert len(compiled(" and ".join(ids), ids=ids)) == 1


@pytest.mark.parametrize(
    "saved",
    [
        {},
        {"ids": ["A"], "rules": [{"rule": "A -> A", "reason": "r", "kind": "link"}]},
        {"ids": ["A", "B"], "rules": [{"rule": "A -> B", "reason": "r", "kind": "other"}]},
        {"ids": ["A", "B"], "rules": [{"rule": "A -> C", "reason": "r", "kind": "link"}]},
        {"ids": "AB", "rules": []},
    ],
)
def test_a_damaged_saved_set_is_refused(saved: dict[str, Any]) -> None:
    with pytest.raises(RuleError):
        RuleSet.from_config(saved)
