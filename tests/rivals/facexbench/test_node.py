"""The command: replies of another model are scored, and what is missing is said."""

import json

import pytest

from faceinsight.inference.settings import PhotoSettings
from faceinsight.pipelines.rivals.nodes import answer_facexbench
from faceinsight.rivals.facexbench.questions import FaceXBenchError
from faceinsight.rivals.settings import FaceXBenchSettings


def test_replies_of_another_model_are_scored(benchmark_folder, tmp_path):
    path = benchmark_folder / "ages.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    for question in content["questions"].values():
        question["prediction"] = "(B) 20-29"
    results = tmp_path / "results"
    results.mkdir()
    (results / "ages.json").write_text(json.dumps(content), encoding="utf-8")
    given = FaceXBenchSettings(replies=str(results))
    scores = answer_facexbench(tmp_path, given, PhotoSettings(), str(tmp_path))
    assert (scores["overall"]["n"], scores["overall"]["right"]) == (2, 1)


def test_without_a_folder_it_says_what_to_name(tmp_path):
    with pytest.raises(FaceXBenchError, match=r"facexbench\.folder=FOLDER"):
        answer_facexbench(tmp_path, FaceXBenchSettings(), PhotoSettings(), str(tmp_path))
