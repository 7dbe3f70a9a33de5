"""What the server allows, and how it gathers requests into batches."""

from __future__ import annotations

import os

from pydantic import Field, SecretStr

from faceinsight.common.settings import Settings
from faceinsight.data.photographs import MAX_PIXELS

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Addresses that nobody else reaches."""


class ServerSettings(Settings, frozen=True):
    """Limits of the server; what is beyond one is refused with a status of its own.

    Attributes:
        host: address to listen on.
        token: what a client must send; None lets everybody in who reaches the address.
        origins: pages of other hosts that may call the server from a browser (CORS), such as
            "https://example.org".
        most_bytes: of a request (413).
        most_pixels: of a photograph, by its header, before it is decoded (413).
        most_photographs: of a request (413).
        most_faces: of a photograph (422).
        queue: requests that are accepted and not yet answered (429 beyond it).
        seconds: within which a request is read (408), and answered (503).
        batch: photographs that are scored together.
        threads: in which photographs are read, and their faces found, cut and parsed.
        connections: that are open; the newest beyond it is closed.
        patience: seconds within which the headers of a request arrive on a connection that is new
            or was answered on; it is closed after them.
        wait: seconds for which a batch that is not full waits for what is being prepared.
    """

    host: str = "127.0.0.1"
    token: SecretStr | None = Field(default=None, min_length=16)
    origins: tuple[str, ...] = ()
    most_bytes: int = Field(default=20 * 2**20, ge=1)
    most_pixels: int = Field(default=MAX_PIXELS, ge=1)
    most_photographs: int = Field(default=16, ge=1)
    most_faces: int = Field(default=64, ge=1)
    queue: int = Field(default=64, ge=1)
    seconds: float = Field(default=60.0, gt=0)
    batch: int = Field(default=32, ge=1)
    threads: int = Field(default_factory=lambda: min(4, os.cpu_count() or 1), ge=1)
    connections: int = Field(default=512, ge=1)
    patience: int = Field(default=5, ge=1)
    wait: float = Field(default=0.005, ge=0)
