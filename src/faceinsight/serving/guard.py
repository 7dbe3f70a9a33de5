"""What a request must be before it is looked at: who may send it, and how large it may be."""

from __future__ import annotations

import binascii
from base64 import b64decode
from hmac import compare_digest
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from faceinsight.serving.problems import Problem, response_to
from faceinsight.serving.settings import LOOPBACK, ServerSettings

_CHALLENGES = ("Bearer", 'Basic realm="faceinsight", charset="UTF-8"')
"""Each in a line of its own: Chromium reads one challenge a line, and asks its user for Basic."""

OPEN = frozenset({"/health"})
"""Paths that need no token."""


class Guard:
    """Refuses what may not come in, before a byte of its body is read.

    A browser lets any page send to any address. So where no token is asked for, the host that a
    request names must be this machine (a page whose name was made to lead here names its own);
    and a page of another origin is refused unless it is named.

    Args:
        app: what it guards.
        settings: token, origins, and bytes of a request.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app, self._settings = app, settings
        token = settings.token
        self._token = None if token is None else token.get_secret_value().encode()
        self._hosts = {*LOOPBACK, settings.host}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            self._check(scope, headers)
        except Problem as problem:
            refused = response_to(problem)
            for challenge in _CHALLENGES if problem.status_code == 401 else ():
                refused.headers.append("WWW-Authenticate", challenge)
            await refused(scope, receive, send)
            return
        await self._app(scope, _Counting(receive, self._settings.most_bytes), send)

    def _check(self, scope: Scope, headers: Headers) -> None:
        host = headers.get("host", "")
        if self._token is None and _split(f"//{host}").hostname not in self._hosts:
            raise Problem(
                421, "the request names another host than this machine: call it localhost"
            )
        origin = headers.get("origin")
        is_foreign = origin is not None and _split(origin).netloc != host
        if is_foreign and origin not in self._settings.origins:
            raise Problem(403, "pages of other origins may not call this server (--origin)")
        if self._token is not None and scope["path"] not in OPEN:
            self._check_token(headers.get("authorization", ""))
        length = headers.get("content-length", "0")
        if length.isascii() and length.isdigit() and int(length) > self._settings.most_bytes:
            raise _too_large(self._settings.most_bytes)

    def _check_token(self, authorization: str) -> None:
        """The token as Bearer, or as the password of Basic, for which a browser asks its user."""
        scheme, _, given = authorization.partition(" ")
        said = given.strip().encode()
        if scheme.lower() == "basic":
            try:
                said = b64decode(said, validate=True).partition(b":")[2]
            except binascii.Error:
                said = b""
        elif scheme.lower() != "bearer":
            said = b""
        if not compare_digest(said, self._token or b""):
            raise Problem(401, "the request brings no token, or a wrong one")


class _Counting:
    """Receives a body, as far as it is no larger than allowed, whatever its headers say."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._most, self._size = receive, most, 0

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            if self._size > self._most:
                raise _too_large(self._most)
        return message


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _too_large(most: int) -> Problem:
    return Problem(413, f"the request has more than {most} bytes: send less at a time")
