"""A folder's page: what stands in it, and that no name of a file becomes part of the page."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np

from faceinsight.errors import PhotographError
from faceinsight.inference.face import AgeEstimate, ClassEstimate, Face
from faceinsight.reports.faces_page import FacesPage

HOSTILE = '"><script>alert(1)</script>&amp;'


def face(number: int = 1, expression: str = "happy", **changes) -> Face:
    plain = {
        "photograph": "a.jpg",
        "number": number,
        "bbox": (0, 0, 9, 9),
        "confidence": 0.987,
        "face_from": "retinaface",
        "probabilities": dict.fromkeys(
            ["Smiling", "age_3_9", "age_20_29", "race5_Black", "sad", "happy"], 0.5
        ),
        "present": ("Smiling",),
        "labels": ("smiling", "wavy hair"),
        "age": AgeEstimate("age_20_29", "20 to 29 years old", 0.6, None, 27.0, (21.0, 35.0)),
        "gender": None,
        "expression": ClassEstimate(expression, expression, 0.8),
        "race": None,
        "uncertain": ("age", "Bald"),
        "caution": None,
        "crop": np.full((120, 120, 3), 90, np.uint8),
        "_words": lambda: "A face.",
    }
    return Face(**plain | changes)


class Parts(HTMLParser):
    """Tags with their attributes, and the text of each cell."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self._within = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("td", "tr"):
            self._within = tag == "td"
            self.cells += [""] * self._within

    def handle_endtag(self, tag: str) -> None:
        self._within = self._within and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._within:
            self.cells[-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(*added) -> tuple[str, Parts]:
    made = FacesPage("my photographs")
    for name, found in added:
        made.add(name, found)
    text = made.render()
    return text, Parts(text)


def test_each_face_is_a_row_with_its_thumbnail_and_each_group_has_its_distribution():
    faces = [face(1), face(2, "sad", labels=("bald",)), face(3, "sad", confidence=None)]
    text, parts = page(("a.jpg", faces), ("b.jpg", []))
    assert "3 faces in 2 photographs" in text
    assert len([i for i in parts.all("img") if i["src"].startswith("data:image/jpeg")]) == 3
    assert parts.cells[1:4] == ["a.jpg", "1", "20 to 29 years old60%, 21 to 35 years"]
    assert parts.cells[5:8] == ["smiling, wavy hair", "age, bald", "0.99"]
    rows = [row for row in parts.all("tr") if "data-labels" in row]
    assert [json.loads(row["data-labels"]) for row in rows][1] == ["bald"]
    assert [row["data-expression"] for row in rows] == ["happy", "sad", "sad"]
    bars = {one["data-word"] for one in parts.all("li") if "data-word" in one}
    assert {"20 to 29 years old", "happy", "sad", "bald"} <= bars
    assert re.search(r'data-word="sad">.*?66\.7%.*?2 · 67%', text)
    assert text.index('<li data-word="sad">') < text.index(
        '<li data-word="happy">'
    )  # as they stand
    assert "gender" not in {one.get("data-group") for one in parts.all("select")}
    assert "<b>b.jpg</b>: no face was found" in text


def test_names_are_text_and_nothing_is_loaded():
    error = PhotographError("truncated", f"{HOSTILE} is cut off")
    text, parts = page((HOSTILE, [face(labels=(HOSTILE,))]), ("b", error))
    assert len(parts.all("script")) == 1
    assert parts.cells[1] == HOSTILE
    row = next(row for row in parts.all("tr") if "data-labels" in row)
    assert json.loads(row["data-labels"]) == [HOSTILE]
    assert "alert(1)</script>" not in text
    assert "http" not in text.replace("http-equiv", "")
    policy = next(m for m in parts.all("meta") if "http-equiv" in m)["content"]
    assert policy.startswith("default-src 'none'")


def test_race_stands_there_only_where_it_was_handed_out():
    assert 'data-of="race"' not in page(("a", [face()]))[0]
    asked = face(race=ClassEstimate("race5_Black", "Black", 0.9))
    assert 'data-of="race"' in page(("a", [asked]))[0]


def test_a_caution_is_said_once_and_an_empty_folder_is_a_page():
    text, _ = page(("a", [face(caution="Means nothing."), face(2, caution="Means nothing.")]))
    assert text.count("Means nothing.") == 1
    assert "0 faces in 0 photographs" in page()[0]
