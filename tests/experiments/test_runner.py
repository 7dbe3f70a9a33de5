"""What is kept is found again, and only where everything that decides it is the same."""

import json

import pytest

import runner
from faceinsight.common import recipes
from faceinsight.method.variants import LABELS
from runner import Arm, Project, keep
from tests.evaluation.fakes import fake_predictions, small_vocabulary


@pytest.fixture
def made(monkeypatch):
    """What was prepared and made; parameters are those that are given."""
    calls = []
    monkeypatch.setattr(runner, "prepare", calls.append)
    monkeypatch.setattr(runner, "commit_of_code", lambda: f"commit{len(calls)}")

    def load(project, *names):
        epochs = dict(pair.split("=") for pair in project.given).get("training.epochs", "1")
        return [{"training": {"epochs": epochs}, "reporting": {"faces": len(calls)}}]

    monkeypatch.setattr(Project, "load", load)
    runner.deciding.cache_clear()
    return calls


def project(tmp_path, *given):
    return Project("tiny", tmp_path / "data", given)


def test_what_is_kept_is_not_made_again(tmp_path, made, monkeypatch):
    def once(of, *decides):
        return keep(of, "arm", 1, lambda folder: (folder / "a").touch(), *decides)

    first = once(project(tmp_path))
    assert once(project(tmp_path)) == first
    assert len(made) == 1
    assert (first / "a").exists()
    others = [once(project(tmp_path, "training.epochs=9")), once(project(tmp_path), "another")]
    monkeypatch.setitem(recipes.RECIPES, "training", 99)
    runner.deciding.cache_clear()
    others.append(once(project(tmp_path)))
    assert len({first, *others}) == len(made) == 4
    assert runner.commits([first, others[0], first]) == "commits commit1, commit2"
    assert runner.commits([first]) == "commit commit1"


def test_what_fails_leaves_nothing(tmp_path, made):
    def fails(folder):
        (folder / "a").touch()
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk"):
        keep(project(tmp_path), "arm", 1, fails)
    assert not list(tmp_path.glob("arm-1-*"))


def test_every_arm_is_run_with_every_seed_and_paired_by_it(tmp_path, made, monkeypatch):
    tables = {}

    def job_of(project, variant, seed):
        return variant, seed

    def train(job, work):
        return job, None

    def score(model, job, split):
        variant, seed = model
        frame = fake_predictions(small_vocabulary(), {"one": 4}, seed=seed)
        tables[variant, seed, split] = frame
        return frame

    for name, stub in (("job_of", job_of), ("train", train), ("score", score)):
        monkeypatch.setattr(runner, name, stub)
    turned = Arm("turned", "lgc", "", lambda job, seed, folder: ("turned", seed), ("x",))
    arms = [*(Arm(name, name, label) for name, label in LABELS.items()), turned]
    found, commit = runner.run_arms(project(tmp_path), arms, 2)
    assert list(found) == [*LABELS, "turned"]
    assert commit.startswith("commit")
    for name, of in found.items():
        assert len(of) == 2
        for seed, table in enumerate(of, start=1):
            assert (table["p_Hat"] == tables[name, seed, "test"]["p_Hat"]).all()
    (about,) = tmp_path.glob("turned-2-*/made.json")
    assert json.loads(about.read_text())["commit"].startswith("commit")
