import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from faceinsight.method.losses import LogicalLoss
from faceinsight.method.rules.compiler import RuleSet
from tests.method.rules.reference import LETTERS, Made, assignments, compiled, rules, table


def by_enumeration(made: list[Made], logits: np.ndarray) -> np.ndarray:
    """Probability of each rule to be broken, summed over all assignments: [B, M]."""
    p = 1 / (1 + np.exp(-logits))[:, None, :]
    weight = np.where(table(LETTERS)[None], p, 1 - p).prod(axis=2)
    broken = np.array([[not rule.holds(a) for rule in made] for a in assignments(LETTERS)])
    return weight @ broken


logit_rows = st.lists(
    st.lists(st.floats(-8, 8), min_size=len(LETTERS), max_size=len(LETTERS)), min_size=1, max_size=3
)


@settings(deadline=None)
@given(st.lists(rules(), min_size=1, max_size=4), logit_rows)
def test_loss_is_the_exact_probability(made: list[Made], rows: list[list[float]]) -> None:
    logits = np.array(rows)
    loss = LogicalLoss(compiled(*(rule.text for rule in made)))
    want = by_enumeration(made, logits)
    got = loss.violation_probability(torch.tensor(logits))
    np.testing.assert_allclose(got.numpy(), want, atol=1e-12)
    assert loss(torch.tensor(logits)).item() == pytest.approx(want.sum(1).mean(), abs=1e-11)
    single = loss.violation_probability(torch.tensor(logits, dtype=torch.float32))
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single.numpy(), want, atol=1e-5)


def test_closed_forms() -> None:
    ruleset = compiled(
        "A -> not B and not D",
        "A and B -> D or E",
        "at least one of {A, B, D}",
        "exactly one of {A, B, D}",
        "at most one of {A, B, D}",
    )
    z = torch.tensor([[0.3, -1.2, 0.0, 2.0, 0.7, 0.0]], dtype=torch.float64)
    a, b, _, d, e, _ = torch.sigmoid(z)[0].tolist()
    none = (1 - a) * (1 - b) * (1 - d)
    one = a * (1 - b) * (1 - d) + (1 - a) * b * (1 - d) + (1 - a) * (1 - b) * d
    want = [a * (1 - (1 - b) * (1 - d)), a * b * (1 - d) * (1 - e), none, 1 - one, 1 - one - none]
    got = LogicalLoss(ruleset).violation_probability(z)[0].tolist()
    assert got == pytest.approx(want, rel=1e-12)


@settings(deadline=None)
@given(st.lists(rules(), min_size=1, max_size=3), st.integers(0, 2**31))
def test_gradient_agrees_with_finite_differences(made: list[Made], seed: int) -> None:
    loss = LogicalLoss(compiled(*(rule.text for rule in made)))
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, len(LETTERS), dtype=torch.float64, generator=generator)
    assert torch.autograd.gradcheck(loss, logits.requires_grad_())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("size", [50.0, 1e4])
def test_saturated_logits_stay_finite(ruleset: RuleSet, dtype: torch.dtype, size: float) -> None:
    signs = torch.randint(0, 2, (64, 82), generator=torch.Generator().manual_seed(0)) * 2 - 1
    logits = torch.cat([signs, torch.ones(1, 82), -torch.ones(1, 82)]).to(dtype) * size
    logits.requires_grad_()
    loss = LogicalLoss(ruleset)
    chances = loss.violation_probability(logits)
    assert torch.isfinite(chances).all()
    # Saturated probabilities are labels.
    violated = ruleset.violated((logits > 0).detach().numpy())
    np.testing.assert_allclose(chances.detach().numpy(), violated, atol=1e-6)
    loss(logits).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_small_probabilities_are_not_lost_to_rounding() -> None:
    loss = LogicalLoss(compiled("exactly one of {A, B, D}"))
    z = torch.tensor([[50.0, -50.0, 0, -50.0, 0, 0]], dtype=torch.float64)
    # 1 - sum of products would give 0 here.
    assert loss(z).item() == pytest.approx(3 * np.exp(-50.0), rel=1e-9)


def test_descent_lowers_the_loss(ruleset: RuleSet) -> None:
    logits = torch.randn(16, 82, generator=torch.Generator().manual_seed(1)).requires_grad_()
    loss = LogicalLoss(ruleset)
    before = loss(logits)
    broken = ruleset.violated((logits > 0).detach().numpy()).sum()
    for _ in range(100):
        (gradient,) = torch.autograd.grad(loss(logits) * len(logits), logits)
        logits.data -= gradient
    assert loss(logits) < 0.2 * before
    assert ruleset.violated((logits > 0).detach().numpy()).sum() < 0.2 * broken


def test_half_precision_is_computed_in_single(ruleset: RuleSet) -> None:
    logits = torch.randn(4, 82, generator=torch.Generator().manual_seed(2)).bfloat16()
    loss = LogicalLoss(ruleset)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = loss(logits)
    assert mixed.dtype == torch.float32
    assert mixed.item() == loss(logits.float()).item()


def test_nothing_is_saved_or_lost_with_the_module(ruleset: RuleSet) -> None:
    with torch.device("meta"):
        loss = LogicalLoss(ruleset)
    logits = torch.randn(2, 82, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        value = loss(logits).item()
    assert loss.state_dict() == {}
    assert not list(loss.parameters())
    assert copy.deepcopy(loss)(logits).item() == value
    assert pickle.loads(pickle.dumps(loss))(logits).item() == value  # noqa: S301 (just made)
    # Tensors first used under inference mode must serve training afterwards.
    loss(logits.requires_grad_()).backward()


def test_no_rules_give_no_loss() -> None:
    logits = torch.zeros(3, len(LETTERS), requires_grad=True)
    value = LogicalLoss(compiled())(logits)
    value.backward()
    assert value.item() == 0
