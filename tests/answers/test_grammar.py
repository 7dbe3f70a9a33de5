"""The table of English: patterns over words, and the first rule that fits."""

import pytest

from faceinsight.answers import grammar
from faceinsight.answers.grammar import Marked, Rules
from faceinsight.answers.negation import Negation


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch):
    def make(*rows: dict) -> Rules:
        monkeypatch.setitem(grammar.TABLE, "tried", list(rows))
        return Rules("tried")

    return make


def test_a_class_holds_the_words_of_those_that_it_names():
    assert grammar.CLAUSAL | {"be"} == grammar.FINITE
    assert {"his", ",", "rather", "very"} <= grammar.ELLIPSIS
    with pytest.raises(ImportError, match="NOWHERE"):
        from faceinsight.answers.grammar import NOWHERE  # noqa: F401


@pytest.mark.parametrize(
    ("pattern", "words", "fits"),
    [
        ("took|wiped off", "took off", True),
        ("took|wiped off", "took a", False),
        ("<possessives> hat", "his hat", True),
        ("<^possessives> hat", "his hat", False),
        ("<^possessives> hat", "the hat", True),
        ("a . {0,2} hat", "a very big hat", True),
        ("a . {0,2} hat", "a very very big hat", False),
        ("hat $", "hat and", False),
        ("<T>", "hat", True),
        ("<B>", "hat", False),
        ("<ing>", "smiling", True),
        ("<number> year", "35 year", True),
        ("hat (?= , )", "hat ,", True),
        ("<adverbs>*+ <copulas>", "so very is", True),
    ],
)
def test_what_a_pattern_fits(rules, pattern: str, words: str, fits: bool):
    clause = Marked(words.split(), things={words.split().index("hat")} if "hat" in words else ())
    assert (rules({"at": pattern}).first(clause, 0) is not None) == fits


def test_the_first_rule_that_fits_counts_and_says_what_it_is_about(rules):
    tried = rules(
        {"at": "off", "behind": "[ <T> ] <possessives>", "says": "before"},
        {"at": "off [ . ] now", "says": "after"},
        {"at": "off", "says": "else"},
    )
    clause = Marked(["his", "hat", "off", ",", "now", "off"], things={1})
    found = [tried.first(clause, place) for place in range(6)]
    assert [f and f.rule["says"] for f in found] == [None, None, "before", None, None, "else"]
    assert found[2].places == range(1, 2)
    (_, after, _) = tried.all_at(clause, 2)
    assert (after.places, after.end) == (range(3, 4), 5)


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("no hat and a tie", "hat"),
        ("no hat , glasses or tie", "hat , glasses or tie"),
        ("he is not in a hat and wear a tie", "in a hat"),
        ("a man without a hat is bald", "a hat"),
        ("not without a hat", ""),
        ("nothing but a hat", ""),
        ("he removed his hat , then his tie and smile", "hat tie"),
    ],
)
def test_how_far_a_negation_reaches(text: str, denied: str):
    words = text.split()
    things = {place for place, word in enumerate(words) if word in ("hat", "tie", "glasses")}
    reach = Negation(Marked(words, things))
    assert " ".join(w for w, no in zip(words, reach.denied, strict=True) if no) == denied
