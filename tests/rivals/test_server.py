"""Questions over HTTP, to a server that has good days and bad ones."""

import json
import logging
import math
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from faceinsight.errors import ParameterError
from faceinsight.rivals.faces import jpeg
from faceinsight.rivals.questions import questions_of
from faceinsight.rivals.retries import Failed
from faceinsight.rivals.server import ServerRival
from faceinsight.rivals.settings import ServerSettings
from tests.rivals.fake_server import FakeServer, completion, jpeg_of, question_of
from tests.rivals.making import configured

PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.fixture
def question(vocabulary):
    return questions_of(vocabulary, "celeba", configured().questions)[0]


@pytest.fixture
def choice(vocabulary):
    return questions_of(vocabulary, "fairface", configured().questions)[1]


def rival(server, scored_by="text", name="llava_1_5_7b", **changes):
    plain = {"base_url": server.url, "backoff": 0.001, "longest_wait": 0.05, "timeout": 5}
    settings = ServerSettings(**(plain | changes))
    return ServerRival(configured().rivals[name], settings, scored_by)


def test_the_request_is_picture_question_and_greedy(question, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "a-secret")
    with FakeServer(lambda body: " No.\n") as server:
        answer = rival(server).ask(jpeg(PICTURE, 95), question)
    ((path, body),) = server.requests
    assert answer.text == "No."
    assert path == "/v1/chat/completions"
    assert server.headers[0]["authorization"] == "Bearer a-secret"
    parts = body["messages"][0]["content"]
    assert [part["type"] for part in parts] == ["image_url", "text"]
    assert question_of(body) == question.text
    assert body["temperature"] == 0
    assert body["max_tokens"] == question.max_tokens == 16
    assert "logprobs" not in body
    sent = np.asarray(Image.open(BytesIO(jpeg_of(body))))
    assert sent.shape == PICTURE.shape
    assert np.abs(sent.astype(int) - PICTURE).mean() < 8


@pytest.mark.parametrize(
    ("mishap", "counted"),
    [
        ((429, {}), "429"),
        ((429, {"Retry-After": "0"}), "429"),
        ((500, {}), "500"),
        ((503, {}), "503"),
        ("nonsense", "nonsense"),
        ("broken json", "nonsense"),
        ("no choices", "nonsense"),
        ("empty", "empty"),
        ("null", "empty"),
        ("drop", "no connection"),
    ],
)
def test_a_bad_moment_is_survived_and_counted(question, mishap, counted):
    with FakeServer(mishap=lambda n, body: mishap if n < 2 else None) as server:
        asked = rival(server)
        assert asked.ask(b"\xff\xd8", question).text == "Yes."
    assert asked.retries.setbacks == {counted: 2}
    assert len(server.requests) == 3


def test_a_server_that_hangs_is_asked_again(question):
    with FakeServer(mishap=lambda n, body: "hang" if n == 0 else None) as server:
        asked = rival(server, timeout=0.3)
        assert asked.ask(b"\xff\xd8", question).text == "Yes."
    assert asked.retries.setbacks == {"timed out": 1}


def test_after_so_many_attempts_a_question_has_failed(question):
    with (
        FakeServer(mishap=lambda n, body: (500, {})) as server,
        pytest.raises(Failed, match="500"),
    ):
        rival(server, attempts=3).ask(b"\xff\xd8", question)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "said"), [(401, "OPENAI_API_KEY"), (403, "OPENAI_API_KEY"), (404, "/v1")]
)
def test_what_no_retry_mends_is_told_at_once(question, status, said):
    with (
        FakeServer(mishap=lambda n, body: (status, {})) as server,
        pytest.raises(ParameterError, match=said),
    ):
        rival(server).ask(b"\xff\xd8", question)
    assert len(server.requests) == 1


def test_a_question_that_the_server_refuses_is_not_repeated(question):
    with (
        FakeServer(mishap=lambda n, body: (413, {})) as server,
        pytest.raises(Failed, match="413"),
    ):
        rival(server).ask(b"\xff\xd8", question)
    assert len(server.requests) == 1


def test_without_an_address_there_is_nobody_to_ask(question, monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ParameterError, match="OPENAI_BASE_URL"):
        ServerRival(configured().rival, ServerSettings(), "text")


def test_the_address_may_come_from_the_environment(question, monkeypatch):
    with FakeServer() as server:
        monkeypatch.setenv("SOMEWHERE", server.url)
        settings = ServerSettings(base_url_variable="SOMEWHERE")
        asked = ServerRival(configured().rival, settings, "text")
        assert asked.ask(b"\xff\xd8", question).text == "Yes."


def test_neither_address_nor_key_is_logged(question, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("OPENAI_API_KEY", "a-secret")
    with FakeServer(mishap=lambda n, body: (500, {}) if n == 0 else None) as server:
        rival(server).ask(b"\xff\xd8", question)
    assert "a-secret" not in caplog.text
    assert str(server.http.server_port) not in caplog.text


def test_likelihood_is_the_sum_over_an_options_first_tokens(question):
    tokens = {"Yes": -1.0, " yes": -2.0, "No": -0.5, "The": -3.0}
    with FakeServer(lambda body: completion("No", tokens)) as server:
        answer = rival(server, "likelihood").ask(b"\xff\xd8", question)
    body = server.requests[0][1]
    assert (body["max_tokens"], body["logprobs"], body["top_logprobs"]) == (1, True, 20)
    assert answer.scores == pytest.approx((math.log(math.exp(-1) + math.exp(-2)), -0.5))
    assert answer.floor == -3.0


def test_an_option_that_is_not_listed_has_no_score(choice):
    with FakeServer(lambda body: completion("B", {"B": -0.1, "a": -1.0, "I": -4.0})) as server:
        answer = rival(server, "likelihood").ask(b"\xff\xd8", choice)
    assert answer.scores == (None, -0.1)
    assert answer.floor == -4.0


@pytest.mark.parametrize("refuses", [True, False])
def test_a_server_without_log_probabilities_is_asked_once(question, refuses):
    error = json.dumps({"error": {"message": "Unsupported fields: {'logprobs'}"}})
    with (
        FakeServer(mishap=lambda n, body: (422, {}, error) if refuses else None) as server,
        pytest.raises(ParameterError, match="scored_by=text"),
    ):
        rival(server, "likelihood").ask(b"\xff\xd8", question)
    assert len(server.requests) == 1


def test_an_answer_in_parts_is_one_answer(question):
    body = completion("")
    body["choices"][0]["message"]["content"] = [{"type": "text", "text": "N"}, {"text": "o."}]
    with FakeServer(lambda _: body) as server:
        assert rival(server).ask(b"\xff\xd8", question).text == "No."


def test_a_hosted_model_that_declines_has_answered(question):
    body = completion(None)
    body["choices"][0]["message"]["refusal"] = "I can't help with that."
    with FakeServer(lambda _: body) as server:
        assert rival(server).ask(b"\xff\xd8", question).text == "I can't help with that."


def refusal(status, message, **more):
    return status, {}, json.dumps({"error": {"message": message, **more}})


@pytest.mark.parametrize(
    "refused",
    [
        refusal(400, "Unsupported parameter: 'max_tokens'; use 'max_completion_tokens'."),
        refusal(402, "This request needs more credits."),
        refusal(404, "model 'x' not found"),
        refusal(429, "You exceeded your current quota", code="insufficient_quota"),
        refusal(500, "image input is not supported"),
        refusal(200, "Insufficient credits", code=402),
    ],
)
def test_a_refusal_of_every_question_is_told_in_the_servers_words(question, refused):
    with (
        FakeServer(mishap=lambda n, body: refused) as server,
        pytest.raises(ParameterError) as told,
    ):
        rival(server).ask(b"\xff\xd8", question)
    assert json.loads(refused[2])["error"]["message"].split(";")[0] in str(told.value)
    assert len(server.requests) == 1


def test_a_question_that_failed_has_the_servers_words(question):
    with (
        FakeServer(mishap=lambda n, body: refusal(503, "Loading model")) as server,
        pytest.raises(Failed, match="503: Loading model"),
    ):
        rival(server, attempts=2).ask(b"\xff\xd8", question)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"max_tokens": 99}, {"max_tokens": 99, "temperature": 0.0}),
        ({"max_tokens": None, "temperature": None}, {}),
        ({"max_completion_tokens": 50}, {"max_completion_tokens": 50, "temperature": 0.0}),
        (
            {"temperature": None, "chat_template_kwargs": {"enable_thinking": False, "a": [1]}},
            {"max_tokens": 16, "chat_template_kwargs": {"enable_thinking": False, "a": [1]}},
        ),
    ],
)
def test_fields_of_a_request_are_replaced_and_left_out(question, given, sent):
    with FakeServer() as server:
        settings = ServerSettings(base_url=server.url)
        of = configured(rivals__llava_1_5_7b__request=given).rival
        ServerRival(of, settings, "text").ask(b"\xff\xd8", question)
    body = server.requests[0][1]
    assert {name: body[name] for name in body if name not in ("model", "messages")} == sent


@pytest.mark.parametrize("scored_by", ["text", "likelihood"])
def test_another_models_answer_is_not_booked(question, scored_by):
    def answer(body):
        return completion("Yes", {"Yes": -0.1}) | {"model": "/home/someone/other-7b"}

    with (
        FakeServer(answer) as server,
        pytest.raises(ParameterError, match="'other-7b' answered") as told,
    ):
        rival(server, scored_by).ask(b"\xff\xd8", question)
    assert "someone" not in str(told.value)
    assert len(server.requests) == 1


def test_who_answered_is_kept(question):
    with FakeServer(lambda body: completion("No") | {"model": "LLaVA-1.5-7B-hf"}) as server:
        assert rival(server).ask(b"\xff\xd8", question).model == "LLaVA-1.5-7B-hf"
    with FakeServer(lambda body: completion("No") | {"model": None}) as server:
        assert rival(server).ask(b"\xff\xd8", question).model is None
