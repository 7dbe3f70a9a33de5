"""The connection of this process to a Ray cluster."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from importlib.util import find_spec
from urllib.parse import urlsplit

from faceinsight.errors import ParameterError

_BY_ITSELF = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent to anybody
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # as Ray itself is going to have it; it warns else
}

_PATIENCE = 10.0
"""Seconds in which a head node takes up a connection."""

_connected: str | None = None
"""The address that this process has connected to last."""


def require_ray(option: str) -> None:
    """Stop where Ray is not installed.

    Args:
        option: what asked for it, as it was typed.

    Raises:
        ParameterError: it is not; the message says how to install it.
    """
    if find_spec("ray") is None:
        raise ParameterError(
            f"{option}: the package ray is not installed; `pip install 'faceinsight[ray]'` brings "
            "what a cluster needs"
        )


def connect(address: str, *, logs: bool = False, option: str = "cluster.address") -> None:
    """Connect this process to a cluster, once; a cluster that it starts ends with it.

    A connection that others have made, such as Ray itself in a task, is taken as it is. A cluster
    of this machine listens on the loopback address, and has a token that nobody else knows.

    Args:
        address: see `ClusterSettings.address`.
        logs: whether what workers print is shown here too.
        option: what named the address, as it was typed.

    Raises:
        ParameterError: Ray is not installed, there is no cluster at the address, or the process
            is connected to another one.
    """
    global _connected
    require_ray(option)
    for name, value in _BY_ITSELF.items():
        os.environ.setdefault(name, value)
    import ray

    if ray.is_initialized():
        if _connected not in (None, address):
            raise ParameterError(
                f"{option}: this process is connected to the Ray cluster {_connected}, not "
                f"{address}; start another process, or call ray.shutdown() before"
            )
        return
    _connected = None
    _require_answer(address, option)
    if address == "local":
        _keep_to_this_machine()
    # A cluster of this process' own needs no page to look at it by.
    page = False if address == "local" else None
    try:
        ray.init(address, logging_level=logging.ERROR, log_to_driver=logs, include_dashboard=page)
    except Exception as error:  # Ray has no class of its own for this
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        if address == "local":
            raise ParameterError(f"{option}: Ray did not start on this machine ({said})") from error
        raise ParameterError(f"{option}: {_absent(address)} (Ray says: {said})") from error
    _connected = address


def _keep_to_this_machine() -> None:
    """Have the cluster that is started reached by nobody else: Ray opens ports to all otherwise."""
    from ray._private import ray_constants

    # Named as the node's address, 127.0.0.1 would be replaced by the machine's own.
    os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR] = "0"
    ray_constants.ENABLE_RAY_CLUSTER = False
    # Ray asks for a token by itself; its own would lie in a file of the home folder.
    if "RAY_AUTH_TOKEN_PATH" not in os.environ:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def _require_answer(address: str, option: str) -> None:
    """Stop where nothing listens at an address that is named: Ray itself tries for minutes."""
    named = os.environ.get("RAY_ADDRESS", "") if address == "auto" else address
    place = urlsplit(named if "//" in named else f"//{named}")
    try:
        port = place.port
    except ValueError:
        raise ParameterError(f"{option}: {named} has no port between 1 and 65535") from None
    if place.hostname is None or port is None:
        return
    try:
        socket.create_connection((place.hostname, port), timeout=_PATIENCE).close()
    except OSError as error:
        raise ParameterError(f"{option}: {_absent(address)}") from error


def _absent(address: str) -> str:
    if address == "auto":
        named = os.environ.get("RAY_ADDRESS")
        where = f"at {named}, which RAY_ADDRESS names" if named else "on this machine"
        return (
            f"there is no Ray cluster {where}; start one with `ray start --head`, or name another "
            "(local, or ray://HOST:PORT)"
        )
    return (
        f"no Ray cluster answers at {address}; see that its head node runs there with the port of "
        "Ray's client open, and with the same versions of Python and Ray"
    )
