"""What a node of a cluster has to see."""

import logging
from pathlib import Path
from socket import gethostname
from types import SimpleNamespace

import pytest
import ray.train
from ray import cloudpickle

from faceinsight.cluster import training
from faceinsight.cluster.nodes import enter
from faceinsight.cluster.tasks import call
from faceinsight.errors import FaceInsightError


def test_a_folder_that_a_node_lacks_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here, gone, work = (tmp_path / name for name in ("here", "gone", "work"))
    here.mkdir()
    enter(here)
    assert Path.cwd() == here
    said = rf"^there is no folder {gone} on node {gethostname()}: keep the project's folder where"
    with pytest.raises(FaceInsightError, match=said):
        enter(gone)
    # A task does not even look at what it was sent.
    with pytest.raises(FaceInsightError, match=said):
        call._function(str(gone), {}, b"no pickle", [])
    # A process that trains leaves word, so that it is not begun again.
    monkeypatch.setattr(ray.train, "get_context", lambda: SimpleNamespace(get_world_rank=lambda: 1))
    ours = logging.getLogger("faceinsight")
    for name in ("handlers", "propagate", "level"):  # are put back
        monkeypatch.setattr(ours, name, getattr(ours, name))
    job = cloudpickle.dumps(SimpleNamespace(training=SimpleNamespace(processes=1)))
    work.mkdir()
    assert training._take_part(job, work, work, work, gone, logging.INFO) is None
    told = (work / "error.1").read_text()
    assert told.startswith(f"there is no folder {gone} on node")
    # Where it cannot, it ends by the sentence, and leaves no folder that looks like the shared one.
    with pytest.raises(
        FaceInsightError, match=rf"no folder {gone} on node .* keep the work folder"
    ):
        training._take_part(job, gone, gone, gone, here, logging.INFO)
    assert not gone.exists()
