"""Does each part of the method help? The ablation over several seeds, with exact and faulty maps.

Each seed draws its own data sets, initial weights and order of examples, and trains the four
variants on them, so that luck in data and in training both count. Differences are paired by seed;
their intervals are Student's t over seeds. Whatever comes out is shown.

    python experiments/drawn.py --folder /tmp/ablation --out docs/ablation_drawn.md

A run that was stopped goes on where it was. On two cores a seed takes about six minutes for each
kind of map.
"""

from __future__ import annotations

import argparse
import platform
from pathlib import Path

import numpy as np
import pandas as pd

from ablation import FOUR, STEPS, step
from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.settings import EvaluationSettings
from page import over_seeds, spread, table, write
from runner import Arm, Project, commits, parser_of, run_arm

MAPS = {"exact": "provided", "faulty": "provided_faulty"}
METRICS = {"map": "mAP", "mean_accuracy": "mean accuracy"}


def main() -> None:
    args = parser_of(__doc__, env="base", seeds=5).parse_args()
    rows, kept = [], []
    for seed in range(1, args.seeds + 1):
        for maps in MAPS:
            found, folders = ablation_of(args, seed, maps)
            rows += found
            kept += folders
    write(render(pd.DataFrame(rows), args.seeds, commits(kept)), args.out)


def ablation_of(
    args: argparse.Namespace, seed: int, maps: str
) -> tuple[list[dict[str, object]], list[Path]]:
    """One row a variant: test mAP, mean accuracy, and rule violations before decoding."""
    project = Project.of_seed(args, seed, maps, f"segmentation.maps={MAPS[maps]}")
    kept = {name: run_arm(project, Arm(f"{maps}-{name}", name, ""), seed) for name in FOUR}
    vocabulary, rule_set = project.load("vocabulary", "rule_set")
    rows: list[dict[str, object]] = []
    for name, folder in kept.items():
        metrics = evaluate(
            pd.read_parquet(folder / "test.parquet"),
            vocabulary,
            rule_set,
            np.full(len(vocabulary), 0.5),  # of baselines that are not shown
            EvaluationSettings(n_resamples=0),
        )
        rows.append(
            {
                "variant": FOUR[name],
                "seed": seed,
                "maps": maps,
                "map": metrics["overall"]["map"]["value"],
                "map_prevalence": metrics["overall"]["map_prevalence"],
                "mean_accuracy": metrics["overall"]["mean_accuracy"]["value"],
                "faces_breaking_rules": metrics["rules"]["highest_in_group"]["faces"]["value"],
            }
        )
    return rows, [*kept.values()]


def render(results: pd.DataFrame, seeds: int, commit: str) -> list[str]:
    """The result as lines of Markdown."""
    lines = [
        "# The ablation on drawn faces, over seeds",
        "",
        f"{seeds} seeds; each draws its own data sets, initial weights and order of examples. Test "
        "faces; per cent; mean over seeds, with the standard deviation between seeds. Made by "
        f"`experiments/drawn.py` ({platform.machine()}, CPU); code and configuration of {commit}.",
    ]
    for maps in MAPS:
        here = results[results["maps"] == maps]

        def values(label: str, metric: str, rows: pd.DataFrame = here) -> np.ndarray:
            return rows.loc[rows["variant"] == label, metric].to_numpy()

        shown = ("map", "mean_accuracy", "faces_breaking_rules")
        lines += [
            "",
            f"## With {maps} maps",
            "",
            *table(
                ["variant", "mAP", "mean accuracy", "faces breaking a rule"],
                [
                    [label, *(spread(values(label, metric), 1) for metric in shown)]
                    for label in FOUR.values()
                ],
            ),
            "",
            f"Predicting prevalence scores {spread(here['map_prevalence'].to_numpy(), 1)} mAP.",
            "",
            *table(
                ["difference", *(f"{name} [95 %]" for name in METRICS.values())],
                [
                    [
                        step(before, after),
                        *(
                            over_seeds(
                                values(FOUR[after], metric) - values(FOUR[before], metric), 1
                            )
                            for metric in METRICS
                        ),
                    ]
                    for before, after in STEPS
                ],
            ),
        ]
    return lines


if __name__ == "__main__":
    main()
