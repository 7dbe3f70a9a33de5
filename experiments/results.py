"""The metrics of a finished run as a page of Markdown, for docs/.

    python experiments/results.py --env small --out docs/results_small.md

Reads the newest versions in the catalog and computes nothing: run `kedro run --env=small` first.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from faceinsight.evaluation.text import ablation_text
from faceinsight.method.variants import LABELS
from page import table, write
from runner import open_catalog

COLUMNS = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "map": "mAP",
    "decoded_accuracy": "accuracy, consistent labels",
    "ece": "calibration error",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--env", default="small")
    parser.add_argument("--data", help="the folder of what the run made, if not the environment's")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    catalog = open_catalog(args.env, {"data": args.data} if args.data else {})
    metrics = {variant: catalog.load(f"{variant}.metrics") for variant in LABELS}
    ablation = catalog.load("ablation")
    vocabulary = catalog.load("vocabulary")
    splits = {
        name: catalog.load(f"{name}.examples")["split"].value_counts().to_dict()
        for name in vocabulary.datasets
    }
    write(render(args.env, metrics, ablation, splits), args.out)


def render(env: str, metrics: dict[str, Any], ablation: Any, splits: dict[str, Any]) -> list[str]:
    """The page as lines of Markdown."""
    made = metrics["lgc"]["model"]
    packages = ", ".join(f"{name} {version}" for name, version in made["packages"].items())
    lines = [
        f"# Results of `kedro run --env={env}`",
        "",
        f"Commit {str(made['commit'])[:10]}, {packages}. One seed: differences between variants of "
        "a few points are within luck. Metrics are per cent of test faces, with 95 % bootstrap "
        "intervals over photographs.",
        "",
        "## Faces",
        "",
        *table(
            ["data set", "train", "val", "test"],
            [
                [name, *(f"{of.get(part, 0):,}" for part in ("train", "val", "test"))]
                for name, of in splits.items()
                if of
            ],
        ),
        "",
        "## Ablation",
        "",
        "```",
        ablation_text(ablation),
        "```",
        "",
        "## Training",
        "",
        *table(
            ["variant", "updates", "best validation accuracy", "images per second"],
            [[LABELS[v], *_training(m["model"]["training"])] for v, m in metrics.items()],
        ),
    ]
    for dataset, of in metrics["lgc"]["datasets"].items():
        for task, result in of["tasks"].items():
            if not result["n"]:
                continue
            lines += ["", f"## {dataset}: {task}", "", f"{result['n']:,} test faces.", ""]
            rows = []
            for variant, m in metrics.items():
                found = m["datasets"][dataset]["tasks"][task]["metrics"]
                rows.append([LABELS[variant], *(_metric(found[name]) for name in COLUMNS)])
            baselines = [_percent(result["baselines"].get(name)) for name in COLUMNS]
            rows.append(["knowing prevalence alone", *baselines])
            lines += table(["variant", *COLUMNS.values()], rows)
    return lines


def _training(facts: dict[str, Any]) -> list[str]:
    return [
        f"{facts['steps']:,}",
        _percent(facts["best_validation_accuracy"]),
        f"{facts['images_per_second']:.0f}",
    ]


def _metric(metric: dict[str, float | None]) -> str:
    if metric["low"] is None:
        return _percent(metric["value"])
    low, high = _percent(metric["low"]), _percent(metric["high"])
    return f"{_percent(metric['value'])} ({low} to {high})"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


if __name__ == "__main__":
    main()
