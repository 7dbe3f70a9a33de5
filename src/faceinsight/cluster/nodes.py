"""What a node of a cluster has to see."""

from __future__ import annotations

import os
from pathlib import Path
from socket import gethostname
from typing import TypeVar

from pydantic import BaseModel

from faceinsight.common.paths import at_home
from faceinsight.errors import FaceInsightError

_Settings = TypeVar("_Settings", bound=BaseModel)


def with_absolute_weights(settings: _Settings) -> _Settings:
    """Settings whose files of weights are found from any folder: workers have one of their own."""
    files = {
        name: Path(at_home(path)).absolute()
        for name in ("detector_weights", "parser_weights")
        if (path := getattr(settings, name)) is not None
    }
    return settings.model_copy(update=files)


def enter(folder: Path) -> None:
    """Have relative paths begin on this node where they began for whoever sent the work.

    Raises:
        FaceInsightError: this node has no such folder.
    """
    require_folder("project's folder", folder)
    os.chdir(folder)


def require_folder(kind: str, folder: Path) -> None:
    """Stop on a node that does not see a folder.

    Args:
        kind: what is in it, in words.
        folder: absolute.

    Raises:
        FaceInsightError: there is none.
    """
    if not folder.is_dir():
        raise FaceInsightError(
            f"there is no folder {folder} on node {gethostname()}: keep the {kind} where all nodes "
            "see it"
        )
