import numpy as np
import pandas as pd

from faceinsight.method.labels import label_matrix


def test_columns_follow_the_vocabulary_and_unknown_is_minus_one(vocabulary):
    table = pd.DataFrame(
        {
            "photograph": ["a", "b", "c"],
            "Bald": pd.array([1, None, 0], dtype="Int8"),
            "happy": pd.array([0, 1, None], dtype="int8[pyarrow]"),
        }
    )
    matrix = label_matrix(table, vocabulary)
    assert matrix.shape == (3, len(vocabulary))
    assert matrix.dtype == np.int8
    assert matrix[:, vocabulary.index["Bald"]].tolist() == [1, -1, 0]
    assert matrix[:, vocabulary.index["happy"]].tolist() == [0, 1, -1]
    others = [i for id_, i in vocabulary.index.items() if id_ not in ("Bald", "happy")]
    assert (matrix[:, others] == -1).all()
