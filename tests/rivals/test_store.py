"""Answers on disk: what is held survives whatever happens to the process."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceinsight.rivals.store import Answer, AnswerStore

KEYS = [(f"face{i}", f"question{j}") for i in range(3) for j in range(2)]
texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
numbers = st.floats(allow_nan=False, allow_infinity=False)
answers = st.builds(
    Answer,
    texts,
    st.none() | st.lists(st.none() | numbers, max_size=3).map(tuple),
    st.none() | numbers,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers.jsonl"


@settings(max_examples=20, deadline=None)
@given(st.lists(answers, min_size=len(KEYS), max_size=len(KEYS)))
def test_what_is_added_is_held_and_found_again(tmp_path_factory, given_answers):
    path = tmp_path_factory.mktemp("store") / "answers.jsonl"
    with AnswerStore(path) as store:
        for key, answer in zip(KEYS, given_answers, strict=True):
            store.add([(key, answer)])
    again = AnswerStore(path)
    assert len(again) == len(KEYS)
    assert [again.get(key) for key in KEYS] == given_answers


def test_every_cut_through_the_file_loses_the_last_answer_alone(path):
    with AnswerStore(path) as store:
        store.add((key, Answer(f"a\n{i} é")) for i, key in enumerate(KEYS[:2]))
    whole = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == 10]
    for cut in sorted({*range(0, len(whole), 9), *ends, *(end - 1 for end in ends)} - {len(whole)}):
        path.write_bytes(whole[:cut])
        complete = sum(end <= cut for end in ends)
        store = AnswerStore(path)
        assert len(store) == complete
        assert path.stat().st_size == ([0, *ends][complete])
        with store:
            store.add([(("new", "one"), Answer("x"))])
        assert AnswerStore(path).get(("new", "one")) == Answer("x")


def test_a_damaged_line_costs_its_own_answer_alone(path, caplog):
    with AnswerStore(path) as store:
        store.add((key, Answer("yes")) for key in KEYS)
    lines = path.read_text().splitlines()
    lines[2] = lines[2].replace('"text"', '"txet"')
    lines[3] = "null"
    path.write_text("\n".join(lines) + "\n")
    store = AnswerStore(path)
    assert [key in store for key in KEYS] == [True, True, False, False, True, True]
    assert "line 3 is damaged" in caplog.text


def test_an_answer_is_on_the_disk_when_add_returns(path):
    store = AnswerStore(path)
    store.add([(KEYS[0], Answer("yes", (-0.5, None), -3.0))])
    (line,) = path.read_text().splitlines()
    assert json.loads(line) == {
        "face": "face0",
        "question": "question0",
        "text": "yes",
        "scores": [-0.5, None],
        "floor": -3.0,
        "model": None,
    }


def test_the_last_of_two_answers_counts(path):
    with AnswerStore(path) as store:
        store.add([(KEYS[0], Answer("yes"))])
        store.add([(KEYS[0], Answer("no"))])
    assert AnswerStore(path).get(KEYS[0]) == Answer("no")
