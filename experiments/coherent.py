"""Does the coherent layer help, and what of it? Variants and controls over seeds, paired by face.

Faces, splits, crops, maps and prior are the same for all seeds and made once; initial weights,
order of examples and augmentation are each seed's own. Beside the paper's four variants and +coh
stand controls, each +corr with another loss, so that a difference is due to one thing:

- a softmax within groups: Eq. 3, but the classes of a group are one cross-entropy. No links, no
  exclusions, no noise;
- noise alone: Eq. 3, and annotations may be wrong as often as in +coh, but each class of a group by
  its own prevalence, where +coh has one rate a group;
- no links: +coh that knows of groups alone, noise as in +coh;
- no noise: +coh under which one annotation in 10,000 is wrong.

    python experiments/coherent.py --env=base --folder /tmp/coherent --out docs/coherent_drawn.md

A run that was stopped goes on where it was. Whatever comes out is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablation import METRICS
from faceinsight.evaluation.coverage import measure_coverage
from faceinsight.evaluation.metrics import Key
from faceinsight.evaluation.paired import MAP, MEAN_ACCURACY, PairedRuns
from faceinsight.evaluation.settings import EvaluationSettings, FairnessSettings
from faceinsight.evaluation.temperature import cross_entropy, fit_temperature, log_odds
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.method.variants import COH, LABELS, PAPER
from faceinsight.model.calibration import LEVEL
from faceinsight.training.job import TrainingJob
from faceinsight.training.settings import TrainingSettings
from page import INTERVALS, difference_cells, over_seeds, spread, table, write
from runner import Arm, Project, device_name, given_by, parser_of, run_arms

NEXT_TO_NOTHING = 1e-6
"""Noise of a loss that has none: a row that an annotation rules out keeps a finite loss."""


def main() -> None:
    parser = parser_of(__doc__, env="base", seeds=5)
    parser.add_argument("--controls", type=int, default=None, help="seeds of the controls")
    names = [arm.name for arm in ARMS]
    parser.add_argument("--control", action="append", choices=names, help="these controls alone")
    parser.add_argument("--resamples", type=int, default=1000, help="of the bootstrap")
    args = parser.parse_args()
    raw, more = given_by(args)
    project = Project(args.env, args.folder.resolve() / "data", (*raw, *more))
    variants = [Arm(name, name, label) for name, label in LABELS.items()]
    controls = [arm for arm in ARMS if arm.name in (args.control or names)]
    controlled = args.seeds if args.controls is None else args.controls
    found: dict[str, list[pd.DataFrame]] = {}
    validation: dict[str, list[pd.DataFrame]] = {}
    commit = ""
    # A seed at a time, so that what there is after a stop is of all arms alike.
    for seeds in range(1, args.seeds + 1):
        arms = [*variants, *(controls if seeds <= controlled else [])]
        found |= (runs := run_arms(project, arms, seeds)).tables
        validation |= run_arms(project, arms, seeds, "val").tables
        commit = runs.commit
    vocabulary, rule_set, training, axes = project.load(
        "vocabulary", "rule_set", "params:training", "params:fairness"
    )
    settings = EvaluationSettings(n_resamples=args.resamples)
    device = TrainingSettings.model_validate(training).device
    changed = f" with {', '.join(project.given)}" if project.given else ""
    made = (
        f"Environment `{args.env}`{changed}, {device_name(device)}; code and configuration of "
        f"{commit}."
    )
    nll = {
        name: np.array([likelihoods(*pair) for pair in zip(validation[name], of, strict=True)])
        for name, of in found.items()
    }
    lines = render(found, nll, vocabulary, rule_set, settings, made)
    fairness = FairnessSettings.model_validate(axes)
    write([*lines, *covered(found[COH.name], vocabulary, settings, fairness)], args.out)


def _groups_alone(rule_set: RuleSet) -> RuleSet:
    kept = [r for r in rule_set.rules if r.kind == "group"]
    return RuleSet(rule_set.ids, [(r.text, r.reason, r.kind) for r in kept])


def softmax_within_groups(job: TrainingJob, seed: int, folder: Path) -> TrainingJob:
    """Eq. 3 with a softmax within groups: coherent over groups alone, without noise."""
    job = no_links(job, seed, folder)
    return replace(job, model=job.model.model_copy(update={"annotation_noise": NEXT_TO_NOTHING}))


def noise_alone(job: TrainingJob, seed: int, folder: Path) -> TrainingJob:
    """Eq. 3 with noise: nothing tied to anything, and each read by itself."""
    variant = job.variant.model_copy(update={"readout": "independent"})
    return replace(job, rule_set=RuleSet(job.rule_set.ids, []), variant=variant)


def no_links(job: TrainingJob, seed: int, folder: Path) -> TrainingJob:
    """Groups alone."""
    return replace(job, rule_set=_groups_alone(job.rule_set))


def no_noise(job: TrainingJob, seed: int, folder: Path) -> TrainingJob:
    """One annotation in 10,000."""
    return replace(job, model=job.model.model_copy(update={"annotation_noise": 1e-4}))


ARMS = [
    Arm("softmax", COH.name, "Eq. 3, softmax within groups", softmax_within_groups),
    Arm("noise", COH.name, "Eq. 3, noise", noise_alone),
    Arm("no-links", COH.name, "+coh without links", no_links),
    Arm("no-noise", COH.name, "+coh, noise 1e-4", no_noise),
]


def render(
    tables: Mapping[str, list[pd.DataFrame]],
    nll: Mapping[str, NDArray[np.float64]],
    vocabulary: Vocabulary,
    rule_set: RuleSet,
    settings: EvaluationSettings,
    made: str,
) -> list[str]:
    """The result as lines of Markdown; `nll` holds the `likelihoods` of each arm's seeds."""
    titles = LABELS | {arm.name: arm.title for arm in ARMS}
    least = min(len(of) for of in tables.values())
    papers, controlled = [v.name for v in PAPER], len(tables) > len(LABELS)
    main_runs = PairedRuns({n: tables[n] for n in LABELS}, vocabulary, settings, rule_set)
    runs = PairedRuns({n: of[:least] for n, of in tables.items()}, vocabulary, settings, rule_set)
    lines = [
        "# The coherent layer beside the paper's four variants",
        "",
        f"Made by `experiments/coherent.py`, which writes it anew. {made}",
        "",
        f"{main_runs.n_seeds} seeds a variant{f', {least} a control' if controlled else ''}; "
        f"{main_runs.n} test faces. "
        "Per cent; mean over seeds, with the standard deviation between seeds. Each model is "
        "read as it hands out: the paper's by the most probable class and P of one half, +coh "
        "by its labels. NLL: mean of -log P of each known label of the test faces, in nats: as "
        "P is handed out, and, since +coh has temperatures and the others none, with one "
        "temperature a model fitted on the validation faces for those that are read "
        "independently.",
        "",
        *table(
            ["variant", *METRICS, "NLL", "NLL, all calibrated"],
            [
                [
                    titles[name],
                    *(spread(of.by_seed(name, key)) for key in METRICS.values()),
                    *(spread(nats / 100, 4) for nats in nll[name].T),
                ]
                for name in tables
                for of in (main_runs if name in LABELS else runs,)
            ],
        ),
        "",
        "## +coh less each other",
        "",
        f"In points. {INTERVALS}.",
        "",
        *table(
            [
                *("less", "mAP", "t over seeds", "mean accuracy", "t over seeds"),
                "NLL, all calibrated, t over seeds",
            ],
            [
                [
                    titles[name],
                    *difference_cells(of.difference(name, COH.name, MAP)),
                    *difference_cells(of.difference(name, COH.name, MEAN_ACCURACY)),
                    over_seeds((nll[COH.name][: len(nll[name]), 1] - nll[name][:, 1]) / 100, 4),
                ]
                for name in tables
                if name != COH.name
                for of in (main_runs if name in LABELS else runs,)
            ],
        ),
        "",
        "mAP by seed: "
        + "; ".join(f"{titles[n]} {_by_seed(main_runs, n, MAP)}" for n in LABELS)
        + ". Mean accuracy by seed: "
        + "; ".join(f"{titles[n]} {_by_seed(main_runs, n, MEAN_ACCURACY)}" for n in LABELS)
        + ".",
        "",
        "## By task",
        "",
        "Accuracy of what is handed out, and +coh less +corr and +lgc (of classes: their most "
        "probable one), interval over photographs and seeds.",
        "",
    ]
    tasks = [
        ("task", dataset, task.name, "accuracy")
        for dataset in vocabulary.datasets
        for task in vocabulary.tasks(dataset)
        if not np.isnan(main_runs.by_seed(COH.name, ("task", dataset, task.name, "accuracy"))).all()
    ]
    return [
        *lines,
        *table(
            ["task", *(titles[n] for n in (*papers, COH.name)), "to +corr", "to +lgc"],
            [
                [
                    f"{key[1]}/{key[2]}",
                    *(spread(main_runs.by_seed(n, key), 1) for n in (*papers, COH.name)),
                    *(
                        difference_cells(main_runs.difference(n, COH.name, key))[0]
                        for n in ("corr", "lgc")
                    ),
                ]
                for key in tasks
            ],
        ),
    ]


def covered(
    tables: Sequence[pd.DataFrame],
    vocabulary: Vocabulary,
    settings: EvaluationSettings,
    fairness: FairnessSettings,
) -> list[str]:
    """How often the sets of +coh hold the annotation, as lines of Markdown; none without sets."""
    seeds = [measure_coverage(of, vocabulary, LEVEL, settings, fairness) for of in tables]
    measured = [of for of in seeds if of is not None]
    if not measured:
        return []
    rows = []
    for dataset, first in measured[0]["datasets"].items():
        of = [one["datasets"][dataset] for one in measured]
        values = np.array([one["coverage"]["value"] for one in of])
        lowest = [one["coverage"]["low"] for one in of if one["coverage"]["low"] is not None]
        worst = [one["worst"] for one in of if one["worst"] is not None]
        least = min(worst, key=lambda group: group["coverage"]["value"], default=None)
        rows.append(
            [
                dataset,
                str(int((tables[0]["dataset"] == dataset).sum())),
                spread(values, 1),
                f"{100 * min(lowest):.1f}" if lowest else "–",
                *(
                    ", ".join(
                        f"{task} {_mean([one['tasks'][task][metric] for one in of], factor)}"
                        for task in first["tasks"]
                    )
                    for metric, factor in (("size", 1), ("single", 100))
                ),
                "–"
                if least is None
                else f"{least['task']}, {least['group']} ({least['faces']} faces): "
                f"{100 * least['coverage']['value']:.1f}",
            ]
        )
    return [
        "",
        "## What +coh says that it cannot tell",
        "",
        f"Its sets are made to hold {LEVEL:.0%} of annotations, on validation faces that training "
        "does not stop on. Coverage: mean over seeds with the standard deviation between them; "
        "beside it the lowest of the seeds' lower bounds (95 %, bootstrap over photographs). Size: "
        "of a group's set the classes in it, of an attribute's the answers, 1 or 2; single: sets "
        "with one answer, per cent; means over seeds. The worst group of enough faces is the "
        "lowest of any seed.",
        "",
        *table(
            ["data set", "faces", "coverage", "lower bound", "size", "single", "worst group"], rows
        ),
    ]


def _mean(metrics: Sequence[Mapping[str, float]], factor: float) -> str:
    return f"{factor * np.mean([of['value'] for of in metrics]):.{2 if factor == 1 else 0}f}"


def likelihoods(validation: pd.DataFrame, test: pd.DataFrame) -> tuple[float, float]:
    """NLL of a model's test faces as it is handed out, and with a temperature.

    One that is coherent has temperatures; of another one is fitted on the validation faces.
    """
    (p_val, y_val), (p, y) = _known(validation), _known(test)
    plain = cross_entropy(log_odds(p), y == 1, 1.0)
    if (test["readout"] == "coherent").all():
        return plain, plain
    return plain, cross_entropy(log_odds(p), y == 1, 1 / fit_temperature(p_val, y_val).value)


def _known(predictions: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Probabilities and labels of all that is known and has a probability."""
    ids = [name[2:] for name in map(str, predictions) if name.startswith("p_")]
    p = predictions[[f"p_{id_}" for id_ in ids]].to_numpy(dtype=np.float64)
    y = predictions[[f"y_{id_}" for id_ in ids]].to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(y) & ~np.isnan(p)
    return p[known], y[known].astype(np.int8)


def _by_seed(runs: PairedRuns, name: str, key: Key) -> str:
    return ", ".join(f"{100 * value:.1f}" for value in runs.by_seed(name, key))


if __name__ == "__main__":
    main()
