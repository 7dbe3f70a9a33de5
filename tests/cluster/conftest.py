"""One Ray cluster of two nodes for all tests, on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

NODE = {"num_cpus": 1, "object_store_memory": 200_000_000}


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """Two nodes of a core each, which `auto` finds. Yields Ray's `Cluster`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_gcs_server_port_wait_time_s", "120")  # of a machine that is busy
        from ray.cluster_utils import Cluster

        found = Cluster(initialize_head=True, head_node_args=NODE | {"include_dashboard": False})
        found.add_node(**NODE)
        patch.setenv("RAY_ADDRESS", found.address)
        yield found
        found.shutdown()


@pytest.fixture
def connected(cluster: Any) -> Iterator[Any]:
    """This process as a driver, for one test."""
    import ray

    from faceinsight.cluster.connection import connect

    connect("auto")
    yield cluster
    ray.shutdown()


os.environ.setdefault("OMP_NUM_THREADS", "1")
