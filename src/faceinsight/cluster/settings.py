"""Parameters of the cluster."""

from __future__ import annotations

import re

from pydantic import field_validator

from faceinsight.common.settings import Settings

_CLIENT = re.compile(r"ray://[^:/\s]+:\d+")


class ClusterSettings(Settings):
    """Where the work of many machines is done.

    Attributes:
        address: `auto` (the cluster that runs on this machine, or that the variable RAY_ADDRESS
            names), `ray://HOST:PORT` (a cluster elsewhere, through its client's port), `local` (one
            of this machine's cores, started for the run); null does everything in this process.
    """

    address: str | None = None

    @field_validator("address")
    @classmethod
    def _known(cls, address: str | None) -> str | None:
        if address in (None, "auto", "local") or _CLIENT.fullmatch(str(address)):
            return address
        raise ValueError("expected auto, local, ray://HOST:PORT, or null for no cluster")
