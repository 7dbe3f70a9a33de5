"""Ages in words and numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceinsight.answers.ages import class_of, years_of
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question
from faceinsight.method.characteristics import Vocabulary

CLASSES: dict[str, tuple[int, int | None]] = {
    "0-2": (0, 2),
    "3-9": (3, 9),
    **{f"{low}-{low + 9}": (low, low + 9) for low in range(10, 70, 10)},
    "70+": (70, None),
}


@pytest.mark.parametrize(
    ("text", "member"),
    [
        ("He is 35 y/o.", "age_30_39"),
        ("a 35yo woman", "age_30_39"),
        ("45 yrs old", "age_40_49"),
        ("aged 8 to 9", "age_3_9"),
        ("at the age of twelve", "age_10_19"),
        ("eighteen months old", "age_0_2"),
        ("She is 3 weeks old.", "age_0_2"),
        ("a man of sixty years", "age_60_69"),
        ("in her 50's", "age_50_59"),
        ("mid-forties", "age_40_49"),
        ("from his late 30s to early 40s", None),
        ("in her mid 20s to late 20s", "age_20_29"),
        ("over 70 years old", "age_70_plus"),
        ("older than 75 years", "age_70_plus"),
        ("70 years old and above", "age_70_plus"),
        ("in his seventies or older", "age_70_plus"),
        ("age: >70", "age_70_plus"),
        ("under 3 years old", "age_0_2"),
        ("at most two years old", "age_0_2"),
        ("2 years or younger", "age_0_2"),
        ("not older than 2 years", "age_0_2"),
        ("over 20 years old", None),
        ("20 to 40 years old", None),
        ("about 30 to 40 years old", "age_30_39"),
        ("aged 33 or 34", "age_30_39"),
        ("25 or 45 years old", None),
        ("The person is likely in the 20-29 age range.", "age_20_29"),
        ("He looks like he is 65.", "age_60_69"),
        ("She has 5 earrings and 3 more hats.", None),
        ("At least 2 people stand behind her.", None),
        ("It was shot in 2015, 30 years later.", None),
        ("in the 1970s", None),
        ("He has been bald for 20 years.", None),
        ("He scored 35 percent.", None),
        ("The man is 180 cm tall.", None),
        ("250 years old", None),
    ],
)
def test_the_class_that_an_age_means(
    text: str, member: str | None, parser: AnswerParser, vocabulary: Vocabulary
):
    labels = parser.parse(text).labels
    held = [id_ for id_ in vocabulary.groups["age"] if labels.get(id_)]
    assert held == ([] if member is None else [member])


@pytest.mark.parametrize(
    ("text", "years"),
    [
        *[(text, None) for text in ("year 31", "in the year 31", "room 31", "yr 31")],
        *[(text, (31, 31)) for text in ("31", "31 years", "age in years 31", "Years: 31")],
    ],
)
def test_a_number_that_names_something_is_no_age(text: str, years: tuple[int, int] | None):
    assert years_of(text) == years


@pytest.mark.parametrize("text", ["In year 31.", "Photo 31", "20 out of 31", "jersey number 31"])
def test_such_a_number_answers_no_question(text: str, parser: AnswerParser, vocabulary: Vocabulary):
    asked = Question("How old?", tuple(vocabulary.groups["age"]), "group")
    assert not parser.parse(text, asked).labels


@pytest.mark.parametrize(
    ("text", "excluded"),
    [
        ("She is over 60.", {"age_0_2", "age_20_29", "age_50_59"}),
        ("no older than 30 years", {"age_40_49", "age_70_plus"}),
        ("an adult", {"age_0_2", "age_3_9"}),
        ("25 or 45 years old", {"age_10_19", "age_30_39", "age_60_69"}),
        ("not a child", {"age_3_9"}),
    ],
)
def test_classes_that_an_age_excludes(text: str, excluded: set[str], parser: AnswerParser):
    labels = parser.parse(text).labels
    assert {id_ for id_ in excluded if labels.get(id_) is False} == excluded
    assert True not in [labels.get(id_) for id_ in labels if id_.startswith("age")]


def test_a_bare_number_is_an_age_only_where_one_is_asked_for(
    parser: AnswerParser, vocabulary: Vocabulary
):
    question = Question("How old?", vocabulary.groups["age"], "group")
    assert parser.parse("About 64.", question).labels["age_60_69"] is True
    assert parser.parse("About 64.").labels == {}
    assert parser.parse("One of them.", question).labels == {}


def test_an_age_that_is_claimed_and_denied_is_a_contradiction(parser: AnswerParser):
    parsed = parser.parse("She is 35 years old. She is not in her thirties.")
    assert parsed.contradictions == ("age_30_39",)
    assert "age_30_39" not in parsed.labels


@given(low=st.integers(0, 100), length=st.integers(0, 29))
def test_a_range_means_the_class_with_most_of_its_years(low: int, length: int):
    """Against counting years one by one."""
    years = range(low, low + length + 1)
    counts = {
        name: sum(first <= year and (last is None or year <= last) for year in years)
        for name, (first, last) in CLASSES.items()
    }
    whole = [
        name
        for name, (first, last) in CLASSES.items()
        if last is not None and set(range(first, last + 1)) <= set(years)
    ]
    most = [name for name, count in counts.items() if count == max(counts.values())]
    expected = most[0] if len(most) == 1 and len(whole) < 2 else None
    assert class_of(CLASSES, (low, low + length)) == expected


@pytest.mark.parametrize(
    ("texts", "years"),
    [
        (("31", "31.4", "31 years old", "about 31", "age: 31", "31y", "31-year-old"), (31, 31)),
        (("25-35", "(25, 35)", "25 to 35", "between 25 and 35", "age_25_35"), (25, 35)),
        (('{"Low": 20, "High": 28}', "{'High': 28, 'Low': 20}", "Low: 20, High: 28"), (20, 28)),
        (("70+", "more than 70", "over 70", ">70", "≥ 70", "70 or older", "70 and up"), (70, None)),
        (("under 5", "less than 5", "<5", "at most 4", "up to 4", "4 or younger"), (0, 4)),
        (("in his 40s", "forties", "40-49 years old", "her 40's"), (40, 49)),
        (("early thirties", "in her early 30s"), (30, 33)),
        (("18 months",), (1, 1)),
        (("", "-4", "200", "35-25", "adult", "2024-01", "unknown", "31%", "3 people"), None),
    ],
)
def test_a_text_that_is_an_age_and_nothing_else(
    texts: tuple[str, ...], years: tuple[int, int | None] | None
):
    assert [years_of(text) for text in texts] == [years] * len(texts)
