"""Adapters of a tuned rival, and the rival asked with them: each task by its own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from faceinsight.errors import FaceInsightError
from faceinsight.rivals.inference import ask
from faceinsight.rivals.settings import RivalsSettings

if TYPE_CHECKING:
    from faceinsight.method.characteristics import Vocabulary

TUNED = "tuned.json"
"""Beside an adapter: what it is of, and how it came about."""


@dataclass(frozen=True)
class TunedRival:
    """One adapter of a rival.

    Attributes:
        folder: of the adapter.
        about: what its `tuned.json` says.
    """

    folder: Path
    about: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.about['dataset']}/{self.about['task']}"


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


def in_precision(rivals: RivalsSettings, precision: str) -> RivalsSettings:
    """The rival in the number format in which it is trained, `fp32` or `bf16`."""
    dtype = "bfloat16" if precision == "bf16" else "float32"
    local = rivals.local.model_copy(update={"dtype": dtype})
    return rivals.model_copy(update={"local": local})


def ask_tuned(
    adapters: Path,
    rivals: RivalsSettings,
    vocabulary: Vocabulary,
    crops: Mapping[str, Path],
    work: Path,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Ask a tuned rival every question of the tasks it was tuned for.

    Arguments and what is returned are as of `faceinsight.rivals.inference.ask`, over all tasks;
    `adapters` is a folder with a folder for each.
    """
    tables, accounts = [], []
    for tuned in tuned_in(adapters):
        dataset = tuned.about["dataset"]
        table, account = ask(
            in_precision(rivals, tuned.about["settings"]["precision"]),
            vocabulary,
            {dataset: crops[dataset]},
            work,
            task=tuned.about["task"],
            adapter=tuned.folder,
        )
        tables.append(table)
        accounts.append(account)
    whole = {name: sum(account[name] for account in accounts) for name in ("held", "asked")} | {
        name: dict(sum((Counter(account[name]) for account in accounts), Counter()))
        for name in ("failed", "setbacks", "served")
    }
    return pd.concat(tables, ignore_index=True), whole
