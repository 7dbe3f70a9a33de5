"""One Ray cluster of two nodes for all tests, and an object store, on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

NODE = {"num_cpus": 1, "object_store_memory": 200_000_000}
KEYS = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "us-east-1",
}

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    """A server that speaks S3, which the environment names; the URI of an empty bucket in it."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (KEYS | {"AWS_ENDPOINT_URL": f"http://{host}:{port}"}).items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="faces")
        yield "s3://faces"
    server.stop()


@pytest.fixture(scope="session")
def cluster(store: str) -> Iterator[Any]:
    """Two nodes of a core each, which `auto` finds. Yields Ray's `Cluster`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # Of a machine that is busy, a node that answers late is not a node that is lost.
        patch.setenv("RAY_gcs_server_port_wait_time_s", "120")
        patch.setenv("RAY_health_check_timeout_ms", "60000")
        import ray
        from ray._private import utils
        from ray.cluster_utils import Cluster

        # Agents that have nothing to show start in half the time: a busy machine has 15 s for it.
        patch.setattr(utils, "get_dashboard_dependency_error", lambda: ImportError("not wanted"))
        head = {"initialize_head": True, "head_node_args": NODE | {"include_dashboard": False}}
        try:
            found = Cluster(**head)
        except Exception:  # Ray gives up by the clock
            found = Cluster(**head)
        found.add_node(**NODE)
        patch.setenv("RAY_ADDRESS", found.address)
        yield found
        ray.shutdown()
        found.shutdown()


@pytest.fixture
def connected(cluster: Any) -> Iterator[Any]:
    """This process as a driver, for one test."""
    import ray

    from faceinsight.cluster.connection import connect

    connect("auto")
    yield cluster
    ray.shutdown()
