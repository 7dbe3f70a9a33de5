"""Rows of the table that says where the model looks."""

from faceinsight.reports.region_rows import region_rows


def of(gap: float, sure: bool, first: str, expected: list[str] | None) -> dict:
    parts = {first: 2.0, "skin": 0.25, "hat": 0.0, "neck": -1.0}
    elsewhere = sure and expected is not None and first not in expected
    return {"present": 1200, "absent": 9, "gap": gap, "sure": sure, "parts": parts} | {
        "expected": expected,
        "elsewhere": elsewhere,
    }


def test_what_hangs_elsewhere_comes_first_and_what_is_not_sure_last():
    found = {
        "Bald": of(9, False, "neck", ["hair"]),
        "Smiling": of(2, True, "mouth", ["mouth", "eyes"]),
        "Wavy_Hair": of(3, True, "background", ["hair"]),
        "Goatee": of(4, True, "mouth", None),
        "Pale_Skin": of(1, True, "hair", ["skin"]) | {"elsewhere": False},
        "Bangs": of(5, True, "background", ["hair"]),
    }
    rows = region_rows({"characteristics": found})
    marks = ["elsewhere", "elsewhere", "expected", "close", "open", "unsure"]
    assert [row["mark"] for row in rows] == marks
    assert [row["gap"] for row in rows] == ["5.0", "3.0", "2.0", "1.0", "4.0", "9.0"]
    assert rows[2]["expected"] == "mouth, eyes"
    assert rows[2]["present"] == "1,200"
    assert rows[2]["regions"] == [
        {"name": "mouth", "part": "+2.0"},
        {"name": "skin", "part": "+0.2"},
        {"name": "hat", "part": "+0.0"},
    ]
    assert region_rows(None) == region_rows({}) == []
