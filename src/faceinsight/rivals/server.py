"""Way in: a server that speaks OpenAI's protocol, one's own or a hosted one.

Nothing that identifies the server or its user is kept or logged: neither address nor key.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from faceinsight.errors import ParameterError
from faceinsight.rivals.questions import Question, spellings
from faceinsight.rivals.refusals import (
    is_about_fields,
    is_same_model,
    reach_of,
    reason_of,
    shown_model,
)
from faceinsight.rivals.retries import Failed, Retries, TryAgain, retry_after
from faceinsight.rivals.settings import RivalSettings, ScoredBy, ServerSettings
from faceinsight.rivals.store import Answer

if TYPE_CHECKING:
    from openai import OpenAI

_NO_KEY = "none"
"""Sent where no key is set; the client insists on one, servers of one's own do not read it."""


class ServerRival:
    """Asks one question about one picture at a time; may be called from many threads.

    Args:
        scored_by: text, or the log-probabilities of the first token.

    Raises:
        ParameterError: no address is set.
    """

    def __init__(self, rival: RivalSettings, settings: ServerSettings, scored_by: ScoredBy) -> None:
        self._rival = rival
        self._settings = settings
        self._scored_by = scored_by
        self._client = _client(settings)
        self._closed = threading.Event()
        self.retries = Retries(
            settings.attempts,
            settings.backoff,
            settings.longest_wait,
            settings.requests_per_minute,
            sleep=self._closed.wait,
        )

    def ask(self, jpeg: bytes, question: Question) -> Answer:
        """The answer to one question about one picture.

        Raises:
            Failed: the server did not answer, or refused this one question.
            ParameterError: the server refuses every question like this one, or another model
                answers.
        """
        request = chat_request(self._rival, self._settings, self._scored_by, jpeg, question)
        return self.retries(lambda: self._once(request, question))

    def close(self) -> None:
        """Break off what is under way, and what waits to be tried again."""
        self._closed.set()
        self._client.close()

    def _once(self, request: dict[str, Any], question: Question) -> Answer:
        import openai

        if self._closed.is_set():
            raise Failed("closed")
        try:
            response = self._client.chat.completions.with_raw_response.create(**request)
            body = response.http_response.text
        except openai.APITimeoutError:
            raise TryAgain("timed out") from None
        except openai.APIConnectionError:
            raise TryAgain("no connection") from None
        except openai.APIStatusError as error:
            raise self._refused(
                error.status_code, error.response.text, retry_after(error.response.headers)
            ) from None
        try:
            said = json.loads(body)
            if said.get("error") and not said.get("choices"):
                raise self._refused(_status_within(said["error"]), body)
            choice = said["choices"][0]
            message = choice["message"]
            # A hosted model may say no in a field of its own.
            text = message["content"] or message.get("refusal")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            raise TryAgain("nonsense") from None
        model = self._checked_model(said.get("model"))
        if self._scored_by == "likelihood":
            if choice.get("logprobs") is None:
                raise self._without_log_probabilities()
            return replace(_first_token(choice["logprobs"], question.options), model=model)
        if isinstance(text, list):  # in parts, as a request may have them
            text = "".join(str(part.get("text", "")) for part in text if isinstance(part, dict))
        if text is None or text == "":
            raise TryAgain("empty")
        if not isinstance(text, str):
            raise TryAgain("nonsense")
        if not text.strip():
            raise TryAgain("empty")
        return Answer(text.strip(), model=model)

    def _checked_model(self, model: Any) -> str | None:
        """The name of the model that answered, in the server's words; None where it gives none.

        Raises:
            ParameterError: it is not the one that was asked for.
        """
        if not isinstance(model, str) or not model.strip():
            return None
        rival = self._rival
        asked = rival.served_as or rival.checkpoint
        if not any(is_same_model(name, model) for name in (asked, rival.checkpoint)):
            raise ParameterError(
                f"the server was asked for '{asked}' and '{shown_model(model)}' answered, which "
                f"would be booked as {rival.title}: serve the rival's own model, or, where this "
                "is its name at the server, set the rival's served_as to it"
            )
        return shown_model(model)

    def _refused(self, status: int, body: str, wait: float | None = None) -> Exception:
        """What to raise for a request that the server refused."""
        secrets = (os.environ.get(self._settings.api_key_variable), self._client.base_url.host)
        said = reason_of(body, tuple(secret for secret in secrets if secret))
        about_likelihood = self._scored_by == "likelihood" and "logprob" in body
        if status in (400, 422) and about_likelihood:
            return self._without_log_probabilities()
        reach = reach_of(status, body)
        if reach == "moment":
            return TryAgain(str(status), wait, said)
        if reach == "question":
            return Failed(str(status), said)
        message = f"the server refuses every question like this one ({status})"
        return ParameterError(f"{message}{f': {said}' if said else ''}{self._advice(status, said)}")

    def _advice(self, status: int, said: str) -> str:
        """What to do about a refusal of every question, to be added to the server's words."""
        name = self._rival.served_as or self._rival.checkpoint
        if status in (401, 403):
            return f"; see to the key in the environment variable {self._settings.api_key_variable}"
        if status == 404 or (status == 400 and "model" in said and "exist" in said):
            return (
                f"; it knows no chat completions of a model '{name}': see to its address, which "
                "for most servers ends in /v1, and to the rival's served_as"
            )
        if any(word in said.lower() for word in ("image", "vision", "content")):
            return f"; '{name}' must be served with image input"
        if status in (400, 422) and is_about_fields(said):
            return (
                "; fields of the request are replaced, added or left out (null) by the rival's "
                "request, e.g. request.max_completion_tokens=64 or request.temperature=null"
            )
        return ""

    def _without_log_probabilities(self) -> ParameterError:
        name = self._rival.served_as or self._rival.checkpoint
        return ParameterError(
            f"the server gives no log-probabilities for '{name}': use scored_by=text, or a server "
            "that gives them"
        )


def chat_request(
    rival: RivalSettings,
    settings: ServerSettings,
    scored_by: ScoredBy,
    jpeg: bytes,
    question: Question,
) -> dict[str, Any]:
    """The chat completion that is requested: picture first, then the question, answered greedily.

    The rival's own fields (`RivalSettings.request`) replace those of the same name; null leaves one
    out.
    """
    url = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
    request: dict[str, Any] = {
        "model": rival.served_as or rival.checkpoint,
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": url}},
                    {"type": "text", "text": rival.prompt.replace("{question}", question.text)},
                ],
            }
        ],
    }
    fields: dict[str, Any] = {"max_tokens": question.max_tokens, "temperature": 0.0}
    if scored_by == "likelihood":
        fields |= {"max_tokens": 1, "logprobs": True, "top_logprobs": settings.top_logprobs}
    if "max_completion_tokens" in rival.request:  # servers that know it refuse to be told both
        del fields["max_tokens"]
    request |= {name: value for name, value in fields.items() if name not in rival.request}
    # What the client does not know as a field passes as well, nested or not.
    if extra := {name: value for name, value in rival.request.items() if value is not None}:
        request["extra_body"] = extra
    return request


def _status_within(error: Any) -> int:
    """The status of an error that came as if it were an answer, as gateways send them."""
    code = str(error.get("code")) if isinstance(error, dict) else ""
    return int(code) if code.isdecimal() and 400 <= int(code) < 600 else 502


def _first_token(logprobs: Any, options: Sequence[str]) -> Answer:
    """Log-probability of each option from a response's `logprobs`.

    An option has the sum over the listed first tokens that spell it, with or without a space before
    it: "yes", "Yes", " Yes".

    Raises:
        TryAgain: the response lists no tokens.
    """
    import numpy as np

    try:
        listed = [
            (str(top["token"]), float(top["logprob"]))
            for top in logprobs["content"][0]["top_logprobs"]
        ]
    except (KeyError, IndexError, TypeError, ValueError):
        raise TryAgain("no log-probabilities") from None
    if not listed:
        raise TryAgain("no log-probabilities")
    scores: list[float | None] = []
    for option in options:
        found = [value for token, value in listed if token.strip() in spellings(option)]
        scores.append(float(np.logaddexp.reduce(found)) if found else None)
    return Answer("", tuple(scores), min(value for _, value in listed))


def _client(settings: ServerSettings) -> OpenAI:
    from openai import OpenAI

    environment: Mapping[str, str] = os.environ
    address = settings.base_url or environment.get(settings.base_url_variable)
    if not address:
        raise ParameterError(
            f"no server to ask: set the environment variable {settings.base_url_variable} (or "
            "rivals.server.base_url) to its address, e.g. http://localhost:8000/v1"
        )
    # The HTTP client tells every request with its whole address, which may hold a password.
    for name in ("httpx", "httpx2"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return OpenAI(
        base_url=address,
        api_key=environment.get(settings.api_key_variable) or _NO_KEY,
        timeout=settings.timeout,
        max_retries=0,
    )
