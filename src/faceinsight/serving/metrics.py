"""What the server counts, in Prometheus' form."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_COUNTS = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """Counts in a registry of their own.

    Args:
        accepted: gives the requests that are accepted and not yet answered.
        endpoints: paths that are counted by name; all others are one.
    """

    def __init__(self, accepted: Callable[[], int], endpoints: frozenset[str]) -> None:
        self._endpoints = endpoints
        self._registry = of = CollectorRegistry()
        self._requests = Counter(
            "faceinsight_requests", "requests answered", ["endpoint", "status"], registry=of
        )
        self._seconds = Histogram(
            "faceinsight_request_seconds",
            "from the headers of a request to the end of its answer",
            ["endpoint"],
            buckets=_SECONDS,
            registry=of,
        )
        self.batch_size = Histogram(
            "faceinsight_batch_photographs",
            "photographs that were prepared and scored together",
            buckets=_COUNTS,
            registry=of,
        )
        self.faces = Counter("faceinsight_faces", "faces handed out", registry=of)
        Gauge(
            "faceinsight_requests_accepted", "requests accepted and not yet answered", registry=of
        ).set_function(accepted)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)

    def count(self, path: str, status: int, seconds: float) -> None:
        """Count a request that is answered."""
        endpoint = path if path in self._endpoints else "other"
        self._requests.labels(endpoint, status).inc()
        self._seconds.labels(endpoint).observe(seconds)


class Counted:
    """Counts every request to an application, whatever becomes of it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            self._metrics.count(scope["path"], status, time.perf_counter() - started)
