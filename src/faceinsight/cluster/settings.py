"""Parameters of the cluster."""

from __future__ import annotations

import re

from pydantic import field_validator

from faceinsight.common.settings import Settings

_CLIENT = re.compile(r"ray://[^:/\s]+:(\d+)")


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
        return None if address is None else known_address(address)


def known_address(address: str) -> str:
    """An address as it is.

    Raises:
        ValueError: it is of no form that is known.
    """
    client = _CLIENT.fullmatch(address)
    if address in ("auto", "local") or (client and 0 < int(client[1]) < 2**16):
        return address
    raise ValueError("expected auto, local or ray://HOST:PORT")
