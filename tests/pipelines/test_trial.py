"""What decides a run is tried out before it begins."""

from types import SimpleNamespace

import pytest
import yaml

from faceinsight.errors import FaceInsightError, ParameterError, WeightsError
from faceinsight.pipelines.trial import try_out
from tests.model import tiny
from tests.training.conftest import make_job


@pytest.fixture
def parameters(project_root, tmp_path):
    characteristics = yaml.safe_load((project_root / "conf/base/characteristics.yml").read_text())
    rules = yaml.safe_load((project_root / "conf/base/rules.yml").read_text())["rules"]
    job = make_job(tmp_path)
    return {
        "vocabulary": characteristics["vocabulary"],
        "rules": rules,
        "segmentation": {"maps": "provided", "size": tiny.SIZE},
        "cluster": {"address": None},
        "model": tiny.settings().model_dump(),
        "training": job.training.model_dump(),
        "answers": {},
        "work": str(tmp_path / "work"),
        "variants.lgc": job.variant.model_dump(),
    }


def tried(parameters, *functions):
    """Try out nodes of these names."""
    inputs = ["params:variants.lgc"]
    nodes = [SimpleNamespace(func=SimpleNamespace(__name__=n), inputs=inputs) for n in functions]
    try_out(nodes, lambda name: parameters[name.removeprefix("params:")])


def test_a_whole_run_is_let_through_and_models_are_built_once(parameters, monkeypatch):
    built = []
    monkeypatch.setattr("faceinsight.training.trial.try_out", lambda *given: built.append(given))
    for _ in range(2):
        tried(parameters, "compile_rules", "segment_faces", "train_model")
    assert len(built) == 1
    parameters["model"] |= {"gcn_layers": 1}
    tried(parameters, "train_model")
    assert len(built) == 2


@pytest.mark.parametrize(
    ("functions", "changes", "said"),
    [
        (
            ["compile_rules"],
            {"rules": {"exclusions": [{"rule": "Bald ->", "reason": "x"}]}},
            "rule",
        ),
        (["segment_faces", "train_model"], {"segmentation": {"size": 64}}, "image_size"),
        (
            ["segment_faces", "train_model"],
            {"segmentation": {"size": tiny.SIZE, "maps": "none"}},
            r"segmentation\.maps is none",
        ),
    ],
)
def test_what_cannot_work_is_told(parameters, functions, changes, said):
    with pytest.raises(FaceInsightError, match=said):
        tried(parameters | changes, *functions)


def test_what_a_run_does_not_do_is_not_tried(parameters):
    tried({}, "score_faces", "measure_model")
    tried(parameters | {"rules": None}, "segment_faces")


def test_data_sets_that_cannot_take_part_are_told(parameters, tmp_path):
    said = parameters | {"datasets.celeba": {}, "drawing": None, "raw": str(tmp_path)}
    node = SimpleNamespace(
        func=SimpleNamespace(__name__="read_labels"), inputs=["params:datasets.celeba"]
    )
    with pytest.raises(ParameterError, match=r"datasets\.celeba: there is no folder"):
        try_out([node], lambda name: said[name.removeprefix("params:")])


def test_weights_of_the_parser_are_looked_for_where_it_parses(parameters):
    faulty = {"size": tiny.SIZE, "parser_weights": "/a/b.pt"}
    tried(parameters | {"segmentation": faulty | {"maps": "provided"}}, "segment_faces")
    with pytest.raises(WeightsError, match=r"parser_weights: there is no file /a/b\.pt"):
        tried(parameters | {"segmentation": faulty | {"maps": "parsed"}}, "segment_faces")


def test_a_cluster_without_ray_is_told(parameters, monkeypatch):
    monkeypatch.setattr("faceinsight.cluster.connection.find_spec", lambda name: None)
    tried(parameters, "segment_faces")
    with pytest.raises(ParameterError, match=r"cluster\.address: .*'faceinsight\[ray\]'"):
        tried(parameters | {"cluster": {"address": "auto"}}, "segment_faces")
    parameters["cluster"] = {"address": "auto"}
    parameters["training"] |= {"processes": 2}
    with pytest.raises(ParameterError, match=r"cluster\.address: .*'faceinsight\[ray\]'"):
        tried(parameters, "train_model")
    monkeypatch.setattr("faceinsight.training.trial.try_out", lambda *given: None)
    parameters["training"] |= {"processes": 1}  # which needs no cluster
    tried(parameters, "train_model")


def test_a_faulty_architecture_leaves_nothing_that_counts_as_tried(parameters):
    parameters["model"]["language_model"]["architecture"] = tiny.LLAMA | {"rms_norm_eps": "wide"}
    for _ in range(2):
        with pytest.raises(ParameterError, match="expected float, got str"):
            tried(parameters, "train_model")


def test_devices_of_a_cluster_are_not_looked_for_here(parameters, monkeypatch):
    monkeypatch.setattr("faceinsight.training.trial.try_out", lambda *given: None)
    parameters["training"] |= {"device": "cuda", "processes": 64}
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ParameterError, match="PyTorch sees no GPU"):
        tried(parameters, "train_model")
    tried(parameters | {"cluster": {"address": "auto"}}, "train_model")
