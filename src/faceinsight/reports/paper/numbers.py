"""What the paper prints: its tables as data, and what can be found wrong in them by computing.

`numbers.csv` holds every cell of Tables 1 to 5, in per cent; `claims.csv` what only the text says.
The bars of Figures 3 to 6 and the radar of Figure 1 are drawn without numbers, so of these the
paper's FaceInsight alone is known, from the tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import pandas as pd

METRICS = ("accuracy", "recall", "f1", "precision")
"""The metrics of Tables 1, 2, 3 and 5, in the paper's order."""

OURS = "FaceInsight"

FINE_TUNED = ("LLaVA-OneVision-7B-SI", "LLaVA-v1.5-7B", "NVILA-8B")
"""The models that the paper also fine-tunes, in the order of its tables."""

TRAINING_FREE = (
    "InternVL2.5-8B",
    "LLaVA-v1.5-7B",
    "LLaVA-OneVision-7B-SI",
    "Mantis-SIGLIP-8B",
    "MiniCPM-Llama3-V2.5",
    "Monkey-Chat",
    "Phi-3.5-Vision-Instruct",
    "Qwen2.5-VL-7B-Instruct",
    "NVILA-8B",
)
"""The nine models of Figures 1 and 3 to 6, in the order of section 4.2."""

REPRESENTATION = ("FairFace", "FaceXFormer")
"""The facial representation learning methods of Table 4."""

_ROUNDING = 0.01
"""F1, precision and recall are each rounded to 0.01."""


@dataclass(frozen=True)
class PaperTable:
    """One of the paper's tables.

    Attributes:
        number: in the paper.
        title: what it compares.
        setting: how its models other than FaceInsight were made: `fine-tuned`, or `published` for
            models that others trained.
        metrics: its columns, in the paper's order.
    """

    number: int
    title: str
    setting: str
    metrics: tuple[str, ...]


TABLES = (
    PaperTable(1, "Attributes: MAAD and CelebA, fine-tuned models", "fine-tuned", METRICS),
    PaperTable(2, "FairFace: age, gender and race, fine-tuned models", "fine-tuned", METRICS),
    PaperTable(3, "UTKFace: age, gender and race, fine-tuned models", "fine-tuned", METRICS),
    PaperTable(4, "FairFace and UTKFace: representation learning", "published", ("accuracy",)),
    PaperTable(5, "Expressions: ExpW and RAF-DB, fine-tuned models", "fine-tuned", METRICS),
)


@dataclass(frozen=True)
class BarFigure:
    """One of the paper's bar charts of all models without training.

    Attributes:
        number: in the paper.
        panels: data set and task of each panel.
    """

    number: int
    panels: tuple[tuple[str, str], ...]


BAR_FIGURES = (
    BarFigure(3, (("maad", "attributes"), ("celeba", "attributes"))),
    BarFigure(4, tuple(("fairface", task) for task in ("age", "gender", "race"))),
    BarFigure(5, tuple(("utkface", task) for task in ("age", "gender", "race"))),
    BarFigure(6, (("expw", "expression"), ("rafdb", "expression"))),
)


@cache
def paper_numbers() -> pd.DataFrame:
    """Every cell of Tables 1 to 5.

    Returns:
        `table`, `dataset`, `task`, `model`, `metric`, `value` (per cent), in the paper's order.
    """
    return pd.read_csv(str(files("faceinsight.reports.paper") / "numbers.csv"))


@cache
def claims() -> pd.DataFrame:
    """What the text says and no table holds: `name`, `value`, `where`, `says`."""
    return pd.read_csv(str(files("faceinsight.reports.paper") / "claims.csv"))


def claim(name: str) -> float:
    """The value of one claim."""
    return float(claims().set_index("name")["value"][name])


def impossible_rows(numbers: pd.DataFrame | None = None) -> pd.DataFrame:
    """Rows whose mean F1 is above what their mean precision and recall allow.

    F1 is the harmonic mean of precision and recall, which is concave; so the mean of F1 over
    classes, or over images, is at most the harmonic mean of their means (Jensen's inequality).
    What lies above that by more than rounding was not computed as described.

    Args:
        numbers: of `paper_numbers`' form; those by default.

    Returns:
        `table`, `dataset`, `task`, `model`, `precision`, `recall`, `f1`, `most` (the bound).
    """
    numbers = paper_numbers() if numbers is None else numbers
    keys = ["table", "dataset", "task", "model"]
    wide = numbers.pivot(index=keys, columns="metric", values="value").reset_index()
    wide = wide.dropna(subset=["precision", "recall", "f1"])
    wide["most"] = 2 * wide["precision"] * wide["recall"] / (wide["precision"] + wide["recall"])
    found = wide[wide["f1"] > wide["most"] + _ROUNDING]
    return found[[*keys, "precision", "recall", "f1", "most"]].reset_index(drop=True)


def surpassed_cells(numbers: pd.DataFrame | None = None) -> pd.DataFrame:
    """Cells in which another model is above FaceInsight.

    The text says that FaceInsight leads in all metrics of all data sets.

    Returns:
        `table`, `dataset`, `task`, `metric`, `ours`, `model` (the one above), `value`.
    """
    numbers = paper_numbers() if numbers is None else numbers
    keys = ["table", "dataset", "task", "metric"]
    ours = numbers[numbers["model"] == OURS].rename(columns={"value": "ours"})
    others = numbers[numbers["model"] != OURS].merge(ours[[*keys, "ours"]], on=keys)
    found = others[others["value"] > others["ours"]]
    return found[[*keys, "ours", "model", "value"]].reset_index(drop=True)
