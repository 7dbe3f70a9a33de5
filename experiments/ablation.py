"""Does each part of the method help on photographs? The ablation over seeds, paired by image.

Every seed trains the four variants on one data set. Faces, splits, crops, label maps and prior are
the same for all seeds and made once; initial weights, order of examples and augmentation are each
seed's own. Differences on the test faces have 95 % intervals over photographs and seeds
(`faceinsight.evaluation.paired`). Whatever comes out is shown.

    python experiments/ablation.py --folder /tmp/ablation --raw FOLDER \\
        --detector-weights FILE --parser-weights FILE --out docs/ablation.md

A run that was stopped goes on where it was. With `--env=base`, without `--raw`, it runs on drawn
faces. What the result means is written by hand, into a file beside the page (for
docs/ablation.md, docs/ablation_analysis.md) that this script links and leaves alone.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from pathlib import Path

from faceinsight.evaluation.metrics import Key
from faceinsight.evaluation.paired import (
    FACES_BREAKING_RULES,
    MAP,
    MEAN_ACCURACY,
    Difference,
    PairedRuns,
)
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.method.variants import PAPER
from page import INTERVALS, difference_cells, interval, spread, table, write
from runner import Arm, Project, facts, parser_of, photograph_options, run_arms

METRICS: dict[str, Key] = {
    "mAP": MAP,
    "mean accuracy": MEAN_ACCURACY,
    "faces breaking a rule": FACES_BREAKING_RULES,
}
COMPARED = {name: METRICS[name] for name in ("mAP", "mean accuracy")}
FOUR = {variant.name: variant.label for variant in PAPER}
STEPS = [*pairwise(FOUR), ("org", "lgc")]


def main() -> None:
    args = photograph_options(parser_of(__doc__)).parse_args()
    project = Project.of_one_dataset(args)
    arms = [Arm(name, name, label) for name, label in FOUR.items()]
    tables, commit = run_arms(project, arms, args.seeds)
    vocabulary, rule_set = project.load("vocabulary", "rule_set")
    rule_set = among(rule_set, vocabulary.annotated_by(args.dataset))
    settings = EvaluationSettings(n_resamples=args.resamples)
    runs = PairedRuns(tables, vocabulary, settings, rule_set)
    made = [*facts(project, args.dataset, commit), binding(rule_set)]
    write(render(runs, made, analysis_of(args.out)), args.out)


def among(rule_set: RuleSet, ids: Collection[str]) -> RuleSet:
    """The rules that speak of `ids` alone.

    What a data set does not annotate is never taught by its labels: to count its rules would show
    what no part but the loss of the rules ever touches.
    """
    known = {column for column, id_ in enumerate(rule_set.ids) if id_ in set(ids)}
    kept = [r for r in rule_set.rules if known.issuperset(r.columns)]
    return RuleSet(rule_set.ids, [(r.text, r.reason, r.kind) for r in kept])


def binding(rule_set: RuleSet) -> str:
    return (
        "Faces breaking a rule: by the most probable answers, before decoding, and by the "
        f"{len(rule_set)} rules that speak of annotated characteristics alone."
    )


def analysis_of(out: Path | None) -> str:
    """A line that leads to the analysis, which is written by hand."""
    if out is None:
        return "No analysis: the page is not kept."
    path = out.with_name(f"{out.stem}_analysis.md")
    if path.exists():
        return f"What it means: [the analysis]({path.name})."
    return f"There is no analysis yet; it goes into `{path.name}` beside this page."


def render(runs: PairedRuns, made: list[str], analysis: str) -> list[str]:
    """The result as lines of Markdown."""
    gains = runs.by_characteristic("org", "lgc")
    return [
        "# The ablation, over seeds",
        "",
        f"Made by `experiments/ablation.py`, which writes it anew. {analysis}",
        "",
        *made,
        "",
        f"{runs.n_seeds} seeds a variant, each with its own initial weights, order of examples and "
        f"augmentation, on the same faces; {runs.n} test faces, {len(runs.characteristics)} "
        "characteristics. Per cent; mean over seeds, with the standard deviation between seeds.",
        "",
        *table(
            ["variant", *METRICS],
            [
                [label, *(spread(runs.by_seed(name, key)) for key in METRICS.values())]
                for name, label in FOUR.items()
            ],
        ),
        "",
        f"Answers that say nothing score {100 * gains['prevalence'].mean():.1f} mAP.",
        "",
        "## Differences",
        "",
        f"In points. {INTERVALS}; the second pays for few seeds in full.",
        "",
        *table(
            ["step", *(cell for name in COMPARED for cell in (name, "t over seeds"))],
            [
                [
                    step(*pair),
                    *(
                        cell
                        for key in COMPARED.values()
                        for cell in difference_cells(runs.difference(*pair, key))
                    ),
                ]
                for pair in STEPS
            ],
        ),
        "",
        "mAP by seed (1, 2, 3, ...): "
        + "; ".join(f"{FOUR[v]} {levels(runs, v)}" for v in FOUR)
        + ". Differences: "
        + "; ".join(f"{step(*s)} {seeds(runs.difference(*s))}" for s in STEPS)
        + ".",
        "",
        "## By characteristic",
        "",
        "How many of the characteristics gained or lost average precision (mean over seeds), and "
        "how many of these by more than their interval allows for luck. Of intervals that hold the "
        f"truth 95 times in 100, about {0.05 * len(gains):.0f} of {len(gains)} leave out nil by "
        "luck alone.",
        "",
        *table(
            ["step", "gained", "beyond luck", "lost", "beyond luck"],
            [[step(*pair), *counts(runs, *pair)] for pair in STEPS],
        ),
        "",
        f"From {step('org', 'lgc')}, average precision, the largest gain first:",
        "",
        *table(
            ["characteristic", "present in", "org", "+lgc", "difference"],
            [
                [
                    row["id"],
                    *(f"{100 * row[name]:.1f}" for name in ("prevalence", "before", "after")),
                    interval(row["difference"], row["low"], row["high"]),
                ]
                for row in gains.to_dict("records")
            ],
        ),
    ]


def counts(runs: PairedRuns, before: str, after: str) -> list[str]:
    """Characteristics that gained, of them beyond their interval; that lost, likewise."""
    gains = runs.by_characteristic(before, after)
    # What is left of equal sums added up in another order is no change.
    gained, lost = gains["difference"] > 1e-9, gains["difference"] < -1e-9
    return [str(int(s.sum())) for s in (gained, gains["low"] > 0, lost, gains["high"] < 0)]


def levels(runs: PairedRuns, variant: str) -> str:
    return ", ".join(f"{100 * value:.2f}" for value in runs.by_seed(variant, MAP))


def step(before: str, after: str) -> str:
    return f"{FOUR[before]} to {FOUR[after]}"


def seeds(gap: Difference) -> str:
    return ", ".join(f"{100 * value:+.2f}" for value in gap.by_seed)


if __name__ == "__main__":
    main()
