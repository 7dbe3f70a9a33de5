import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceinsight.method.rules.formula import TooManyWaysError, broken_cover, columns_of, evaluate
from faceinsight.method.rules.language import parse
from tests.method.rules.reference import LETTERS, Made, assignments, rules, table


@settings(deadline=None)
@given(rules())
def test_cubes_cover_what_breaks_a_rule_once(made: Made) -> None:
    cubes = broken_cover(parse(made.text, LETTERS))
    every = table(LETTERS)
    times = sum(
        (every[:, [c for c, _ in cube]] == [p for _, p in cube]).all(axis=1) for cube in cubes
    )
    assert np.array_equal(times, [not made.holds(a) for a in assignments(LETTERS)])


@settings(deadline=None)
@given(rules(), st.lists(st.lists(st.sampled_from([-1, 0, 1]), min_size=6, max_size=6), min_size=1))
def test_what_is_decided_holds_however_the_unknown_turns_out(
    made: Made, rows: list[list[int]]
) -> None:
    labels = np.array(rows, dtype=np.int8)
    truth = evaluate(parse(made.text, LETTERS), labels)
    assert truth.dtype == np.int8
    for row, decided in zip(rows, truth, strict=True):
        outcomes = {
            made.holds(a)
            for a in assignments(LETTERS)
            if all(known in (-1, a[id_]) for id_, known in zip(LETTERS, row, strict=True))
        }
        assert decided in (-1, 0, 1)
        if decided >= 0:
            assert outcomes == {bool(decided)}
        if -1 not in row:
            assert decided >= 0


@pytest.mark.parametrize(
    ("text", "row", "truth"),
    [
        ("A -> not B", [0, -1], 1),
        ("A -> not B", [1, -1], -1),
        ("A -> not B", [-1, 1], -1),
        ("A -> not B", [-1, 0], 1),
        ("A -> not B", [1, 1], 0),
        ("A -> not B and not C", [1, -1, 1], 0),
        ("A and B or C", [0, -1, -1], -1),
        ("A <-> B", [1, -1], -1),
        ("A <-> B", [1, 0], 0),
        ("exactly one of {A, B, C}", [1, 1, -1], 0),
        ("exactly one of {A, B, C}", [1, 0, -1], -1),
        ("exactly one of {A, B, C}", [1, 0, 0], 1),
        ("exactly one of {A, B, C}", [-1, 0, 0], -1),
        ("exactly one of {A, B, C}", [0, 0, 0], 0),
        ("at least one of {A, B, C}", [-1, 1, -1], 1),
        ("at least one of {A, B, C}", [-1, 0, 0], -1),
        ("at most one of {A, B, C}", [-1, 0, 0], 1),
        ("at most one of {A, B, C}", [-1, 1, 0], -1),
        ("at most one of {A, B, C}", [1, -1, 1], 0),
        # Kleene's logic does not see that B cancels out.
        ("A -> B or not B", [1, -1], -1),
    ],
)
def test_unknown_labels(text: str, row: list[int], truth: int) -> None:
    row = row + [-1] * (3 - len(row))
    assert evaluate(parse(text, ("A", "B", "C")), np.array([row], np.int8)).tolist() == [truth]


def test_columns_are_listed_once() -> None:
    formula = parse("C or B -> (C <-> not A) and at most one of {A, B}", ("A", "B", "C"))
    assert columns_of(formula) == (2, 1, 0)


def test_closed_forms_stay_small() -> None:
    ids = tuple(f"x{i}" for i in range(82))
    names = ", ".join(ids)
    assert len(broken_cover(parse(f"at least one of {{{names}}}", ids))) == 1
    assert len(broken_cover(parse(f"exactly one of {{{names}}}", ids))) == 82 * 81 // 2 + 1
    many = " and ".join(f"not {id_}" for id_ in ids[1:])
    assert len(broken_cover(parse(f"x0 -> {many}", ids))) == 81


def test_a_rule_with_too_many_ways_to_be_broken_is_stopped_early() -> None:
    ids = tuple(f"x{i}" for i in range(40))
    parity = "x0"
    for id_ in ids[1:38]:
        parity = f"({parity} <-> {id_})"
    with pytest.raises(TooManyWaysError):
        broken_cover(parse(parity, ids))
    pairs = " or ".join(f"x{i} and x{i + 20}" for i in range(20))
    with pytest.raises(TooManyWaysError):
        broken_cover(parse(pairs, ids))
