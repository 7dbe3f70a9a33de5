"""`kedro run --pipelines=rivals`, as a person types it, on drawn faces."""

import json

import pytest

from faceinsight.data.registry import DATA_SETS
from faceinsight.rivals.reading import OUTCOMES
from tests.rivals.fake_server import FakeServer, question_of


def answer(body):
    """Always the second option; now and then something else."""
    question = question_of(body)
    if "a smiling face" in question:
        return "I'm sorry, but I can't help with that."
    return "B" if "B. " in question else "No."


@pytest.fixture(scope="module")
def asked(finished):
    """After a rival was asked over HTTP, by text: its metrics, what was told, the server's port."""
    with (
        FakeServer(answer, lambda n, body: (503, {}) if n % 50 == 0 else None) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("OPENAI_BASE_URL", server.url)
        patch.setenv("OPENAI_API_KEY", "a-secret")
        given = {"rival": "nvila_8b", "rivals.server.backoff": "0.01"}
        done = finished.run("--pipelines=rivals", **given)
        assert done.returncode == 0, done.stderr[-4000:]
        folder = finished.root / "data/tiny/08_reporting/nvila_8b_text/metrics.json"
        (path,) = folder.glob("*/metrics.json")
        return json.loads(path.read_text()), done.stderr, str(server.http.server_port)


def test_a_rival_is_measured_like_a_model(asked, vocabulary):
    metrics, told, _ = asked
    for dataset in DATA_SETS:
        tasks = metrics["datasets"][dataset]["tasks"]
        assert set(tasks) == {t.name for t in vocabulary.tasks(dataset)}
        assert all(task["n"] > 0 for task in tasks.values())
    assert metrics["asking"]["setbacks"]["503"] >= 5
    tally = metrics["questions"]
    assert tally["questions"] == sum(tally[outcome] for outcome in OUTCOMES)
    assert tally["refused"] + tally["unreadable"] > 0
    assert f"{tally['questions']} questions" in told
    assert "NVILA-8B, training-free, scored by text" in told
    assert "x 503" in told


def test_no_secret_is_in_what_is_kept_or_told(finished, asked):
    _, told, port = asked
    assert "a-secret" not in told
    assert port not in told
    for path in (finished.root / "data").rglob("*"):
        if path.is_file() and path.suffix in (".json", ".jsonl"):
            text = path.read_text()
            assert "a-secret" not in text
            assert f":{port}" not in text


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"rival": "llava"}, "there is no rival 'llava'; there are internvl2_5_8b, llava_1_5_7b"),
        ({"baseline": "llava_1_5_7b"}, "'baseline' is called 'rival' now"),
        ({"rivals.server.concurency": "3"}, "did you mean 'concurrency'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_bad_parameter_is_one_readable_message(finished, params, said):
    done = finished.run("--pipelines=rivals", **params)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
