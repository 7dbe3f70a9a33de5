"""A tuned rival asked about test faces: each task by its own adapter."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from faceinsight.errors import FaceInsightError
from faceinsight.rivals.asking import ask
from faceinsight.rivals.finetuning.grid import TUNED, local_of
from faceinsight.rivals.finetuning.settings import FinetuningSettings
from faceinsight.rivals.settings import BaselineSettings

if TYPE_CHECKING:
    from faceinsight.method.characteristics import Vocabulary


@dataclass(frozen=True)
class TunedRival:
    """One adapter of a rival.

    Attributes:
        folder: of the adapter.
        about: what its `tuned.json` says.
    """

    folder: Path
    about: Mapping[str, Any]

    @property
    def place(self) -> tuple[str, str]:
        """Data set and task."""
        return self.about["dataset"], self.about["task"]


def tuned_in(adapters: Path) -> Iterator[TunedRival]:
    """The adapters in a folder of them, by name.

    Raises:
        FaceInsightError: there is none.
    """
    found = sorted(adapters.glob(f"*/{TUNED}"))
    if not found:
        raise FaceInsightError(f"{adapters} holds no adapter; run the pipeline finetune first")
    for path in found:
        yield TunedRival(path.parent, json.loads(path.read_text(encoding="utf-8")))


def ask_tuned(
    adapters: Path,
    rivals: BaselineSettings,
    finetuning: FinetuningSettings,
    vocabulary: Vocabulary,
    crops: Mapping[str, Path],
    work: Path,
    *,
    progress: bool = True,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Ask a tuned rival every question of the tasks it was tuned for.

    Args:
        adapters: folder with a folder for each task.
        rivals: which rival, and how it is asked.
        finetuning: the number format that the adapters were trained in.
        vocabulary: gives the tasks.
        crops: data set to its folder of crops.
        work: folder of all work folders.
        progress: show a progress bar.

    Returns:
        As `faceinsight.rivals.asking.ask`, over all tasks.
    """
    settings = rivals.model_copy(update={"local": local_of(rivals, finetuning)})
    tables = []
    account: dict[str, Any] = {"held": 0, "asked": 0, "failed": Counter(), "setbacks": Counter()}
    for tuned in tuned_in(adapters):
        dataset, task = tuned.place
        table, one = ask(
            settings,
            vocabulary,
            {dataset: crops[dataset]},
            work,
            task=task,
            adapter=tuned.folder,
            progress=progress,
        )
        tables.append(table)
        for name in account:
            account[name] += one[name] if name in ("held", "asked") else Counter(one[name])
    return pd.concat(tables, ignore_index=True), {
        name: dict(value) if isinstance(value, Counter) else value
        for name, value in account.items()
    }


def truth_of_tuned(adapters: Path, truth: pd.DataFrame, vocabulary: Vocabulary) -> pd.DataFrame:
    """Labels of what the rival was tuned for and no others, so that nothing else is measured.

    Args:
        adapters: folder with a folder for each task.
        truth: from `faceinsight.rivals.faces.truth_of`.
        vocabulary: gives the tasks' members.
    """
    asked: dict[str, set[str]] = {}
    for tuned in tuned_in(adapters):
        dataset, name = tuned.place
        task = next(t for t in vocabulary.tasks(dataset) if t.name == name)
        asked.setdefault(dataset, set()).update(task.members)
    kept = truth[truth["dataset"].isin(asked)].reset_index(drop=True)
    for dataset, members in asked.items():
        others = [f"y_{id_}" for id_ in vocabulary.ids if id_ not in members]
        kept.loc[kept["dataset"] == dataset, others] = pd.NA
    return kept
