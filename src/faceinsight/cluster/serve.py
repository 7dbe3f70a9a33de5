"""The server on a cluster, in as many copies as requests ask for, by Ray Serve.

    serve run faceinsight.cluster.serve:app

The variables FACEINSIGHT_MODEL and FACEINSIGHT_TOKEN count as for `faceinsight serve`, as they are
where this is imported; the page is no part of it. `serve build faceinsight.cluster.serve:app`
writes a file in which everything about the copies, such as their GPUs and their number, can be set.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import SecretStr
from ray import serve

if TYPE_CHECKING:
    from fastapi import FastAPI

_MODEL, _TOKEN = "FACEINSIGHT_MODEL", "FACEINSIGHT_TOKEN"
_QUEUE = 64
"""Requests that a copy accepts before others wait for another one."""


def application(model: str | None, token: SecretStr | None) -> Callable[[], FastAPI]:
    """What makes the server's application in one copy.

    It travels pickled with all that it needs. In the environment of copies (`runtime_env`), which
    Ray writes into its logs and `serve build` into its file, the token would be read by others.

    Args:
        model: folder or name of the model; None takes the one that is installed.
        token: that clients must send.

    Returns:
        a function that gives the application once its weights are loaded, or raises WeightsError.
    """

    def build() -> FastAPI:
        from faceinsight import FaceInsight
        from faceinsight.serving.app import create_app
        from faceinsight.serving.settings import ServerSettings

        settings = ServerSettings(token=token, queue=_QUEUE)
        app = create_app(FaceInsight.from_pretrained(model), settings)
        app.state.engine.ready.result()
        return app

    return build


def _token() -> SecretStr | None:
    token = os.environ.get(_TOKEN)
    return None if token is None else SecretStr(token)


app = serve.deployment(
    serve.ingress(application(os.environ.get(_MODEL), _token()))(),
    name="faceinsight",
    max_ongoing_requests=_QUEUE,
    autoscaling_config={"min_replicas": 1, "max_replicas": 8, "target_ongoing_requests": 8},
    ray_actor_options={"num_cpus": 1},
).bind()  # type: ignore[attr-defined]  # a decorator, as far as its types tell
