import gc
import time
import weakref

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from faceinsight.errors import ParameterError, RuleError
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.method.rules.decode import Decoder, consistent_assignments, decode, log_odds
from tests.method.rules.reference import LETTERS, Made, compiled, consistent, rules, table

logit_rows = st.lists(
    st.lists(st.floats(-20, 20), min_size=len(LETTERS), max_size=len(LETTERS)),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("most_assignments", [65_536, 0], ids=["listed", "solved"])
@settings(deadline=None)
@given(made=st.lists(rules(), min_size=1, max_size=4), rows=logit_rows)
def test_decoding_equals_trying_everything(
    most_assignments: int, made: list[Made], rows: list[list[float]]
) -> None:
    left = table(LETTERS)[consistent(made)]
    assume(len(left))
    scores = np.array(rows)
    got = Decoder(compiled(*(rule.text for rule in made)), most_assignments)(scores)
    assert got.dtype == np.bool_
    assert all((left == row).all(axis=1).any() for row in got)
    best = (scores @ left.T).max(axis=1)
    np.testing.assert_allclose((scores * got).sum(axis=1), best, atol=1e-5)


@settings(deadline=None)
@given(made=st.lists(rules(), min_size=1, max_size=3), seed=st.integers(0, 2**31))
def test_it_is_the_assignment_of_highest_probability(made: list[Made], seed: int) -> None:
    left = table(LETTERS)[consistent(made)]
    assume(len(left))
    p = np.random.default_rng(seed).uniform(0.01, 0.99, (3, len(LETTERS)))
    chances = np.where(left, p[:, None], 1 - p[:, None]).prod(axis=2)
    got = decode(log_odds(p), compiled(*(rule.text for rule in made)))
    assert np.array_equal(got, left[chances.argmax(axis=1)])


def test_wide_random_labels_break_no_rule(ruleset: RuleSet) -> None:
    rng = np.random.default_rng(0)
    for scale in (0.1, 3, 100):
        logits = rng.normal(scale=scale, size=(2000, 82))
        present = decode(logits, ruleset)
        assert ruleset.violated(logits >= 0).any()
        assert not ruleset.violated(present).any()


def test_consistent_labels_stay_as_they_are(ruleset: RuleSet) -> None:
    rng = np.random.default_rng(1)
    present = decode(rng.normal(size=(500, 82)), ruleset)
    logits = np.where(present, 1, -1) * rng.exponential(size=present.shape)
    assert np.array_equal(decode(logits, ruleset), present)


def test_free_characteristics_and_groups(ruleset: RuleSet) -> None:
    logits = np.random.default_rng(2).normal(size=(200, 82))
    present = decode(logits, ruleset)
    tied = {column for component in ruleset.components for column in component.columns}
    free = [column for column in range(82) if column not in tied]
    assert len(free) > 10
    assert np.array_equal(present[:, free], logits[:, free] >= 0)
    pair = [ruleset.ids.index(id_) for id_ in ("Male", "Female")]
    assert np.array_equal(present[:, pair].argmax(axis=1), logits[:, pair].argmax(axis=1))
    assert (present[:, pair].sum(axis=1) == 1).all()


def test_an_integer_programme_gives_the_same_on_the_projects_rules(ruleset: RuleSet) -> None:
    logits = np.random.default_rng(3).normal(scale=3, size=(10, 82))
    assert np.array_equal(Decoder(ruleset, 0)(logits), decode(logits, ruleset))


def test_a_component_too_wide_to_list() -> None:
    """A chain x0 -> x1 -> ... has one best place to begin; beside it a wide exactly-one."""
    ids = tuple(f"x{i}" for i in range(30)) + tuple(f"g{i}" for i in range(20))
    pairs = [f"g{i} -> not x{i}" for i in range(20)]
    ruleset = compiled(*pairs, f"exactly one of {{{', '.join(ids[30:])}}}", ids=ids)
    (component,) = ruleset.components
    assert consistent_assignments(ruleset, component) is None
    logits = np.random.default_rng(4).normal(size=(20, 50))
    present = decode(logits, ruleset)
    # Choosing g_i costs x_i, if x_i would be present.
    x, g = logits[:, :30], logits[:, 30:]
    chosen = (g - np.maximum(x[:, :20], 0)).argmax(axis=1)
    want = np.column_stack([x >= 0, np.zeros_like(g, dtype=bool)])
    want[np.arange(20), 30 + chosen] = True
    want[np.arange(20), chosen] = False
    assert np.array_equal(present, want)


def test_equals_are_decided_for_the_first() -> None:
    ruleset = compiled("exactly one of {A, B, D}", "E -> not F")
    got = decode([[0.0] * 6, [-3.0] * 6, [0.1, 0.3, 0, 0.3, 2, 2]], ruleset)
    assert got.astype(int).tolist() == [[1, 0, 1, 0, 1, 0], [1, 0, 0, 0, 0, 0], [0, 1, 1, 0, 1, 0]]


def test_equals_do_not_depend_on_the_batch(ruleset: RuleSet) -> None:
    # Few distinct values give many equal sums, which rounding would tell apart.
    logits = np.random.default_rng(5).choice([-0.3, -0.1, 0.1, 0.2, 0.7], size=(300, 82))
    whole = decode(logits, ruleset)
    assert np.array_equal(whole, np.vstack([decode(row[None], ruleset) for row in logits]))


def test_certain_probabilities() -> None:
    ruleset = compiled("A -> not B", "exactly one of {D, E, F}")
    p = np.array([[1.0, 0.9, 0.0, 0.0, 0.0, 1.0], [0.2, 1.0, 1.0, 1.0, 1.0, 0.0]])
    got = decode(log_odds(p), ruleset)
    assert got.astype(int).tolist() == [[1, 0, 0, 0, 0, 1], [0, 1, 1, 1, 0, 0]]


def test_empty_batch_and_no_rules() -> None:
    assert decode(np.zeros((0, 6)), compiled("A -> B")).shape == (0, 6)
    assert decode([[1.0, -1, 0, 2, -2, 3]], compiled()).tolist() == [
        [True, False, True, True, False, True]
    ]


@pytest.mark.parametrize(
    ("logits", "told"),
    [
        (np.zeros((2, 5)), r"logits must be \[N, 6\].*not \[2, 5\]"),
        (np.zeros(6), r"logits must be \[N, 6\].*not \[6\]"),
        ([[0, 0, 0, 0, 0, 0], [0, 0, float("nan"), 0, 0, 0]], "row 1 is not a number for '5_o_C'"),
    ],
)
def test_what_cannot_be_decoded_is_refused(logits: object, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        decode(logits, compiled("A -> B"))  # type: ignore[arg-type]


@pytest.mark.parametrize("most_assignments", [65_536, 0])
def test_contradictory_rules_are_refused(most_assignments: int) -> None:
    ruleset = compiled("A <-> B", "B <-> not A")
    with pytest.raises(
        RuleError, match="no labels satisfy these rules together: A <-> B; B <-> not A;"
    ):
        Decoder(ruleset, most_assignments)([[1.0] * 6])


def test_a_rule_set_does_not_live_on_in_the_decoder() -> None:
    ruleset = compiled("A -> B")
    decode([[1.0] * 6], ruleset)
    gone = weakref.ref(ruleset)
    del ruleset
    gc.collect()
    assert gone() is None


def test_decoding_costs_far_less_than_a_millisecond_an_image(ruleset: RuleSet) -> None:
    logits = np.random.default_rng(6).normal(size=(2000, 82))
    decode(logits[:1], ruleset)
    start = time.perf_counter()
    decode(logits, ruleset)
    assert time.perf_counter() - start < 0.5e-3 * len(logits)
