"""Average precision under weights, against scikit-learn."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from faceinsight.evaluation.ranking import Ranking

FACES = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1, width=32),
        st.booleans(),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=40,
).filter(lambda faces: any(positive for _, positive, _ in faces))


@settings(max_examples=30, deadline=None)
@given(FACES)
def test_equals_scikit_learn_with_ties_and_weights(faces):
    scores, positive, weights = (np.array(column) for column in zip(*faces, strict=True))
    scores = scores.astype(np.float32)
    n = len(faces)
    # The ranked faces are some rows of a larger matrix, in another order.
    rows = np.random.default_rng(0).permutation(n + 3)[:n]
    matrix = np.full((2, n + 3), 7.0)
    matrix[0, rows] = 1
    matrix[1, rows] = weights
    measured = Ranking(scores, positive, rows).average_precision(matrix)
    np.testing.assert_allclose(measured[0], average_precision_score(positive, scores))
    if weights[positive].sum() > 0:
        drawn = np.repeat(np.arange(n), weights)
        np.testing.assert_allclose(
            measured[1], average_precision_score(positive[drawn], scores[drawn])
        )
    else:
        assert np.isnan(measured[1])


def test_float32_weights_give_the_same():
    rng = np.random.default_rng(1)
    scores, positive = rng.random(5000).astype(np.float32).round(3), rng.random(5000) < 0.4
    ranking = Ranking(scores, positive, np.arange(5000))
    weights = rng.integers(0, 4, (5, 5000))
    np.testing.assert_allclose(
        ranking.average_precision(weights.astype(np.float32)),
        ranking.average_precision(weights.astype(np.float64)),
        rtol=1e-6,
    )


def test_equal_scores_give_the_prevalence():
    positive = np.arange(20) < 5
    ranking = Ranking(np.full(20, 0.3), positive, np.arange(20))
    assert ranking.average_precision(np.ones((1, 20)))[0] == 0.25
