"""What uvicorn has no limit for: connections that are open, and headers that never end."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


def limited(most: int) -> type[H11Protocol]:
    """uvicorn's HTTP, as `uvicorn.Config(http=...)` takes it, in pure Python wherever it runs.

    A connection is closed when the headers of a request, the first or another, have not arrived
    within `timeout_keep_alive`; h11 closes it when they are larger than 64 KiB.

    Args:
        most: open connections; the newest beyond it is closed at once.
    """

    class Limited(H11Protocol):
        _late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > most:
                transport.abort()
            self._expect_headers()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._expect_headers()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            self._let_be()

        def _expect_headers(self) -> None:
            """One deadline for all that comes until they are complete, however it trickles."""
            if self.conn.their_state is not h11.IDLE:
                self._let_be()
            elif self._late is None:
                self._late = self.loop.call_later(self.timeout_keep_alive, self.transport.close)

        def _let_be(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

    return Limited
