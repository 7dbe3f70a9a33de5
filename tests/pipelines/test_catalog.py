from pathlib import Path

import pytest
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import AbstractVersionedDataset

ROOT = Path(__file__).parents[2]
NOT_KEPT = {"raw"}
"""What lies where the parameter says."""


@pytest.fixture(scope="module", params=["base", "small", "embedded", "compact", "paper", "tiny"])
def catalog(request):
    bootstrap_project(ROOT)
    with KedroSession.create(ROOT, env=request.param) as session:
        return session.load_context().catalog


def kept_entries():
    bootstrap_project(ROOT)
    names = set().union(*(p.datasets() for p in pipelines.values()))
    return sorted(n for n in names - NOT_KEPT if not n.startswith("params:") and n != "parameters")


def test_every_kept_artifact_is_versioned(catalog):
    unversioned = []
    for name in kept_entries():
        dataset = catalog.get(name)
        if not isinstance(dataset, AbstractVersionedDataset) or dataset._version is None:
            unversioned.append(name)
    assert not unversioned, "versioned: true is missing for these, or the whole entry is"


def test_no_two_artifacts_share_a_place(catalog):
    places = {}
    for name in kept_entries():
        places.setdefault(str(catalog.get(name)._filepath), []).append(name)
    # The chosen variant's entries and the ablation's are the same artifacts by design.
    chosen = {"model", "learning_curve", "predictions", "metrics", "order_effect"}
    chosen |= {"answers_agreement"}
    shared = {tuple(n) for n in places.values() if len(n) > 1}
    assert {n for names in shared for n in names if "." not in n} <= chosen
    assert all(len(names) == 2 for names in shared)


def test_every_entry_says_its_layer(catalog):
    without = [n for n in kept_entries() if "kedro-viz" not in (catalog.get(n).metadata or {})]
    assert not without
