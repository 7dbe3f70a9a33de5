"""A plain table: words of every kind, gaps, boxes, parts, and what is refused."""

from pathlib import Path

import pandas as pd
import pytest

from faceinsight.data.readers import read_labels
from faceinsight.data.readers.schema import build_schema
from faceinsight.data.registry import TableSettings
from faceinsight.errors import FaceInsightError
from faceinsight.method.characteristics import Vocabulary

VOCABULARY = Vocabulary.from_config(
    {
        "characteristics": {
            "Striped": {"phrase": "a striped shape", "names": {"signs": "Striped"}},
            "Dark": {"phrase": "a dark shape", "names": {"signs": "is_dark"}},
            "disc": {"phrase": "a disc", "names": {"signs": "0"}},
            "square": {"phrase": "a square", "names": {"signs": "1"}},
        },
        "groups": {"shape": ["disc", "square"]},
        "tasks": {"signs": {"attributes": "attributes", "shape": "shape"}},
    }
)
HEAD = "photograph,Striped,is_dark,shape,part,x1,y1,x2,y2"
GOOD = f"""{HEAD}
a.png,1,yes,0,train,1,2,30,40.6
b.png,-1.0, NO,1.0,VALIDATION,,,,
a.png,,?,NA,train,5,5,9,9
c/d.png,TRUE,False,1,test,-3,0,4,8
"""
BOXED = {"split": "part", "box": ("x1", "y1", "x2", "y2")}


def read(root: Path, text: str, **settings) -> pd.DataFrame:
    (root / "signs.csv").write_text(text, encoding="utf-8")
    table = TableSettings(**{"file": "signs.csv", **settings})
    return read_labels("signs", root, VOCABULARY, table=table).table


def listed(table: pd.DataFrame, *columns: str) -> list[list]:
    return [[None if pd.isna(v) else v for v in table[column]] for column in columns]


def test_words_gaps_boxes_and_parts(tmp_path):
    table = read(tmp_path, GOOD, **BOXED)
    build_schema("signs", VOCABULARY).validate(table)
    assert listed(table, "photograph", "face", "split") == [
        ["a.png", "b.png", "a.png", "c/d.png"],
        [0, 0, 1, 0],
        ["train", "val", "train", "test"],
    ]
    assert listed(table, "left", "bottom") == [[1, None, 5, -3], [41, None, 9, 8]]
    assert listed(table, "Striped", "Dark") == [[1, 0, None, 1], [1, 0, None, 0]]
    assert listed(table, "disc", "square") == [[1, 0, None, 0], [0, 1, None, 1]]
    assert table["years"].isna().all()


def test_parquet_of_any_types_is_the_same_table(tmp_path):
    table = read(tmp_path, GOOD.replace("VALIDATION", "val"), **BOXED)
    frame = pd.read_csv(tmp_path / "signs.csv")
    frame["is_dark"] = frame["is_dark"].str.strip()
    frame.to_parquet(tmp_path / "signs.parquet")
    again = read_labels(
        "signs", tmp_path, VOCABULARY, table=TableSettings(file="signs.parquet", **BOXED)
    ).table
    pd.testing.assert_frame_equal(table, again)


def test_without_split_and_box_a_row_is_a_photograph(tmp_path):
    rows = "".join(f"{i}.png,1,0,0\n" for i in range(200))
    table = read(tmp_path, "path,Striped,is_dark,kind\n" + rows, photograph="path",
                 folder="pictures/", labels={"shape": "kind"})  # fmt: skip
    assert table["photograph"][7] == "pictures/7.png"
    assert set(table["split"]) == {"train", "val", "test"}
    assert table["left"].isna().all()


def test_zero_may_mean_unknown(tmp_path):
    text = "photograph,Striped,is_dark,shape\na.png,1,0,0\nb.png,-1,1,1\n"
    table = read(tmp_path, text, absent=[-1], unknown=[0])
    assert listed(table, "Striped", "Dark", "disc") == [[1, 0], [None, 1], [1, 0]]
    with pytest.raises(FaceInsightError, match="holds both 0 and -1, and one of them may mean"):
        read(tmp_path, text)


PLAIN = "photograph,Striped,is_dark,shape\na.png,1,0,0\n"
REFUSED = [
    ("photograph,Striped,shape\na.png,1,0\n", {}, "line 1: column 'is_dark' is missing"),
    (PLAIN + "b.png,maybe,0,0\n", {}, "line 3: Striped is 'maybe', expected one of 1, yes, true"),
    (PLAIN + "b.png,1,0,7\n", {}, "line 3: shape is '7', expected one of 0, 1"),
    (PLAIN + "../b.png,1,0,0\n", {}, "line 3: the photograph's name '../b.png' must be a relative"),
    (PLAIN + ",1,0,0\n", {}, "line 3: the photograph's name '' must be"),
    (PLAIN + "a.png,0,0,0\n", {}, "line 3: 'a.png' already has a label in line 2"),
    (PLAIN + "b.png,1,0\n", {}, "line 3: expected 4 fields, found 3"),
    ("photograph,Striped,is_dark,shape\n", {}, "holds no face"),
    (GOOD + "e.png,1,no,0,some,,,,\n", BOXED, "line 6: part is 'some', expected train, val, test"),
    (GOOD + "a.png,1,no,0,test,1,1,2,2\n", BOXED, "line 6: 'a.png' is in test, but another face"),
    (GOOD + "e.png,1,no,0,test,1,1,,2\n", BOXED, "line 6: the box lacks a side of x1, y1, x2, y2"),
    (GOOD + "e.png,1,no,0,test,1,1,one,2\n", BOXED, "line 6: x2 is 'one', expected pixels"),
    (GOOD + "e.png,1,no,0,test,5,1,5,2\n", BOXED, "line 6: the box's right 5 must be greater"),
    (GOOD + "a.png,1,no,0,train,1,2,30,41\n", BOXED, "line 6: 'a.png' already has a label for the"),
    (PLAIN, {"labels": {"age": "a"}}, "table.labels.age: the vocabulary has no group"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "settings", "said"), REFUSED)
def test_what_is_wrong_is_named(tmp_path, text, settings, said):
    with pytest.raises(FaceInsightError) as caught:
        read(tmp_path, text, **settings)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_table(tmp_path):
    def of(file):
        return read_labels("signs", tmp_path, VOCABULARY, table=TableSettings(file=file))

    with pytest.raises(FaceInsightError, match=r"signs\.csv is missing: put signs's signs\.csv"):
        of("signs.csv")
    with pytest.raises(FaceInsightError, match=r"signs\.parquet is missing"):
        of("signs.parquet")
    (tmp_path / "signs.parquet").write_text("no Parquet")
    with pytest.raises(FaceInsightError, match="cannot be read as Parquet"):
        of("signs.parquet")
    frame = pd.DataFrame({"photograph": ["a"], "Striped": [[1]], "is_dark": [1], "shape": [0]})
    frame.to_parquet(tmp_path / "signs.parquet")
    with pytest.raises(FaceInsightError, match=r"column 'Striped' is of type list"):
        of("signs.parquet")
    frame.assign(Striped="x").to_parquet(tmp_path / "signs.parquet")
    with pytest.raises(FaceInsightError, match=r"signs\.parquet, row 0: Striped is 'x'"):
        of("signs.parquet")
