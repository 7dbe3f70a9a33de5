"""Which omega is best? The sweep of the paper's Figure 8b, over several seeds.

Each seed draws its own data sets (or reads yours, with --env and --raw), initial weights and order
of examples; for each omega the variant is trained on them by the project's own pipeline, and scored
on the validation and on the test part. Omega is chosen by the mean over seeds on validation data;
the test part shows what that choice brings.

    python experiments/omega.py --folder /tmp/omega --out docs/omega_sweep.md

A run that was stopped goes on where it was; the table of all runs, `sweep.csv` in the folder, is
what `--params paper.omega_sweep=...` draws Figure 8b from. On two cores a seed of the drawn data
sets takes about eight minutes.
"""

from __future__ import annotations

import argparse
import platform
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t

from faceinsight.common.work import digest, write_beside
from faceinsight.reports.paper.ablation import OMEGAS, SWEEP_COLUMNS, chosen_omega
from faceinsight.reports.paper.numbers import claim
from runner import code_version, open_catalog, run_kedro

DATASET, TASK = "celeba", "attributes"
FEWEST_SEEDS = 5
"""From so many seeds on a spread or an interval over them is shown. Of fewer every seed's own value
is: two whose differences happen to agree would make an interval of no width."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--omegas", type=float, nargs="+", default=list(OMEGAS))
    parser.add_argument("--variant", default="lgc", choices=["corr", "lgc"])
    parser.add_argument("--folder", type=Path, required=True, help="for what the runs make")
    parser.add_argument("--env", default="base")
    parser.add_argument("--raw", type=Path, help="data sets of your own, for --env=small or paper")
    parser.add_argument("--params", default="", help="further parameters, as for kedro run")
    parser.add_argument("--out", type=Path, help="a Markdown file for the result")
    args = parser.parse_args()
    folder = args.folder.resolve()
    runs = [(omega, seed) for seed in range(1, args.seeds + 1) for omega in args.omegas]
    sweep = pd.concat([run(omega, seed, folder, args) for omega, seed in runs], ignore_index=True)
    with write_beside(folder / "sweep.csv") as beside:
        sweep.to_csv(beside, index=False)
    page = render(sweep, args)
    print(page)
    if args.out:
        args.out.write_text(page, encoding="utf-8")


def run(omega: float, seed: int, folder: Path, args: argparse.Namespace) -> pd.DataFrame:
    """One row a split: attribute accuracy and mAP on CelebA of a model trained with this omega."""
    key = digest(args.env, None if args.raw is None else str(args.raw), args.params, code_version())
    kept = folder / f"{args.variant}-{seed}-{omega:g}-{key}.csv"
    if not kept.exists():
        params = {
            "seed": seed,
            "data": str(folder / f"data-{seed}"),
            "variant": args.variant,
            "prior.omega": omega,
            "evaluation.n_resamples": 0,
        }
        if args.raw is not None:
            params["raw"] = str(args.raw.resolve())
        given = [f"{name}={value}" for name, value in params.items()]
        given += [pair for pair in args.params.split(",") if pair]
        rows = []
        for pipeline, split in (("train", "test"), ("evaluation", "val")):
            run_kedro(args.env, [*given, f"prediction.split={split}"], pipeline)
            made = {"data": params["data"], "variant": args.variant}
            metrics = open_catalog(args.env, made).load("metrics")
            figures = metrics["datasets"][DATASET]["tasks"][TASK]["metrics"]
            row = [omega, seed, split, figures["accuracy"]["value"], figures["map"]["value"]]
            rows.append(row)
        with write_beside(kept) as beside:
            pd.DataFrame(rows, columns=list(SWEEP_COLUMNS)).to_csv(beside, index=False)
    return pd.read_csv(kept)


def render(sweep: pd.DataFrame, args: argparse.Namespace) -> str:
    """The result as Markdown."""
    chosen = chosen_omega(sweep)
    few = sweep["seed"].nunique() < FEWEST_SEEDS
    each = "each seed's value in brackets, in the order of the seeds"
    lines = [
        "# The sweep of omega",
        "",
        f"Variant {args.variant}, environment `{args.env}`, {args.seeds} seeds; each "
        + ("draws its own data sets, " if args.raw is None else "has its own ")
        + "initial weights and order of examples. Attributes of CelebA; per cent; mean over seeds, "
        + (each if few else "with the standard deviation between seeds")
        + ". Made by `experiments/omega.py` "
        f"({platform.machine()}); code and configuration of commit {code_version()}.",
        "",
        "| omega | accuracy, validation | accuracy, test | mAP, validation | mAP, test |",
        "|---|---|---|---|---|",
    ]
    for omega, rows in sweep.groupby("omega"):
        cells = [
            spread(rows.loc[rows["split"] == split, figure])
            for figure in ("accuracy", "map")
            for split in ("val", "test")
        ]
        mark = " (chosen)" if omega == chosen else ""
        lines.append(f"| {omega:g}{mark} | {' | '.join(cells)} |")
    lines += [
        "",
        f"By mean validation accuracy omega = {chosen:g} is chosen; the paper chose "
        f"{claim('best_omega'):g}. Differences on the test part to the chosen one, paired by seed, "
        + (
            f"{each}; {args.seeds} seeds are too few for an interval:"
            if few
            else "with Student's t interval over seeds:"
        ),
        "",
        "| omega | accuracy | mAP |" if few else "| omega | accuracy [95 %] | mAP [95 %] |",
        "|---|---|---|",
    ]
    test = sweep[sweep["split"] == "test"]
    for omega in sorted(set(sweep["omega"]) - {chosen}):
        cells = [difference(test, omega, chosen, figure) for figure in ("accuracy", "map")]
        lines.append(f"| {omega:g} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def spread(values: pd.Series) -> str:
    """Mean and standard deviation between seeds, in per cent; of few, the mean and each."""
    if len(values) < FEWEST_SEEDS:
        return with_each(100 * values.to_numpy(), "")
    return f"{100 * values.mean():.2f} ± {100 * values.std(ddof=1):.2f}"


def difference(test: pd.DataFrame, omega: float, chosen: float, figure: str) -> str:
    """Mean difference to the chosen omega, paired by seed, and its interval or each difference."""
    table = test.pivot(index="seed", columns="omega", values=figure)
    gaps = 100 * (table[omega] - table[chosen]).to_numpy()
    if len(gaps) < FEWEST_SEEDS:
        return with_each(gaps, "+")
    half = t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps))
    return f"{gaps.mean():+.2f} [{gaps.mean() - half:+.2f}, {gaps.mean() + half:+.2f}]"


def with_each(values: NDArray[np.float64], sign: str) -> str:
    """The mean and, where there are several, every value behind it."""
    mean, *each = (f"{value:{sign}.2f}" for value in (values.mean(), *values))
    return f"{mean} ({', '.join(each)})" if len(each) > 1 else mean


if __name__ == "__main__":
    main()
