"""What the page says of a face."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from faceinsight.answers.lexicon import Lexicon
from faceinsight.inference.explanation import Explanation, RegionShare
from faceinsight.inference.face import AgeEstimate, ClassEstimate, Face
from faceinsight.method.characteristics import Vocabulary
from faceinsight.serving.findings import bars, grouped, percent, picture, why, words


def make_face(**changes: Any) -> Face:
    plain: dict[str, Any] = {
        "photograph": "a.jpg",
        "number": 1,
        "bbox": (10, 20, 60, 70),
        "confidence": 0.9,
        "face_from": "retinaface",
        "probabilities": {"Smiling": 0.62, "Bangs": 0.004, "Male": 0.25, "Female": 0.75},
        "present": ("Smiling", "Female"),
        "labels": ("female", "smiling"),
        "age": None,
        "gender": ClassEstimate("Female", "female", 0.75),
        "expression": None,
        "race": None,
        "uncertain": None,
        "caution": None,
        "crop": np.zeros((4, 4, 3), dtype=np.uint8),
        "_words": lambda: "She smiles <at> you.",
    }
    return Face(**(plain | changes))


class Text(HTMLParser):
    """The text of a page as a screen reader has it, a piece an element of a list."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.items: list[str] = [""]
        self._silent = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._silent or ("aria-hidden", "true") in attrs:
            self._silent += 1
        if tag in ("li", "h2", "h3", "p", "div"):
            self.items.append("")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - 1)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.items[-1] += data


def text_of(html: str) -> list[str]:
    return [item.replace("\u202f", " ").strip() for item in Text(html).items if item.strip()]


def test_bars_are_told_in_words(vocabulary: Vocabulary, lexicon: Lexicon) -> None:
    told = text_of(bars(make_face(uncertain=("Bangs",)), vocabulary, lexicon))
    assert "smiling62 %, present" in told
    assert "bangs< 1 %, cannot tell" in told
    assert "male25 %" in told
    assert told.index("Gender") < told.index("female75 %, present") < told.index("Hair")


def test_the_length_of_a_bar_is_its_probability(vocabulary: Vocabulary, lexicon: Lexicon) -> None:
    html = bars(make_face(), vocabulary, lexicon)
    shown = re.findall(r"data-x|<li.*?</li>", html)
    lengths = [re.search(r"width:([\d.]+)%", bar)[1] for bar in shown]  # type: ignore[index]
    assert sorted(map(float, lengths)) == [0.4, 25.0, 62.0, 75.0]


def test_every_characteristic_stands_under_one_heading(
    vocabulary: Vocabulary, lexicon: Lexicon
) -> None:
    for words_of_model in (lexicon, None):
        under = grouped(vocabulary.ids, vocabulary, words_of_model)
        assert sorted(id_ for ids in under.values() for id_ in ids) == sorted(vocabulary.ids)
        assert all(under.values())
    assert grouped(vocabulary.ids, vocabulary, lexicon)["facial hair"] == [
        id_
        for id_ in vocabulary.ids
        if id_ in {"No_Beard", "Mustache", "Goatee", "Sideburns", "5_o_Clock_Shadow"}
    ]
    assert list(grouped(["Bangs"], vocabulary, lexicon)) == ["hair"]


@pytest.mark.parametrize(
    ("p", "shown"),
    [(0.0, "< 1 %"), (0.0099, "< 1 %"), (0.01, "1 %"), (0.994, "> 99 %"), (0.5, "50 %")],
)
def test_a_percentage_never_claims_certainty(p: float, shown: str) -> None:
    assert text_of(percent(p)) == [shown]


def test_the_age_has_its_years_and_interval(vocabulary: Vocabulary) -> None:
    age = AgeEstimate("age_30_39", "30 to 39 years old", 0.4, None, 34.6, (21.2, 48.8))
    told = " ".join(text_of(words(make_face(age=age), 1, vocabulary)))
    expected = "35 years expected, nine in ten ages lie between 21 and 49"
    assert f"30 to 39 years old 40% {expected}" in told
    plain = AgeEstimate("age_30_39", "30 to 39 years old", 0.4)
    assert "30 to 39 years old 40%" in " ".join(text_of(words(make_face(age=plain), 1, vocabulary)))


def test_what_a_model_cannot_tell(vocabulary: Vocabulary) -> None:
    told = text_of(words(make_face(), 1, vocabulary))
    assert "This model was not calibrated, so it cannot say what it does not know." in told
    assert any(
        one.startswith("Nothing") for one in text_of(words(make_face(uncertain=()), 1, vocabulary))
    )
    expression = ClassEstimate("happy", "happy", 0.5, ("fearful", "happy", "neutral"))
    unsure = make_face(uncertain=("expression", "race7", "Wavy_Hair"), expression=expression)
    told = text_of(words(unsure, 1, vocabulary))
    assert "Expression: fearful, happy or neutral." in told
    assert "Race." in told
    assert "Present or not: wavy hair." in told
    race = ClassEstimate("race7_Indian", "Indian", 0.4, ("Indian", "Black"))
    told = text_of(words(make_face(uncertain=("race7", "race5"), race=race), 1, vocabulary))
    assert [one for one in told if one.startswith(("Race:", "Race."))] == ["Race: Indian or Black."]


def test_nothing_that_comes_from_elsewhere_is_taken_for_html(vocabulary: Vocabulary) -> None:
    face = make_face(labels=("<b>bad</b>",), present=(), caution="<script>1</script>")
    html = words(face, 1, vocabulary)
    assert "<b>" not in html
    assert "<script" not in html
    assert "She smiles &lt;at&gt; you." in html


def test_boxes_lie_where_the_faces_are() -> None:
    second = make_face(number=2, bbox=(100, 0, 200, 50))
    html = picture(np.zeros((100, 200, 3), dtype=np.uint8), [make_face(), second], 2)
    first, other = re.findall(r"<button.*?</button>", html)
    assert "left:5.00%;top:20.00%;width:25.00%;height:50.00%" in first
    assert 'aria-pressed="false"' in first
    assert 'aria-label="Face 1"' in first
    assert "left:50.00%;top:0.00%;width:50.00%;height:50.00%" in other
    assert 'aria-pressed="true"' in other


def test_every_label_and_name_is_a_button_that_asks_for_its_regions(
    vocabulary: Vocabulary, lexicon: Lexicon
) -> None:
    named = re.compile(r'data-explain="(\w+)"')
    assert named.findall(words(make_face(), 1, vocabulary)) == ["Female", "Smiling"]
    shown = named.findall(bars(make_face(), vocabulary, lexicon))
    assert set(shown) == {"Smiling", "Bangs", "Male", "Female"}


def test_the_regions_that_a_label_hangs_on() -> None:
    explanation = Explanation(
        photograph="a.jpg",
        number=1,
        bbox=(0, 0, 8, 8),
        characteristic="Smiling",
        word="smiling",
        probability=0.62,
        regions=(RegionShare("mouth", 1.5, 0.2), RegionShare("hair", -0.5, 0.3)),
        regions_from="parsed",
        method="fill",
        caution=None,
        crop=np.zeros((8, 8, 3), dtype=np.uint8),
        label_map=np.zeros((8, 8), dtype=np.uint8),
    )
    html = why(explanation)
    told = " ".join(text_of(html))
    assert "What “smiling” hangs on" in told
    assert "1. mouth+1.50 for2. hair-0.50 against" in told
    assert re.findall(r"width:([\d.]+)%", html) == ["100.0", "33.3"]
