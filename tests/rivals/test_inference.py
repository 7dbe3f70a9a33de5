"""Everything is asked, nothing twice; whatever the server does and whenever we are killed."""

import threading

import numpy as np
import pytest

from faceinsight.errors import FaceInsightError
from faceinsight.rivals.faces import face_keys, faces_of, jpeg
from faceinsight.rivals.inference import answers_key, ask
from faceinsight.rivals.questions import questions_of
from faceinsight.rivals.retries import Retries
from faceinsight.rivals.store import AnswerStore
from tests.rivals.fake_server import FakeServer, picture_of, question_of, size_of
from tests.rivals.making import configured, write_photographs

ALL = 3 * 3 + 40
"""Three faces of FairFace with three tasks, one of CelebA with 40 attributes."""
SERVED = {"llava-hf/llava-1.5-7b-hf": ALL}
"""The name that the server gave to the model that answered."""


def settings(server, **changes):
    fast = {
        "rivals__llava_1_5_7b__way": "server",
        "server__base_url": server.url,
        "server__backoff": 0.001,
        "server__longest_wait": 0.02,
        "server__timeout": 5,
    }
    return configured(**(fast | changes))


def letter_or_no(body):
    return "A" if "A. " in question_of(body) else "No."


def test_every_question_is_asked_once_about_its_own_face(crops, vocabulary, tmp_path):
    with FakeServer(letter_or_no) as server:
        table, account = ask(settings(server), vocabulary, crops, tmp_path / "work")
    assert account == {
        "held": 0,
        "asked": ALL,
        "failed": {},
        "setbacks": {},
        "served": account["served"],
    }
    faces = faces_of(crops, "test")
    of = configured().questions
    expected = {
        (picture_id(face), question.text)
        for face in faces
        for question in questions_of(vocabulary, face.dataset, of)
    }
    assert set(server.answered) == expected
    assert set(server.answered.values()) == {1}
    assert len(table) == ALL
    assert set(table["text"]) == {"A", "No."}
    assert table["failed"].isna().all()


def picture_id(face):
    import hashlib

    return hashlib.sha256(jpeg(face.picture(), 95)).hexdigest()[:12]


def test_what_is_held_is_never_asked_again(crops, vocabulary, tmp_path):
    with FakeServer(letter_or_no) as server:
        first, _ = ask(settings(server), vocabulary, crops, tmp_path / "work")
        again, account = ask(settings(server), vocabulary, crops, tmp_path / "work")
    assert len(server.requests) == ALL
    assert account["held"] == ALL
    assert again.equals(first)


def test_only_what_is_new_is_asked(crops, vocabulary, tmp_path):
    with FakeServer(letter_or_no) as server:
        part = {"fairface": crops["fairface"]}
        ask(settings(server), vocabulary, part, tmp_path / "work")
        assert len(server.requests) == 9
        ask(settings(server), vocabulary, crops, tmp_path / "work")
        assert len(server.requests) == ALL
        changed = settings(server, questions__choice__age="Which age?")
        ask(changed, vocabulary, crops, tmp_path / "work")
        assert len(server.requests) == ALL + 3
        write_photographs(tmp_path / "raw/fairface", ["2.png"], seed=9)
        ask(settings(server), vocabulary, crops, tmp_path / "work")
        assert len(server.requests) == ALL + 3 + 3


@pytest.mark.parametrize(
    "change",
    [
        {"rivals__llava_1_5_7b__checkpoint": "other/model"},
        {"rivals__llava_1_5_7b__prompt": "{question} Answer:"},
        {"rivals__llava_1_5_7b__revision": "v2"},
        {"server__jpeg_quality": 80},
        {"server__software": "vllm 1"},
        {"longest_side": 20},
        {"scored_by": "likelihood"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_rival_or_picture_is_asked_anew(change):
    served = {"rivals__llava_1_5_7b__way": "server"}
    assert answers_key(configured(**served, **change)) != answers_key(configured(**served))


def test_speed_and_address_do_not_count():
    served = {"rivals__llava_1_5_7b__way": "server"}
    faster = {"server__base_url": "http://b", "server__concurrency": 32, "server__attempts": 1}
    assert answers_key(configured(**served, **faster)) == answers_key(configured(**served))


def test_a_bad_day_is_survived_and_counted(crops, vocabulary, tmp_path):
    """Every question has one bad moment before it is answered."""
    kinds = [(429, {"Retry-After": "0.01"}), (500, {}), "nonsense", "empty", "drop", "no choices"]
    seen, lock = set(), threading.Lock()

    def mishap(n, body):
        key = picture_of(body), question_of(body)
        with lock:
            if key in seen:
                return None
            seen.add(key)
        return kinds[len(seen) % len(kinds)]

    with FakeServer(letter_or_no, mishap) as server:
        table, account = ask(settings(server), vocabulary, crops, tmp_path / "work")
    assert account["failed"] == {}
    assert sum(account["setbacks"].values()) == ALL
    assert set(account["setbacks"]) == {"429", "500", "nonsense", "empty", "no connection"}
    assert set(server.answered.values()) == {1}
    assert (table["text"] != "").all()


def test_a_question_that_failed_is_reported_and_asked_again_next_time(crops, vocabulary, tmp_path):
    def mishap(n, body):
        return (500, {}) if "How old" in question_of(body) else None

    with FakeServer(letter_or_no, mishap) as server:
        some = settings(server, server__attempts=2)
        table, account = ask(some, vocabulary, crops, tmp_path / "work")
        assert account["failed"] == {"500": 3}
        assert account["setbacks"] == {"500": 6}
        failed = table[table["failed"].notna()]
        assert set(failed["task"]) == {"age"}
        assert set(failed["text"]) == {""}
        server.mishap = lambda n, body: None
        table, account = ask(some, vocabulary, crops, tmp_path / "work")
    assert account == {
        "held": ALL - 3,
        "asked": 3,
        "failed": {},
        "setbacks": {},
        "served": account["served"],
    }
    assert table["failed"].isna().all()


def test_a_refusal_of_the_first_question_alone_leaves_the_others(crops, vocabulary, tmp_path):
    with FakeServer(letter_or_no, lambda n, body: None if n else (400, {})) as server:
        table, account = ask(settings(server), vocabulary, crops, tmp_path / "work")
    assert account["failed"] == {"400": 1}
    assert table["failed"].isna().sum() == ALL - 1


def test_a_server_that_is_gone_is_given_up_and_the_answers_kept(crops, vocabulary, tmp_path):
    with FakeServer(letter_or_no, lambda n, body: None if n < 12 else (503, {})) as server:
        some = settings(server, server__attempts=2, server__give_up_after=6, server__concurrency=2)
        with pytest.raises(FaceInsightError, match=r"failed 6 questions in a row.*'503'") as told:
            ask(some, vocabulary, crops, tmp_path / "work")
        assert "12 answers are kept" in str(told.value)
        assert len(server.requests) < 12 + 2 * (6 + 4)
        server.mishap = lambda n, body: None
        _, account = ask(some, vocabulary, crops, tmp_path / "work")
    assert account["held"] == 12


def test_requests_run_side_by_side_up_to_the_limit(crops, vocabulary, tmp_path):
    gate = threading.Barrier(4, timeout=20)

    def reply(body):
        if not gate.broken and gate.n_waiting < 4 and len(server.answered) <= 4:
            gate.wait()
        return letter_or_no(body)

    with FakeServer(reply) as server:
        ask(settings(server, server__concurrency=4), vocabulary, crops, tmp_path / "work")
    assert server.most_at_once == 4


def test_every_request_waits_for_its_turn(crops, vocabulary, tmp_path, monkeypatch):
    turns = []

    class Recorded(Retries):
        def __init__(self, attempts, backoff, longest_wait, per_minute, **_):
            super().__init__(attempts, backoff, longest_wait)
            self.per_minute = per_minute

        def wait(self):
            turns.append(self.per_minute)

    monkeypatch.setattr("faceinsight.rivals.server.Retries", Recorded)
    with FakeServer(letter_or_no, lambda n, body: (500, {}) if n == 3 else None) as server:
        slow = settings(server, server__requests_per_minute=90)
        ask(slow, vocabulary, crops, tmp_path / "work")
    assert turns == [90] * (ALL + 1) == [90] * len(server.requests)


def test_a_photograph_that_is_gone_is_a_failure_of_its_own(crops, vocabulary, tmp_path):
    (tmp_path / "raw/fairface/2.png").unlink()
    with FakeServer(letter_or_no) as server:
        table, account = ask(settings(server), vocabulary, crops, tmp_path / "work")
    assert account["failed"] == {"photograph missing": 3}
    assert set(table.loc[table["failed"].notna(), "photograph"]) == {"2.png"}


def test_a_smaller_picture_is_sent_where_asked_for(crops, vocabulary, tmp_path):
    with FakeServer(letter_or_no) as server:
        ask(settings(server, longest_side=20), vocabulary, crops, tmp_path / "work")
    assert {size_of(body) for _, body in server.requests} == {(15, 20)}


def test_stopped_in_between_it_goes_on_and_asks_nothing_twice(
    crops, vocabulary, tmp_path, monkeypatch, caplog
):
    work, add = tmp_path / "work", AnswerStore.add

    def until_stopped(self, answers):
        if len(self) == 15:
            raise KeyboardInterrupt
        add(self, answers)

    with FakeServer(letter_or_no) as server:
        monkeypatch.setattr(AnswerStore, "add", until_stopped)
        with pytest.raises(KeyboardInterrupt):
            ask(settings(server, server__concurrency=3), vocabulary, crops, work)
        monkeypatch.setattr(AnswerStore, "add", add)
        (path,) = work.glob("rivals/*/answers.jsonl")
        held = held_questions(path, crops, vocabulary)
        assert len(held) == 15
        with path.open("ab") as stream:
            stream.write(b'{"face": "half a li')
        before = len(server.requests)
        ask(settings(server), vocabulary, crops, work)
        later = {(picture_of(body), question_of(body)) for _, body in server.requests[before:]}
    assert not later & held
    assert len(server.requests) - before == len(later) == ALL - 15
    assert len(AnswerStore(path)) == ALL
    assert "half written" in caplog.text


def held_questions(path, crops, vocabulary):
    """What a store holds, as the server sees it."""
    store = AnswerStore(path)
    faces = faces_of(crops, "test")
    return {
        (picture_id(face), question.text)
        for face, key in zip(faces, face_keys(faces), strict=True)
        for question in questions_of(vocabulary, face.dataset, configured().questions)
        if (key, question.key) in store
    }


@pytest.mark.parametrize("checkpoint", ["llava"], indirect=True)
def test_a_local_checkpoint_is_asked_and_resumed(
    checkpoint, crops, vocabulary, tmp_path, monkeypatch
):
    from faceinsight.rivals.local import LocalRival
    from tests.rivals.test_local import CLASSES

    kind, folder = checkpoint
    here = configured(
        rivals__llava_1_5_7b__model_class=CLASSES[kind],
        local={"path": str(folder), "device": "cpu", "dtype": "float32", "batch_size": 7},
        scored_by="likelihood",
    )
    original, sizes = LocalRival.ask, []

    def counted(self, pictures, questions):
        if len(sizes) == 3:
            raise KeyboardInterrupt
        sizes.append(len(questions))
        return original(self, pictures, questions)

    monkeypatch.setattr(LocalRival, "ask", counted)
    with pytest.raises(KeyboardInterrupt):
        ask(here, vocabulary, crops, tmp_path / "work")
    assert sizes == [7, 7, 7]
    monkeypatch.setattr(LocalRival, "ask", original)
    table, account = ask(here, vocabulary, crops, tmp_path / "work")
    assert account["held"] == 21
    assert len(table) == ALL
    whole, _ = ask(here, vocabulary, crops, tmp_path / "other")
    for one, other in zip(table["scores"], whole["scores"], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_neither_address_nor_key_is_kept(crops, vocabulary, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "a-secret")
    with FakeServer(letter_or_no) as server:
        ask(settings(server), vocabulary, crops, tmp_path / "work")
    kept = b"".join(p.read_bytes() for p in (tmp_path / "work").rglob("*") if p.is_file())
    assert b"a-secret" not in kept
    assert str(server.http.server_port).encode() not in kept


def test_a_field_that_no_question_can_have_stops_the_run_at_once(crops, vocabulary, tmp_path):
    said = '{"error": {"message": "Unsupported parameter: \'max_tokens\'."}}'
    with FakeServer(letter_or_no, lambda n, body: (400, {}, said)) as server:
        some = settings(server, server__concurrency=2)
        with pytest.raises(FaceInsightError, match="Unsupported parameter: 'max_tokens'") as told:
            ask(some, vocabulary, crops, tmp_path / "work")
    assert "max_completion_tokens" in str(told.value)
    assert len(server.requests) <= 2 * 2
