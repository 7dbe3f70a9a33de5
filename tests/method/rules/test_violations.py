from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.method.rules.violations import violations
from tests.method.rules.reference import compiled


def test_counts_by_hand() -> None:
    ruleset = compiled("A -> not B", "exactly one of {A, B, D}", ids=("A", "B", "D"))
    labels = np.array([[1, 1, -1], [0, -1, -1], [1, -1, 0], [-1, -1, -1], [0, 0, 0]], np.int8)
    table = violations(labels, ruleset)
    assert list(table.columns) == ["rule", "reason", "kind", "decidable", "broken"]
    assert table["rule"].tolist() == ["A -> not B", "exactly one of {A, B, D}"]
    assert table["kind"].tolist() == ["exclusion", "exclusion"]
    assert table["decidable"].tolist() == [3, 2]
    assert table["broken"].tolist() == [1, 2]


def test_no_labels() -> None:
    table = violations(np.zeros((0, 3), np.int8), compiled("A -> B", ids=("A", "B", "D")))
    assert table[["decidable", "broken"]].to_numpy().tolist() == [[0, 0]]


@pytest.fixture(scope="module")
def celeba(shared: Path) -> pd.DataFrame:
    file = shared / "data/celeba/list_attr_celeba.txt"
    return pd.read_csv(file, skiprows=1, sep=r"\s+") == 1


@pytest.fixture(scope="module")
def counted(celeba: pd.DataFrame, ruleset: RuleSet, vocabulary: Vocabulary) -> pd.DataFrame:
    labels = np.full((len(celeba), len(vocabulary)), -1, dtype=np.int8)
    for id_ in celeba.columns:
        labels[:, vocabulary.index[id_]] = celeba[id_]
    return violations(labels, ruleset).set_index("rule")


def test_celeba_breaks_exclusions_as_often_as_counted_directly(
    celeba: pd.DataFrame, counted: pd.DataFrame
) -> None:
    checked = 0
    for rule in counted.index[counted["kind"] == "exclusion"]:
        if "->" not in rule:
            continue
        one, others = rule.split(" -> ")
        ids = [other.removeprefix("not ") for other in others.split(" and ")]
        if one in celeba and set(ids) <= set(celeba):
            direct = celeba.query(f"`{one}` and ({' or '.join(f'`{id_}`' for id_ in ids)})")
            assert counted.loc[rule, "broken"] == len(direct), rule
            assert counted.loc[rule, "decidable"] == len(celeba) == 202_599
            # The rarer side's share is what the rules were chosen by.
            rarer = min(celeba[one].sum(), celeba[ids].any(axis=1).sum())
            assert len(direct) < 0.03 * rarer, rule
            checked += 1
    assert checked == 15


def test_celebas_known_counts(counted: pd.DataFrame) -> None:
    known = {
        "Bald -> not Bangs and not Wavy_Hair": 5,
        "Bald -> not Straight_Hair": 71,
        "Black_Hair -> not Brown_Hair": 1136,
        "Straight_Hair -> not Wavy_Hair": 1158,
        "No_Beard -> not Goatee": 218,
        "Bangs -> not Receding_Hairline": 4,
    }
    assert counted.loc[list(known), "broken"].to_dict() == known


def test_what_celeba_does_not_annotate_is_decided_only_where_it_can_be(
    celeba: pd.DataFrame, counted: pd.DataFrame
) -> None:
    closed = counted.loc["Mouth_Closed -> not Mouth_Slightly_Open"]
    assert closed["decidable"] == (~celeba["Mouth_Slightly_Open"]).sum()
    assert closed["broken"] == 0
    child = counted.loc["age_0_2 or age_3_9 -> No_Beard and not 5_o_Clock_Shadow"]
    assert child["decidable"] == (celeba["No_Beard"] & ~celeba["5_o_Clock_Shadow"]).sum()
    groups = counted[counted["kind"] == "group"]
    assert groups["decidable"].tolist() == [0] * len(groups)
