"""Saved models on the Hugging Face hub: finding one, and uploading one."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import HfApi, snapshot_download

from faceinsight.errors import WeightsError
from faceinsight.model.encoders import one_line
from faceinsight.model.pretrained import HUB_NAME


def saved_folder(
    name: str | Path,
    *,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    token: bool | str | None = None,
    local_files_only: bool = False,
    force_download: bool = False,
) -> Path:
    """The folder of a saved model: the one that is named, or a snapshot of the hub's repository.

    Args:
        name: folder, or name on the hub.
        revision: branch, tag or commit on the hub.
        cache_dir: where downloads are kept; None takes huggingface_hub's own place.
        token: of the hub; None takes the one that is logged in.
        local_files_only: look nowhere but in the cache.
        force_download: download what is in the cache already.

    Raises:
        WeightsError: there is neither.
    """
    folder = Path(name)
    if folder.exists():
        return folder
    if not HUB_NAME.fullmatch(str(name)):
        raise WeightsError(
            f"{folder} is not there: give the folder of a saved model, or its name on the hub"
        )
    try:
        snapshot = snapshot_download(
            str(name),
            revision=revision,
            cache_dir=cache_dir,
            token=token,
            local_files_only=local_files_only,
            force_download=force_download,
        )
    except Exception as error:
        raise WeightsError(
            f"'{name}' is no folder, and the hub gives no model of that name ({one_line(error)}); "
            f"where there is a network, 'hf download {name} --local-dir FOLDER' fetches it: put it "
            "on this machine, and name FOLDER"
        ) from error
    return Path(snapshot)


def upload_folder(
    folder: Path,
    repo_id: str,
    *,
    private: bool | None = None,
    token: bool | str | None = None,
    revision: str | None = None,
    create_pr: bool = False,
    commit_message: str | None = None,
    commit_description: str | None = None,
) -> str:
    """Upload a saved model as it lies in its folder.

    Args:
        folder: of the saved model.
        repo_id: where to; made if it is not there.
        private: whether a repository that is made is private.
        token: of the hub; None takes the one that is logged in.
        revision: branch; made if it is not there.
        create_pr: open a pull request instead of committing to the branch.
        commit_message: None says that a model was uploaded.
        commit_description: more about the commit.

    Returns:
        The address of the commit.
    """
    api = HfApi(token=token)
    name = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
    if revision is not None and not create_pr:
        api.create_branch(name, branch=revision, exist_ok=True)
    done = api.upload_folder(
        repo_id=name,
        folder_path=folder,
        revision=revision,
        create_pr=create_pr,
        commit_message=commit_message or "Upload a FaceInsight model",
        commit_description=commit_description,
    )
    return str(done)
