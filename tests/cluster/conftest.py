"""One Ray cluster of two nodes for all tests, and an object store, on this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

NODE = {"num_cpus": 1, "object_store_memory": 200_000_000}
KEYS = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "us-east-1",
}

_SECONDS, _AGAIN = 900, 120
"""In which a test of this folder is done, with what it sets up; and each step of its end."""

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test of this folder that hangs fails: Ray waits for ever for what does not come."""
    if not item.path.is_relative_to(Path(__file__).parent):
        return (yield)

    def fail(*_: Any) -> None:
        pytest.fail(f"not done within {_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS, _AGAIN)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


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
            found = _whole(lambda: Cluster(**head))
        except Exception:  # Ray gives up by the clock
            found = _whole(lambda: Cluster(**head))
        try:
            found.add_node(**NODE)
            patch.setenv("RAY_ADDRESS", found.address)
            yield found
        finally:
            ray.shutdown()
            found.shutdown()


def _whole(start: Callable[[], Any]) -> Any:
    """What is started; where that fails, no process that it began with is left."""
    before = _children()
    try:
        return start()
    except Exception:
        for process in _children() - before:
            os.kill(process, signal.SIGKILL)
        raise


def _children() -> set[int]:
    """Ids of the processes that this one has started."""
    threads = Path("/proc/self/task").glob("*/children")
    return {int(number) for of in threads for number in of.read_text().split()}


@pytest.fixture(scope="module")
def connected(cluster: Any) -> Iterator[Any]:
    """This process as a driver, for a module: Ray begins processes anew for each driver."""
    import ray

    from faceinsight.cluster.connection import connect

    connect("auto")
    yield cluster
    ray.shutdown()
