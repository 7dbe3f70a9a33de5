"""Which omega is best? The sweep of the paper's Figure 8b, over several seeds.

Each seed draws its own data sets (or splits yours, with --env and --raw), initial weights and order
of examples; for each omega the variant is trained on them and scored on the validation and on the
test part. Omega is chosen by the mean over seeds on validation data; the test part shows what that
choice brings.

    python experiments/omega.py --folder /tmp/omega --out docs/omega_sweep.md

A run that was stopped goes on where it was; the table of all runs, `sweep.csv` in the folder, is
what `--params paper.omega_sweep=...` draws Figure 8b from. On two cores a seed of the drawn data
sets takes about eight minutes.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.common.work import write_beside
from faceinsight.evaluation.metrics import Metrics
from faceinsight.evaluation.scored import Scored
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.prior import weights_of
from faceinsight.reports.paper.numbers import claim
from faceinsight.reports.paper.omega import OMEGAS, SWEEP_COLUMNS, chosen_omega
from faceinsight.training.job import TrainingJob
from page import over_seeds, spread, table, write
from runner import Arm, Project, commits, parser_of, run_arm

DATASET, TASK = "celeba", "attributes"
METRICS = {"accuracy": "accuracy", "map": "mAP"}
FEWEST_SEEDS = 5
"""From so many seeds on a spread or an interval over them is shown. Of fewer every seed's own value
is: two whose differences happen to agree would make an interval of no width."""


def main() -> None:
    parser = parser_of(__doc__, env="base")
    parser.add_argument("--omegas", type=float, nargs="+", default=list(OMEGAS))
    parser.add_argument("--variant", default="lgc", choices=["corr", "lgc"])
    args = parser.parse_args()
    rows, kept = [], []
    for seed in range(1, args.seeds + 1):
        project = Project.of_seed(args, seed, "data")
        for omega in args.omegas:
            arm = Arm(f"omega-{omega:g}", args.variant, "", with_omega(project, omega), (omega,))
            kept.append(run_arm(project, arm, seed, ("val", "test")))
            rows += [(omega, seed, *row) for row in measured(project, kept[-1])]
    sweep = pd.DataFrame(rows, columns=list(SWEEP_COLUMNS))
    with write_beside(args.folder.resolve() / "sweep.csv") as beside:
        sweep.to_csv(beside, index=False)
    write(render(sweep, args, commits(kept)), args.out)


def with_omega(project: Project, omega: float) -> Callable[[TrainingJob, int, Path], TrainingJob]:
    """The change of a job to another omega of the same graph (Eq. 7)."""

    def change(job: TrainingJob, seed: int, folder: Path) -> TrainingJob:
        (prior,) = project.load("prior")
        return replace(job, adjacency=weights_of(prior["edges"], omega))

    return change


def measured(project: Project, folder: Path) -> Iterator[tuple[str, float, float]]:
    """Split, accuracy and mAP of the attributes of CelebA."""
    (vocabulary,) = project.load("vocabulary")
    for split in ("val", "test"):
        scored = Scored.from_frame(pd.read_parquet(folder / f"{split}.parquet"), vocabulary)
        point = Metrics(scored, vocabulary, EvaluationSettings()).point()
        accuracy, mean_ap = (point["task", DATASET, TASK, metric] for metric in METRICS)
        yield split, float(accuracy or np.nan), float(mean_ap or np.nan)


def render(sweep: pd.DataFrame, args: argparse.Namespace, commit: str) -> list[str]:
    """The result as lines of Markdown."""
    chosen = chosen_omega(sweep)
    few = sweep["seed"].nunique() < FEWEST_SEEDS
    each = "each seed's value in brackets, in the order of the seeds"
    test = sweep[sweep["split"] == "test"]
    others = sorted(set(sweep["omega"]) - {chosen})
    return [
        "# The sweep of omega",
        "",
        f"Variant {args.variant}, environment `{args.env}`, {args.seeds} seeds; each "
        + ("draws its own data sets, " if args.raw is None else "has its own ")
        + "initial weights and order of examples. Attributes of CelebA; per cent; mean over seeds, "
        + (each if few else "with the standard deviation between seeds")
        + f". Made by `experiments/omega.py` ({platform.machine()}); code and configuration of "
        f"{commit}.",
        "",
        *table(
            ["omega", *(f"{m}, {s}" for m in METRICS.values() for s in ("validation", "test"))],
            [
                [
                    f"{omega:g}{' (chosen)' if omega == chosen else ''}",
                    *(
                        level(rows.loc[rows["split"] == split, metric].to_numpy())
                        for metric in METRICS
                        for split in ("val", "test")
                    ),
                ]
                for omega, rows in sweep.groupby("omega")
            ],
        ),
        "",
        f"By mean validation accuracy omega = {chosen:g} is chosen; the paper chose "
        f"{claim('best_omega'):g}. Differences on the test part to the chosen one, paired by seed, "
        + (
            f"{each}; {args.seeds} seeds are too few for an interval:"
            if few
            else "with Student's t interval over seeds:"
        ),
        "",
        *table(
            ["omega", *(name if few else f"{name} [95 %]" for name in METRICS.values())],
            [
                [f"{omega:g}", *(difference(test, omega, chosen, metric) for metric in METRICS)]
                for omega in others
            ],
        ),
    ]


def level(values: NDArray[np.float64]) -> str:
    """Mean and standard deviation between seeds; of few, the mean and each."""
    return with_each(values, "") if len(values) < FEWEST_SEEDS else spread(values)


def difference(test: pd.DataFrame, omega: float, chosen: float, metric: str) -> str:
    """Mean difference to the chosen omega, paired by seed, and its interval or each difference."""
    by_seed = test.pivot(index="seed", columns="omega", values=metric)
    gaps = (by_seed[omega] - by_seed[chosen]).to_numpy()
    return with_each(gaps, "+") if len(gaps) < FEWEST_SEEDS else over_seeds(gaps)


def with_each(values: NDArray[np.float64], sign: str) -> str:
    """The mean and, where there are several, every value behind it."""
    mean, *each = (f"{100 * value:{sign}.2f}" for value in (values.mean(), *values))
    return f"{mean} ({', '.join(each)})" if len(each) > 1 else mean


if __name__ == "__main__":
    main()
