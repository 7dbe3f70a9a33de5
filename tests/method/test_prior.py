import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from faceinsight.errors import ParameterError
from faceinsight.method.prior import correlation_prior, count


def prior_by_loops(arrays, tau, omega, lift):
    """Eq. 5 to 7 pair by pair, from the images of each pair."""
    labels = np.concatenate(arrays)
    size = labels.shape[1]
    p = np.full((size, size), np.nan)
    c = np.zeros((size, size), bool)
    for i in range(size):
        for j in range(size):
            both_labelled = labels[(labels[:, i] != -1) & (labels[:, j] != -1)]
            n_i = (both_labelled[:, i] == 1).sum()
            if n_i == 0:
                continue
            m_ij = ((both_labelled[:, i] == 1) & (both_labelled[:, j] == 1)).sum()
            p[i, j] = m_ij / n_i
            p_j = (both_labelled[:, j] == 1).sum() / len(both_labelled)
            c[i, j] = p[i, j] >= tau
            if lift is not None:
                c[i, j] &= p_j > 0 and p[i, j] / p_j >= lift
    c_hat = np.zeros((size, size))
    for i in range(size):
        neighbours = [k for k in range(size) if k != i and c[i, k]]
        c_hat[i, i] = 1 - omega if neighbours else 1
        for j in neighbours:
            c_hat[i, j] = omega / len(neighbours)
    return p, c, c_hat


label_arrays = st.integers(1, 6).flatmap(
    lambda k: st.lists(
        arrays(
            np.int8,
            array_shapes(min_dims=1, max_dims=1, min_side=1, max_side=12).map(
                lambda shape: (*shape, k)
            ),
            elements=st.integers(-1, 1),
        ),
        min_size=1,
        max_size=3,
    )
)


@settings(deadline=None, max_examples=60)
@given(
    label_arrays,
    st.sampled_from([0.1, 0.4, 0.5, 1.0]),
    st.floats(0, 1),
    st.sampled_from([None, 0.0, 1.0, 1.25]),
)
def test_equals_the_definition(data, tau, omega, lift):
    prior = correlation_prior(count(data), tau, omega, lift)
    p, c, c_hat = prior_by_loops(data, tau, omega, lift)
    np.testing.assert_allclose(prior.conditional, p, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(prior.edges, c)
    np.testing.assert_allclose(prior.adjacency, c_hat, rtol=0, atol=1e-12)
    np.testing.assert_allclose(prior.adjacency.sum(1), 1, atol=1e-12)


def test_equals_a_dense_computation_on_all_of_celeba(shared):
    table = pd.read_csv(
        shared / "data/celeba/list_attr_celeba.txt", sep=r"\s+", skiprows=1, engine="c"
    )
    signs = table.to_numpy()
    assert signs.shape == (202_599, 40)
    prior = correlation_prior(count([(signs == 1).astype(np.int8)]))
    present = table.astype(bool).where(table > 0, False)
    together = pd.DataFrame({j: present[present[j]].sum() for j in present}).T
    conditional = together.div(present.sum(), axis=0).to_numpy()
    np.testing.assert_allclose(prior.conditional, conditional, rtol=0, atol=1e-12)
    _, c, c_hat = adjacency_of(conditional, 0.4, 0.8)
    np.testing.assert_array_equal(prior.edges, c)
    np.testing.assert_allclose(prior.adjacency, c_hat, rtol=0, atol=1e-12)
    assert not np.allclose(prior.adjacency, prior.adjacency.T)


def adjacency_of(conditional, tau, omega):
    c = conditional >= tau
    off = np.where(np.eye(len(c), dtype=bool), 0, c).astype(float)
    rows = off.sum(1, keepdims=True)
    scaled = np.divide(omega * off, rows, out=np.zeros_like(off), where=rows > 0)
    return conditional, c, scaled + np.diag(np.where(rows[:, 0] > 0, 1 - omega, 1.0))


def test_a_pair_counts_only_images_in_which_both_are_labelled():
    first = np.array([[1, 1, -1], [1, 0, -1]], np.int8)
    second = np.array([[1, -1, 1], [1, -1, 1], [0, -1, 0]], np.int8)
    counts = count([first, second])
    assert counts.pairs[0].tolist() == [4, 1, 2]
    assert counts.given[0].tolist() == [4, 2, 2]
    prior = correlation_prior(counts, tau=0.5)
    assert prior.conditional[0].tolist() == [1, 0.5, 1]
    assert np.isnan(prior.conditional[1, 2])
    assert not prior.edges[1, 2]


def test_who_has_no_neighbour_keeps_weight_one_on_itself():
    labels = np.array([[1, 0], [0, 1], [1, 1], [1, 0], [1, 0]], np.int8)
    prior = correlation_prior(count([labels]), tau=0.5)
    assert prior.adjacency.tolist() == [[1, 0], pytest.approx([0.8, 0.2])]


def test_lift_removes_links_to_what_is_common_anyway():
    rng = np.random.default_rng(0)
    common = rng.random(4000) < 0.8
    rare = rng.random(4000) < 0.1
    follows = rare & (rng.random(4000) < 0.9)
    labels = np.stack([rare, common, follows], 1).astype(np.int8)
    plain = correlation_prior(count([labels]))
    lifted = correlation_prior(count([labels]), lift=1.5)
    assert plain.edges[0, 1]
    assert plain.edges[0, 2]
    assert not lifted.edges[0, 1]
    assert lifted.edges[0, 2]


def test_chunks_add_up():
    labels = np.random.default_rng(1).integers(-1, 2, (100_000, 3)).astype(np.int8)
    whole, parts = count([labels]), count(np.array_split(labels, 7))
    np.testing.assert_array_equal(whole.pairs, parts.pairs)
    np.testing.assert_array_equal(whole.given, parts.given)
    assert whole.pairs[0, 1] == ((labels[:, 0] == 1) & (labels[:, 1] == 1)).sum()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"tau": 0.0}, "tau"), ({"omega": 1.2}, "omega"), ({"lift": -1.0}, "lift")],
)
def test_refuses_what_cannot_work(arguments, named):
    counts = count([np.zeros((2, 2), np.int8)])
    with pytest.raises(ParameterError, match=named):
        correlation_prior(counts, **arguments)


@pytest.mark.parametrize(
    "data",
    [
        [],
        [np.array([[2, 0]], np.int8)],
        [np.zeros((1, 2), np.int8), np.zeros((1, 3), np.int8)],
        [np.zeros(3, np.int8)],
    ],
)
def test_refuses_labels_of_another_form(data):
    with pytest.raises(ParameterError, match="labels"):
        count(data)
