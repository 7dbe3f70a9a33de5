"""The server on a cluster, in as many copies as requests ask for, by Ray Serve.

    serve run faceinsight.cluster.serve:app

The variables FACEINSIGHT_MODEL and FACEINSIGHT_TOKEN count as for `faceinsight serve`; the page is
no part of it. `serve build faceinsight.cluster.serve:app` writes a file in which everything about
the copies, such as their GPUs and their number, can be set.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ray import serve

if TYPE_CHECKING:
    from fastapi import FastAPI

_MODEL, _TOKEN = "FACEINSIGHT_MODEL", "FACEINSIGHT_TOKEN"
_QUEUE = 64
"""Requests that a copy accepts before others wait for another one."""


def application() -> FastAPI:
    """The server's application in one copy, once its weights are loaded.

    Raises:
        WeightsError: there are none.
    """
    from faceinsight import FaceInsight
    from faceinsight.serving.app import create_app
    from faceinsight.serving.settings import ServerSettings

    model = FaceInsight.from_pretrained(os.environ.get(_MODEL))
    settings = {"token": os.environ.get(_TOKEN), "queue": _QUEUE}
    app = create_app(model, ServerSettings.model_validate(settings))
    app.state.engine.ready.result()
    return app


app = serve.deployment(
    serve.ingress(application)(),
    name="faceinsight",
    max_ongoing_requests=_QUEUE,
    autoscaling_config={"min_replicas": 1, "max_replicas": 8, "target_ongoing_requests": 8},
    ray_actor_options={
        "num_cpus": 1,
        "runtime_env": {
            "env_vars": {name: os.environ[name] for name in (_MODEL, _TOKEN) if name in os.environ}
        },
    },
).bind()  # type: ignore[attr-defined]  # a decorator, as far as its types tell
