"""Connecting to a cluster."""

from __future__ import annotations

import ray

from faceinsight.cluster.connection import connect


def test_auto_finds_the_cluster(connected):
    assert ray.cluster_resources()["CPU"] == 2
    connect("auto")  # a second time it is there
