"""`kedro run --pipelines=baselines`, as a person types it, on drawn faces."""

import json

import numpy as np
import pytest

from faceinsight.method.characteristics import DATASETS
from faceinsight.rivals.reading import OUTCOMES
from tests.pipelines.conftest import Project
from tests.rivals import tiny
from tests.rivals.fake_server import FakeServer, completion, question_of

SERVER = {"baseline": "nvila_8b", "rivals.server.backoff": "0.01", "rivals.server.attempts": "3"}


def answer(body):
    """Always the second option; now and then something else."""
    question = question_of(body)
    if body.get("logprobs"):
        return completion("B", {"B": -0.2, "No": -0.3, "A": -1.7, "Yes": -1.5})
    if "a smiling face" in question:
        return "I'm sorry, but I can't help with that."
    return "B" if "B. " in question else "No."


@pytest.fixture(scope="module")
def server():
    with FakeServer(answer, lambda n, body: (503, {}) if n % 50 == 0 else None) as running:
        yield running


@pytest.fixture(scope="module")
def project(tmp_path_factory, server):
    """After a rival was asked over HTTP, by text."""
    made = Project.copy_to(tmp_path_factory.mktemp("project"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", server.url)
        patch.setenv("OPENAI_API_KEY", "a-secret")
        done = made.run("--pipelines=baselines", **SERVER)
        assert done.returncode == 0, done.stderr[-4000:]
        made.told = done.stderr
        yield made


def test_a_rival_is_measured_like_a_model(project, vocabulary):
    metrics = project.catalog().load("nvila_8b_text.metrics")
    for dataset in DATASETS:
        tasks = metrics["datasets"][dataset]["tasks"]
        assert set(tasks) == {t.name for t in vocabulary.tasks(dataset)}
        assert all(task["n"] > 0 for task in tasks.values())
    rival = metrics["rival"]
    assert (rival["name"], rival["title"]) == ("nvila_8b", "NVILA-8B")
    assert (rival["way"], rival["scored_by"]) == ("server", "text")
    assert metrics["asking"]["setbacks"]["503"] >= 5


def test_its_faces_are_those_that_our_models_predict(project, vocabulary):
    from faceinsight.data.store import StoredCrops

    catalog = project.catalog()
    predictions = catalog.load("nvila_8b_text.predictions")
    for dataset in DATASETS:
        examples = StoredCrops.open(catalog.load(f"{dataset}.crops")).examples
        test = examples[examples["split"] == "test"]
        of = predictions[predictions["dataset"] == dataset]
        assert of["photograph"].tolist() == test["photograph"].tolist()
        assert of["face"].tolist() == test["face"].tolist()
        for id_ in vocabulary.annotated_by(dataset):
            assert of[f"y_{id_}"].tolist() == test[id_].tolist()


def test_what_it_answered_is_what_is_predicted(project, vocabulary):
    predictions = project.catalog().load("nvila_8b_text.predictions")
    fairface = predictions[predictions["dataset"] == "fairface"]
    assert (fairface["p_Female"] == 1).all()
    assert (fairface["p_age_3_9"] == 1).all()
    celeba = predictions[predictions["dataset"] == "celeba"]
    assert (celeba[["p_Bald", "p_Male"]] == 0).all(axis=None)
    ids = vocabulary.ids
    decoded = predictions[[f"d_{id_}" for id_ in ids]].to_numpy(dtype=bool)
    assert not project.catalog().load("rule_set").violated(decoded).any()


def test_what_became_of_the_questions_is_kept_and_told(project):
    tally = project.catalog().load("nvila_8b_text.metrics")["questions"]
    assert tally["questions"] == sum(tally[outcome] for outcome in OUTCOMES)
    unread = tally["refused"] + tally["unreadable"]
    assert unread > 0
    assert f"{tally['questions']} questions" in project.told
    assert "NVILA-8B, training-free, scored by text" in project.told
    assert "x 503" in project.told


def test_no_secret_is_in_what_is_kept_or_told(project, server):
    port = str(server.http.server_port)
    assert "a-secret" not in project.told
    assert port not in project.told
    for path in (project.root / "data").rglob("*"):
        if path.is_file() and path.suffix in (".json", ".jsonl"):
            text = path.read_text()
            assert "a-secret" not in text
            assert f":{port}" not in text


def test_by_likelihood_it_has_a_place_of_its_own(project):
    done = project.run("--pipelines=baselines", scored_by="likelihood", **SERVER)
    assert done.returncode == 0, done.stderr[-3000:]
    catalog = project.catalog()
    predictions = catalog.load("nvila_8b_likelihood.predictions")
    fairface = predictions[predictions["dataset"] == "fairface"]
    expected = 1 / (1 + np.exp(-1.7 + 0.2))
    np.testing.assert_allclose(fairface["p_Female"], expected, rtol=1e-5)
    metrics = catalog.load("nvila_8b_likelihood.metrics")
    assert metrics["questions"]["answered"] == metrics["questions"]["questions"]
    assert catalog.load("nvila_8b_text.metrics")["rival"]["scored_by"] == "text"


def test_a_checkpoint_is_asked_in_this_process(project, tmp_path):
    tiny.save("llava", tmp_path / "llava")
    here = {"rivals.local.path": str(tmp_path / "llava"), "rivals.local.device": "cpu"}
    done = project.run("--pipelines=baselines", scored_by="likelihood", **here)
    assert done.returncode == 0, done.stderr[-3000:]
    metrics = project.catalog().load("llava_1_5_7b_likelihood.metrics")
    assert metrics["rival"]["checkpoint"] == "llava-hf/llava-1.5-7b-hf"
    assert metrics["questions"]["answered"] == metrics["questions"]["questions"] > 300


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"baseline": "nvila_8"}, "did you mean 'nvila_8b'"),
        ({"scored_by": "vibes"}, "likelihood"),
        ({"rivals.server.concurency": "3"}, "did you mean 'concurrency'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_bad_parameter_is_one_readable_message(project, params, said):
    done = project.run("--pipelines=baselines", **params)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_answers_can_be_read_by_a_person(project):
    described = {
        (plain["baseline"], plain["scored_by"]): path
        for path in (project.root / "data/tiny/work/baselines").glob("*/asked.json")
        for plain in [json.loads(path.read_text())]
    }
    path = described["nvila_8b", "text"].with_name("answers.jsonl")
    for line in path.read_text().splitlines():
        assert set(json.loads(line)) == {"face", "question", "text", "scores", "floor"}
