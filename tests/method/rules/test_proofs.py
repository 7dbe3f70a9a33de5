import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceinsight.errors import RuleError
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.rules.compiler import RuleSet, compile_rules
from faceinsight.method.rules.decode import consistent_assignments
from faceinsight.method.rules.proofs import prove
from tests.method.rules.reference import LETTERS, Made, compiled, consistent, rules, table


def test_the_projects_rules_can_be_satisfied(ruleset: RuleSet) -> None:
    example = prove(ruleset).present
    present = np.array([[id_ in example for id_ in ruleset.ids]])
    assert not ruleset.violated(present).any()


def test_the_projects_rules_make_no_characteristic_impossible_or_forced(ruleset: RuleSet) -> None:
    proofs = prove(ruleset, strict=False)
    assert proofs.dead == proofs.forced == {}
    # The same, seen in all consistent assignments of each component.
    for component in ruleset.components:
        every = consistent_assignments(ruleset, component)
        assert every is not None
        assert every.any(axis=0).all()
        assert not every.all(axis=0).any()


def test_no_rule_of_the_project_follows_from_the_others(
    ruleset: RuleSet, rules_config: dict[str, Any], vocabulary: Vocabulary
) -> None:
    assert prove(ruleset, strict=False).redundant == {}

    # The same without a solver: leaving out any rule makes more assignments consistent.
    def possible(rules: RuleSet) -> int:
        count = 2 ** (len(rules.ids) - sum(len(c.columns) for c in rules.components))
        for component in rules.components:
            every = consistent_assignments(rules, component)
            assert every is not None
            count *= len(every)
        return count

    entries = [(rule.text, rule.reason, rule.kind) for rule in ruleset.rules]
    whole = possible(ruleset)
    for left_out in range(len(entries)):
        fewer = RuleSet(ruleset.ids, entries[:left_out] + entries[left_out + 1 :])
        assert possible(fewer) > whole, entries[left_out]


def test_proofs_take_seconds_at_most(ruleset: RuleSet) -> None:
    start = time.perf_counter()
    prove(ruleset)
    assert time.perf_counter() - start < 10


@settings(deadline=None)
@given(st.lists(rules(), min_size=1, max_size=5))
def test_proofs_agree_with_enumeration(made: list[Made]) -> None:
    ruleset = compiled(*(rule.text for rule in made))
    left = table(LETTERS)[consistent(made)]
    if not len(left):
        with pytest.raises(RuleError, match="no labels can satisfy"):
            prove(ruleset, strict=False)
        return
    proofs = prove(ruleset, strict=False)
    assert set(proofs.dead) == {
        id_ for id_, any_ in zip(LETTERS, left.any(0), strict=True) if not any_
    }
    assert set(proofs.forced) == {
        id_ for id_, all_ in zip(LETTERS, left.all(0), strict=True) if all_
    }
    redundant = {
        rule.text
        for k, rule in enumerate(made)
        if consistent(made[:k] + made[k + 1 :]).sum() == len(left)
    }
    assert set(proofs.redundant) == redundant
    chosen = {id_: id_ in proofs.present for id_ in LETTERS}
    assert all(rule.holds(chosen) for rule in made)
    if proofs.dead or proofs.forced or proofs.redundant:
        with pytest.raises(RuleError, match="correct or remove rules"):
            prove(ruleset)
    else:
        assert prove(ruleset) == proofs


@settings(deadline=None)
@given(st.lists(rules(), min_size=2, max_size=6))
def test_a_contradiction_is_named_by_a_smallest_set_of_rules(made: list[Made]) -> None:
    if consistent(made).any():
        return
    with pytest.raises(RuleError) as caught:
        prove(compiled(*(rule.text for rule in made)))
    # Longest first, since a rule's text may be part of another's.
    message, named = str(caught.value), []
    for rule in sorted(made, key=lambda rule: -len(rule.text)):
        if f"'{rule.text}'" in message:
            message = message.replace(f"'{rule.text}'", "", 1)
            named.append(rule)
    assert not consistent(named).any()
    for k in range(len(named)):
        assert consistent(named[:k] + named[k + 1 :]).any()


def test_a_contradiction_names_no_rule_that_has_no_part_in_it() -> None:
    ruleset = compiled("A -> B", "B -> D", "E -> F", "A", "B -> not E", "not D")
    with pytest.raises(RuleError) as caught:
        prove(ruleset)
    message = str(caught.value)
    assert all(f"'{text}'" in message for text in ("A -> B", "B -> D", "A", "not D"))
    assert "E" not in message.split(":")[1]


def test_a_dead_characteristic_is_refused_with_the_rules_that_forbid_it() -> None:
    ruleset = compiled("A -> B", "A -> not B", "D -> not E")
    with pytest.raises(
        RuleError, match=r"'A' can never be present, because of 'A -> B', 'A -> not B'$"
    ):
        prove(ruleset)
    assert prove(ruleset, strict=False).dead == {"A": ("A -> B", "A -> not B")}


def test_a_forced_characteristic_is_refused_with_the_rules_that_force_it() -> None:
    with pytest.raises(RuleError, match=r"'B' is always present, because of 'A -> B', 'A or B'$"):
        prove(compiled("A -> B", "A or B", "B -> D or E"))


def test_a_redundant_rule_is_refused_with_what_it_follows_from() -> None:
    group, pair = "exactly one of {A, B, D}", "A -> not B"
    with pytest.raises(RuleError, match=f"'{pair}' follows from '{group}'$"):
        prove(compiled(group, pair, "E -> F"))
    chain = compiled("A -> B", "B -> D", "D -> E", "A -> D")
    assert prove(chain, strict=False).redundant == {"A -> D": ("A -> B", "B -> D")}


def test_exclusions_within_a_group_are_caught_in_the_projects_rules(
    rules_config: dict[str, Any], vocabulary: Vocabulary
) -> None:
    extra = {"rule": "age_0_2 -> not Senior", "reason": "babies are no seniors"}
    config = {**rules_config, "links": [*rules_config["links"], extra]}
    with pytest.raises(RuleError, match="'age_0_2 -> not Senior' follows from "):
        prove(compile_rules(config, vocabulary))
