import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceinsight.errors import RuleError
from faceinsight.method.rules.formula import evaluate
from faceinsight.method.rules.language import parse
from tests.method.rules.reference import LETTERS, Made, assignments, rules, table

IDS = ("Bald", "Bangs", "Wavy_Hair", "5_o_Clock_Shadow", "Orange", "Notable", "Male", "Android")


def meaning(text: str, ids: tuple[str, ...]) -> list[bool]:
    return (evaluate(parse(text, ids), table(ids).astype(np.int8)) == 1).tolist()


@settings(deadline=None)
@given(rules())
def test_a_rule_means_what_it_was_made_to_mean(made: Made) -> None:
    assert meaning(made.text, LETTERS) == [made.holds(a) for a in assignments(LETTERS)]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Bald -> not Bangs and not Wavy_Hair", "Bald -> ((not Bangs) and (not Wavy_Hair))"),
        ("Bald and Bangs -> Male or not Orange", "(Bald and Bangs) -> (Male or (not Orange))"),
        ("Bald or Bangs and Male", "Bald or (Bangs and Male)"),
        ("Bald and Bangs or Male", "(Bald and Bangs) or Male"),
        ("not Bald and Bangs", "(not Bald) and Bangs"),
        ("not not Bald", "Bald"),
        ("Bald <-> Bangs or Male", "(Bald -> Bangs or Male) and (Bangs or Male -> Bald)"),
        ("Bald -> not Bangs", "Bald->NOT Bangs"),
        ("Bald AND Bangs Or Male", "Bald and Bangs or Male"),
        ("Bald ∧ Bangs → ¬Male ∨ Orange", "Bald and Bangs -> not Male or Orange"),
        ("Bald ↔ Male", "Bald <-> Male"),
        ("Exactly  One\nOf {Bald, Male}", "(Bald or Male) and not (Bald and Male)"),
        ("at least one of {Bald,Male,Bangs}", "Bald or Male or Bangs"),
        ("AT MOST ONE OF {Bald, Male}", "not (Bald and Male)"),
        ("Bald -> exactly one of {Male, Bangs}", "Bald -> not (Male <-> Bangs)"),
        ("not(Bald)and(Bangs)", "not Bald and Bangs"),
        ("Notable or Orange and Android", "(Notable) or (Orange and Android)"),
        ("5_o_Clock_Shadow->Male", "not 5_o_Clock_Shadow or Male"),
    ],
)
def test_binding_words_and_signs(text: str, same: str) -> None:
    assert meaning(text, IDS) == meaning(same, IDS)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("   \n", "is empty"),
        ("Bald ->", "ends too early"),
        ("-> Bald", "'-> Bald' is not expected at character 1"),
        ("Bald -> -> Bangs", "'-> Bangs' is not expected at character 9"),
        ("Bald -> Bangs -> Male", "'-> Male' is not expected at character 15"),
        ("Bald <-> Bangs -> Male", "'-> Male' is not expected at character 16"),
        ("Bald Bangs", "'Bangs' is not expected at character 6"),
        ("Bald and", "ends too early"),
        ("(Bald or Male", "ends too early"),
        ("Bald)", "')' is not expected at character 5"),
        ("Bald & Bangs", "'& Bangs' is not expected at character 6"),
        ("Bald = 1", "'= 1' is not expected at character 6"),
        ("Bald -> not Bangz", "did you mean 'Bangs'"),
        ("bald -> not Bangs", "did you mean 'Bald'"),
        ("5_oclock_Shadow or Male", "did you mean '5_o_Clock_Shadow'"),
        ("Bald or xyzzy", "see the vocabulary's ids"),
        ("exactly one of {}", "'}' is not expected at character 17"),
        ("exactly one of {Bald}", "two or more different ids"),
        ("exactly one of {Bald, Bald}", "two or more different ids"),
        ("exactly one of {not Bald, Male}", "'not Bald, Male}' is not expected"),
        ("exactly two of {Bald, Male}", "is not expected at character 9"),
        ("exactly one of Bald, Male", "'Bald, Male' is not expected at character 16"),
        ("at least one {Bald, Male}", "is not expected"),
        ("Bald -> True", "names 'True'"),
        ("Bald(x) -> not Bangs(x)", "'(x) -> not Bangs(x)' is not expected"),
        ("__import__('os')", "is not expected at character 11"),
        ("Bald\x00 or Male", "control character '\\x00' at character 5"),
        ("Bald \x1b[31m or Male", "control character '\\x1b' at character 6"),
        ("Bald \u202e or Male", "control character '\\u202e' at character 6"),
        ("Ваld or Male", "is not expected at character 1"),  # Cyrillic letters
    ],
)
def test_bad_text_is_refused_with_its_own_words(text: str, told: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text, IDS)
    message = str(caught.value)
    assert f"the rule {repr(text) if chr(39) not in text else chr(39) + text + chr(39)}" in message
    assert told in message
    assert message.isprintable()


@pytest.mark.parametrize("text", [None, True, 7, ["Bald"], {"Bald": "Bangs"}])
def test_what_is_no_text_is_refused(text: object) -> None:
    with pytest.raises(RuleError, match="is not text; put it in quotes"):
        parse(text, IDS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("not " * 2000 + "Bald", "nested more than 40 deep"),
        ("(not " * 1000 + "Bald" + ")" * 1000, "nested more than 40 deep"),
        ("(Bald -> " * 900 + "Bald" + ")" * 900, "nested more than 40 deep"),
        ("(" * 9_000, "ends too early"),
        ("Bald or " * 150_000 + "Male", "has 1,200,004 characters, more than 10,000"),
        ("(" * 1_000_000, "more than 10,000"),
        ("\0" * 1_000_000, "more than 10,000"),
        ("B" * 9_000, "is no characteristic"),
        ("exactly one of {" + "Bald, " * 1000 + "Male}", "two or more different ids"),
    ],
)
def test_huge_text_is_refused_at_once_and_quoted_in_part(text: str, told: str) -> None:
    start = time.perf_counter()
    with pytest.raises(RuleError, match=told) as caught:
        parse(text, IDS)
    assert time.perf_counter() - start < 5
    assert repr(text)[1:100] in str(caught.value)
    assert len(str(caught.value)) < 600


def test_parentheses_alone_are_no_nesting() -> None:
    assert meaning("(" * 3000 + "Bald" + ")" * 3000, IDS) == meaning("Bald", IDS)


@settings(deadline=None)
@given(st.text() | st.text(alphabet="AB5_o_C ->(){},<notandr1\n"))
def test_any_text_gives_a_formula_or_a_rule_error(text: str) -> None:
    try:
        parse(text, LETTERS)
    except RuleError as error:
        assert str(error).isprintable()  # noqa: PT017 (either outcome is allowed)
