"""Does each part of the method help? The ablation over several seeds, with exact and faulty maps.

Each seed draws its own data sets, initial weights and order of examples, and trains the four
variants on them by the project's own pipeline, so that luck in data and in training both count.
Differences are paired by seed; their intervals are Student's t over seeds. Whatever comes out is
shown.

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
from scipy.stats import t

from faceinsight.common.work import digest
from faceinsight.method.variants import LABELS
from runner import code_version, open_catalog, run_kedro

MAPS = {"exact": "provided", "faulty": "provided_faulty"}
STEPS = [("org", "seg"), ("seg", "corr"), ("corr", "lgc"), ("org", "lgc")]
FIGURES = {"map": "mAP", "mean_accuracy": "mean accuracy"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folder", type=Path, required=True, help="for what the runs make")
    parser.add_argument("--env", default="base")
    parser.add_argument("--out", type=Path, help="a Markdown file for the result")
    args = parser.parse_args()
    results = pd.concat(
        [
            ablation_of(seed, maps, args.folder.resolve(), args.env)
            for seed in range(1, args.seeds + 1)
            for maps in MAPS
        ],
        ignore_index=True,
    )
    page = render(results, args.seeds)
    print(page)
    if args.out:
        args.out.write_text(page, encoding="utf-8")


def ablation_of(seed: int, maps: str, folder: Path, env: str) -> pd.DataFrame:
    """One row a variant: test mAP, mean accuracy, and rule violations before decoding."""
    params = {
        "seed": seed,
        "data": str(folder / f"{maps}-{seed}"),
        "segmentation.maps": MAPS[maps],
        "evaluation.n_resamples": 0,
    }
    kept = folder / f"{maps}-{seed}-{digest(env, code_version())}.csv"
    if not kept.exists():
        run_kedro(env, [f"{name}={value}" for name, value in params.items()])
        table = open_catalog(env, {"data": params["data"]}).load("ablation")
        table.to_csv(kept, index=False)
    return pd.read_csv(kept).assign(seed=seed, maps=maps)


def render(results: pd.DataFrame, seeds: int) -> str:
    """The result as Markdown."""
    lines = [
        "# The ablation on drawn faces, over seeds",
        "",
        f"{seeds} seeds; each draws its own data sets, initial weights and order of examples. Test "
        "faces; per cent; mean over seeds, with the standard deviation between seeds. Made by "
        f"`experiments/drawn.py` ({platform.machine()}, CPU); code and configuration of "
        f"commit {code_version()}.",
    ]
    for maps in MAPS:
        here = results[results["maps"] == maps]
        lines += [
            "",
            f"## With {maps} maps",
            "",
            "| variant | mAP | mean accuracy | faces breaking a rule |",
            "|---|---|---|---|",
        ]
        for label in LABELS.values():
            rows = here[here["variant"] == label]
            cells = [_mean(rows[c]) for c in ("map", "mean_accuracy", "faces_breaking_rules")]
            lines.append(f"| {label} | {' | '.join(cells)} |")
        prevalence = _mean(here["map_prevalence"])
        lines += ["", f"Predicting prevalence scores {prevalence} mAP.", ""]
        lines += ["| difference | mAP [95 %] | mean accuracy [95 %] |", "|---|---|---|"]
        for before, after in STEPS:
            cells = [_difference(here, before, after, figure) for figure in FIGURES]
            lines.append(f"| {LABELS[before]} to {LABELS[after]} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _mean(values: pd.Series) -> str:
    return f"{100 * values.mean():.1f} ± {100 * values.std(ddof=1):.1f}"


def _difference(results: pd.DataFrame, before: str, after: str, figure: str) -> str:
    """Mean difference paired by seed, with Student's t interval over seeds."""
    table = results.pivot(index="seed", columns="variant", values=figure)
    differences = 100 * (table[LABELS[after]] - table[LABELS[before]]).to_numpy()
    half = t.ppf(0.975, len(differences) - 1) * differences.std(ddof=1) / np.sqrt(len(differences))
    mean = differences.mean()
    return f"{mean:+.1f} [{mean - half:+.1f}, {mean + half:+.1f}]"


if __name__ == "__main__":
    main()
