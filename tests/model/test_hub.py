import shutil

import huggingface_hub
import pytest
import torch

from faceinsight.errors import WeightsError
from faceinsight.model import FaceInsightModel
from faceinsight.model.saving import CARD, PROVENANCE
from tests.model import tiny


class Hub:
    """What the upload needs of the hub, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.asked = {}

    def __call__(self, token=None):
        self.asked["token"] = token
        return self

    def create_repo(self, repo_id, **options):
        self.asked["create_repo"] = options
        name = repo_id if "/" in repo_id else f"me/{repo_id}"
        return huggingface_hub.RepoUrl(f"https://huggingface.co/{name}")

    def create_branch(self, repo_id, **options):
        self.asked["create_branch"] = options

    def upload_folder(self, *, repo_id, folder_path, **options):
        self.asked["upload_folder"] = options
        shutil.copytree(folder_path, self.folder / repo_id)
        return f"https://huggingface.co/{repo_id}/commit/1"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    hub = Hub(tmp_path / "hub")
    monkeypatch.setattr("faceinsight.model.hub.HfApi", hub)
    return hub


def documented():
    model = tiny.model()
    model.documents = {CARD: "# A model card\n", PROVENANCE: "{}\n"}
    return model


def test_a_model_is_pushed_whole_with_its_own_card(hub, tmp_path):
    model = documented()
    address = model.push_to_hub(
        "someone/faces", private=True, token="a token", commit_message="First"
    )
    assert address == "https://huggingface.co/someone/faces/commit/1"
    assert hub.asked["token"] == "a token"
    assert hub.asked["create_repo"] == {"private": True, "exist_ok": True}
    assert hub.asked["upload_folder"]["commit_message"] == "First"
    assert "create_branch" not in hub.asked
    again = FaceInsightModel.from_pretrained(tmp_path / "hub/someone/faces")
    batch = tiny.batch()
    assert torch.equal(again(**batch).logits, model(**batch).logits)
    assert again.documents == model.documents


def test_a_model_that_was_read_keeps_its_card(hub, tmp_path):
    documented().save_pretrained(tmp_path / "first")
    again = FaceInsightModel.from_pretrained(tmp_path / "first")
    again.push_to_hub("someone/faces", revision="better")
    assert hub.asked["create_branch"] == {"branch": "better", "exist_ok": True}
    for file in (CARD, PROVENANCE):
        first = (tmp_path / "first" / file).read_text()
        assert (tmp_path / "hub/someone/faces" / file).read_text() == first


def test_saving_may_push_as_it_does_for_any_pretrained_model(hub, tmp_path):
    documented().save_pretrained(tmp_path / "faces", push_to_hub=True, max_shard_size="5MB")
    names = {path.name for path in (tmp_path / "hub/me/faces").iterdir()}
    assert names == {path.name for path in (tmp_path / "faces").iterdir()}
    assert {"config.json", "model.safetensors", "vocabulary.json", "rules.json"} < names
    documented().save_pretrained(tmp_path / "faces", push_to_hub=True, repo_id="someone/other")
    assert (tmp_path / "hub/someone/other/tokenizer.json").exists()


def test_other_processes_than_the_main_one_push_nothing(hub, tmp_path):
    tiny.model().save_pretrained(tmp_path / "faces", is_main_process=False, push_to_hub=True)
    assert not hub.asked


def cached(cache, name, model, revision="main", commit="0" * 40):
    """Put a model into a cache as a download would have left it."""
    repository = cache / f"models--{name.replace('/', '--')}"
    model.save_pretrained(repository / "snapshots" / commit)
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / revision).write_text(commit)


def test_a_name_on_the_hub_is_read_from_the_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    model = tiny.model()
    cached(tmp_path, "someone/faces", model)
    other = tiny.model(characteristics_attend="independent")
    cached(tmp_path, "someone/faces", other, "branch", "1" * 40)
    batch = tiny.batch()
    again = FaceInsightModel.from_pretrained("someone/faces", cache_dir=tmp_path)
    assert torch.equal(again(**batch).logits, model(**batch).logits)
    again = FaceInsightModel.from_pretrained("someone/faces", cache_dir=tmp_path, revision="branch")
    assert torch.equal(again(**batch).logits, other(**batch).logits)


def test_a_name_that_is_nowhere_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError, match="hf download someone/faces") as error:
        FaceInsightModel.from_pretrained("someone/faces", cache_dir=tmp_path)
    assert "\n" not in str(error.value)
    with pytest.raises(WeightsError, match="is not there"):
        FaceInsightModel.from_pretrained(tmp_path / "nothing/here")


def test_a_base_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "empty"))
    tiny.save_llama(tmp_path / "base")
    model = tiny.model(
        language_model={"pretrained": str(tmp_path / "base")}, frozen=["language_model"]
    )
    model.config.language_model["pretrained"] = "lmsys/vicuna-7b-v1.5"
    cached(tmp_path, "someone/faces", model)
    with pytest.raises(WeightsError, match=r"hf download lmsys/vicuna-7b-v1\.5") as error:
        FaceInsightModel.from_pretrained("someone/faces", cache_dir=tmp_path)
    assert "bases" in str(error.value)
    again = FaceInsightModel.from_pretrained(
        "someone/faces", cache_dir=tmp_path, bases={"language_model": str(tmp_path / "base")}
    )
    batch = tiny.batch()
    assert torch.equal(again(**batch).logits, model(**batch).logits)
