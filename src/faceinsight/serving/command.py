"""`faceinsight serve`: the server as a process of its own."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from faceinsight.common.messages import no_such
from faceinsight.errors import ParameterError
from faceinsight.serving.settings import LOOPBACK, ServerSettings

if TYPE_CHECKING:
    from faceinsight.inference.faceinsight import FaceInsight

_log = logging.getLogger(__name__)

_NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client", "gradio")

_NO_LIMITS = {"host", "token", "origins"}


def check(given: Mapping[str, Any], limits: Sequence[str], port: int) -> ServerSettings:
    """Settings from what was typed, before anything heavy is imported.

    Args:
        given: fields of `ServerSettings`.
        limits: others, each as NAME=VALUE.
        port: to listen on.

    Raises:
        ParameterError: a package is missing, a value cannot work, or the address is not for this
            machine alone and there is no token.
    """
    for package in _NEEDED:
        if find_spec(package) is None:
            raise ParameterError(
                f"serve: the package {package} is not installed; "
                "`pip install 'faceinsight[serve]'` brings what the server needs"
            )
    known = set(ServerSettings.model_fields) - _NO_LIMITS
    named: dict[str, Any] = {}
    for limit in limits:
        name, equals, value = limit.partition("=")
        if name not in known or not equals:
            raise ParameterError(f"--limit: {no_such('limit', name, known)}")
        named[name] = value
    try:
        settings = ServerSettings.model_validate({**given, **named})
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ParameterError(f"serve: {'; '.join(faults)}") from None
    if settings.host not in LOOPBACK and settings.token is None:
        raise ParameterError(
            f"--host: others may reach {settings.host}, so the server needs a token that they must "
            "send: set FACEINSIGHT_TOKEN to 16 characters or more"
        )
    return settings


def serve(load: Callable[[], FaceInsight], settings: ServerSettings, port: int) -> None:
    """Load a model and answer until SIGTERM or SIGINT; what was accepted is answered first.

    Args:
        load: gives the model.
        settings: address and limits.
        port: 0 takes any that is free.

    Raises:
        ParameterError: nothing can listen there.
        WeightsError: weights are missing.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    listener = _listen(settings.host, port)
    model = load()
    if model.cropper.map_files is not None:
        _log.warning(
            "The model reads label maps that lie as files beside photographs; photographs that "
            "are sent have none, and are refused: name --maps=parsed, or a model that reads none "
            "(org), with which the page offers to go on."
        )

    import torch
    import uvicorn

    from faceinsight.serving.app import create_app
    from faceinsight.serving.connections import limited
    from faceinsight.serving.mount import mount_page
    from faceinsight.serving.page import create_page

    if "OMP_NUM_THREADS" not in os.environ:  # cores divided among the threads that prepare
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // settings.threads))
    app = create_app(model, settings)
    close_tabs = mount_page(app, create_page(app.state.engine))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        http=limited(settings.connections),
        timeout_keep_alive=settings.patience,
        timeout_graceful_shutdown=round(settings.seconds) + 5,
    )

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            close_tabs()
            await super().shutdown(sockets)

    server = Server(config)
    engine = app.state.engine
    engine.ready.add_done_callback(lambda ready: _end_unless_loaded(server, ready))
    address, at = listener.getsockname()[:2]
    shown = f"[{address}]" if ":" in address else address
    print(f"FaceInsight listens on http://{shown}:{at} (REST: /docs)", flush=True)  # noqa: T201
    server.run(sockets=[listener])
    if engine.ready.done() and (error := engine.ready.exception()) is not None:
        raise error


def _listen(host: str, port: int) -> socket.socket:
    """A socket that is bound, so that a port that is taken is told before a model is loaded."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise ParameterError(
            f"serve: nothing can listen on {host}, port {port} ({error.strerror}): name another "
            "by --host and --port"
        ) from None


def _end(number: int, frame: Any) -> None:
    """Leave quietly: before the server runs, and after it has ended by a signal."""
    raise SystemExit(0)


def _end_unless_loaded(server: Any, ready: Any) -> None:
    if ready.exception() is not None:
        server.should_exit = True
