"""Label tables meet their schema, through Parquet too, and damaged ones do not."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pandera.errors
import pyarrow as pa
import pytest

from faceinsight.data.readers import empty_table, read_labels
from faceinsight.data.readers.schema import build_schema
from faceinsight.data.registry import DATA_SETS
from faceinsight.method.characteristics import Vocabulary
from tests.data.readers.layouts import good, write

REFUSED = (pandera.errors.SchemaError, pandera.errors.SchemaErrors)


@pytest.fixture(scope="module")
def tables(
    tmp_path_factory: pytest.TempPathFactory, vocabulary: Vocabulary
) -> dict[str, pd.DataFrame]:
    root = tmp_path_factory.mktemp("tables")
    return {
        dataset: read_labels(
            dataset, write(root / dataset, good(dataset, vocabulary)), vocabulary
        ).table
        for dataset in DATA_SETS
    }


@pytest.mark.parametrize("dataset", DATA_SETS)
def test_tables_meet_the_schema_before_and_after_parquet(
    dataset: str, tables: dict[str, pd.DataFrame], vocabulary: Vocabulary, tmp_path: Path
) -> None:
    schema = build_schema(dataset, vocabulary)
    path = tmp_path / "labels.parquet"
    for table in (tables[dataset], empty_table(dataset, vocabulary)):
        schema.validate(table)
        table.to_parquet(path)
        again = pd.read_parquet(path, dtype_backend="pyarrow")
        schema.validate(again)
        pd.testing.assert_frame_equal(again, table)
    assert empty_table(dataset, vocabulary).empty


@pytest.mark.parametrize("dataset", DATA_SETS)
def test_columns_and_types(
    dataset: str, tables: dict[str, pd.DataFrame], vocabulary: Vocabulary
) -> None:
    types = {name: type_.pyarrow_dtype for name, type_ in tables[dataset].dtypes.items()}
    assert types == {
        "photograph": pa.string(),
        "face": pa.int16(),
        "left": pa.int32(),
        "top": pa.int32(),
        "right": pa.int32(),
        "bottom": pa.int32(),
        "split": pa.string(),
        "years": pa.int16(),
        **dict.fromkeys(vocabulary.annotated_by(dataset), pa.int8()),
    }
    assert list(types)[8:] == list(vocabulary.annotated_by(dataset))


def put(column: str, row: int, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        table = table.copy()
        table.loc[row, column] = value
        return table

    return change


DAMAGE = [
    ("expw", lambda t: t.drop(columns="sad"), "sad"),
    ("expw", lambda t: t.assign(extra=1), "extra"),
    ("expw", lambda t: t[["face", "photograph", *t.columns[2:]]], "out-of-order"),
    ("expw", lambda t: t.astype({"sad": "int64"}), "int8"),
    ("expw", lambda t: t.astype({"photograph": object}), "photograph"),
    ("expw", put("photograph", 0, None), "photograph"),
    ("expw", put("face", 1, 0), "photograph and face together must be unique"),
    ("expw", put("face", 1, -1), "face must not be negative"),
    ("expw", put("photograph", 0, "../a.jpg"), "photograph must be a relative path"),
    ("expw", put("photograph", 0, "image\\a.jpg"), "photograph must be a relative path"),
    ("expw", put("split", 0, "validation"), "split must be one of train, val, test"),
    ("expw", put("left", 0, None), "a box must have four sides or none"),
    ("expw", put("right", 0, 1), "a box must have four sides or none"),
    ("expw", put("bottom", 0, -9), "a box must have four sides or none"),
    ("expw", put("sad", 0, 2), "labels must be 1, 0 or null"),
    ("expw", put("sad", 0, -1), "labels must be 1, 0 or null"),
    ("expw", put("fear", 0, 0), "exactly one of group 'expression' must be 1"),
    ("expw", put("sad", 0, 1), "exactly one of group 'expression' must be 1"),
    ("expw", put("sad", 0, None), "exactly one of group 'expression' must be 1"),
    ("celeba", put("Female", 0, None), "exactly one of group 'gender' must be 1"),
    ("maad", lambda t: put("Male", 0, None)(put("Female", 1, None)(t)), "group 'gender'"),
]


@pytest.mark.parametrize(("dataset", "damage", "message"), DAMAGE)
def test_damaged_tables_do_not(
    dataset: str,
    damage: Callable[[pd.DataFrame], pd.DataFrame],
    message: str,
    tables: dict[str, pd.DataFrame],
    vocabulary: Vocabulary,
) -> None:
    with pytest.raises(REFUSED, match=message):
        build_schema(dataset, vocabulary).validate(damage(tables[dataset]))


def test_group_that_is_wholly_unknown_in_a_row_is_sound(
    tables: dict[str, pd.DataFrame], vocabulary: Vocabulary
) -> None:
    expressions = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
    table = tables["expw"].copy()
    table.loc[0, expressions] = None
    build_schema("expw", vocabulary).validate(table)


@pytest.mark.parametrize("dataset", ["utkface", "expw"])
def test_real_tables_meet_the_schema(dataset: str, shared: Path, vocabulary: Vocabulary) -> None:
    table = read_labels(dataset, shared / "data" / dataset, vocabulary).table
    build_schema(dataset, vocabulary).validate(table)
