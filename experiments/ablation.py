"""Does each part of the method help on photographs? The ablation over seeds, paired by image.

Every seed trains the four variants by the project's own pipelines on one data set. Faces, splits,
crops, label maps and prior are the same for all seeds and made once; initial weights, order of
examples and augmentation are each seed's own. Differences on the test faces have 95 % intervals
over photographs and seeds (`faceinsight.evaluation.paired`). Whatever comes out is shown.

    python experiments/ablation.py --folder /tmp/ablation --raw FOLDER \\
        --detector-weights FILE --parser-weights FILE --out docs/ablation.md

A run that was stopped goes on where it was. With `--env=base`, without `--raw`, it runs on drawn
faces. What the result means is written by hand, into a file beside the page (for
docs/ablation.md, docs/ablation_analysis.md) that this script links and leaves alone.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path

import pandas as pd

from faceinsight.common.work import digest, write_beside
from faceinsight.data.parsing.settings import SegmentationSettings
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
from faceinsight.method.variants import LABELS
from faceinsight.training.settings import TrainingSettings
from page import difference_cells, interval, spread
from runner import Project, add_arguments, code_version

FIGURES: dict[str, Key] = {
    "mAP": MAP,
    "mean accuracy": MEAN_ACCURACY,
    "faces breaking a rule": FACES_BREAKING_RULES,
}
COMPARED = {name: FIGURES[name] for name in ("mAP", "mean accuracy")}
STEPS = [*pairwise(LABELS), ("org", "lgc")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--out", type=Path, help="a Markdown file for the result")
    args = parser.parse_args()
    project = Project.from_arguments(args)
    by_seed = [predictions(project, seed) for seed in range(1, args.seeds + 1)]
    runs_of = {variant: [of[variant] for of in by_seed] for variant in LABELS}
    vocabulary, rule_set = project.load("vocabulary", "rule_set")
    settings = EvaluationSettings(n_resamples=args.resamples)
    annotated = vocabulary.annotated_by(project.dataset)
    rule_set = among(rule_set, annotated)
    runs = PairedRuns(runs_of, vocabulary, settings, rule_set)
    page = render(runs, [*facts(project), binding(rule_set)], analysis_of(args.out))
    print(page)
    if args.out:
        args.out.write_text(page, encoding="utf-8")


def predictions(project: Project, seed: int) -> dict[str, pd.DataFrame]:
    """Test predictions of the four variants with one seed; trained where they are not kept yet."""
    key = digest(project.env, list(project.given), code_version())
    kept = {v: project.data.parent / f"{v}-{seed}-{key}.parquet" for v in LABELS}
    if not all(path.exists() for path in kept.values()):
        project.run("ablation", f"training.seed={seed}")
        for variant, path in kept.items():
            (table,) = project.load(f"{variant}.predictions")
            with write_beside(path) as beside:
                table.to_parquet(beside, index=False)
    return {variant: pd.read_parquet(path) for variant, path in kept.items()}


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


def facts(project: Project) -> list[str]:
    """On what, and how, the models were trained, as sentences."""
    names = (f"{project.dataset}.examples", "params:training", "params:segmentation")
    examples, given_training, given_segmentation = project.load(*names)
    training = TrainingSettings.model_validate(given_training)
    segmentation = SegmentationSettings.model_validate(given_segmentation)
    faces = examples["split"].value_counts()
    parts = ", ".join(f"{faces.get(part, 0):,} {part}" for part in ("train", "val", "test"))
    return [
        f"Environment `{project.env}`, data set {project.dataset}: {parts} faces, crops of "
        f"side {segmentation.size}; label maps: {segmentation.maps}.",
        f"Epochs: {training.epochs:g}; batch {training.batch_size}, AdamW at "
        f"{training.learning_rate:g}, {training.precision}, "
        f"validations an epoch: {training.evaluations_per_epoch:g}, of which the best is kept; on "
        f"{device_name(training.device)}. Code and configuration of commit {code_version()}.",
    ]


def device_name(device: str) -> str:
    """The machine's part that trains."""
    import torch

    on_gpu = device != "cpu" and torch.cuda.is_available()
    return torch.cuda.get_device_name() if on_gpu else f"CPU ({platform.machine()})"


def analysis_of(out: Path | None) -> str:
    """A line that leads to the analysis, which is written by hand."""
    if out is None:
        return "No analysis: the page is not kept."
    path = out.with_name(f"{out.stem}_analysis.md")
    if path.exists():
        return f"What it means: [the analysis]({path.name})."
    return f"There is no analysis yet; it goes into `{path.name}` beside this page."


def render(runs: PairedRuns, made: list[str], analysis: str) -> str:
    """The result as Markdown."""
    gains = runs.by_characteristic("org", "lgc")
    lines = [
        "# The ablation, over seeds",
        "",
        "Made by `experiments/ablation.py`, which writes it anew. " + analysis,
        "",
        *made,
        "",
        f"{runs.n_seeds} seeds a variant, each with its own initial weights, order of examples and "
        f"augmentation, on the same faces; {runs.n} test faces, {len(runs.characteristics)} "
        "characteristics. Per cent; mean over seeds, with the standard deviation between seeds.",
        "",
        f"| variant | {' | '.join(FIGURES)} |",
        "|---" * (1 + len(FIGURES)) + "|",
    ]
    for name, label in LABELS.items():
        cells = [spread(runs.by_seed(name, key)) for key in FIGURES.values()]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    lines += [
        "",
        f"Answers that say nothing score {100 * gains['prevalence'].mean():.1f} mAP.",
        "",
        "## Differences",
        "",
        "In points. First the interval over photographs and seeds (bootstrap in pairs), then "
        "Student's t over seeds, which takes the test faces as given; both 95 %. Of few seeds a "
        "bootstrap makes the first somewhat too narrow; the second pays for few seeds in full.",
        "",
        f"| step | {' | '.join(f'{name} | t over seeds' for name in COMPARED)} |",
        "|---" * (1 + 2 * len(COMPARED)) + "|",
    ]
    for before, after in STEPS:
        cells = []
        for key in COMPARED.values():
            cells += difference_cells(runs.difference(before, after, key))
        lines.append(f"| {step(before, after)} | {' | '.join(cells)} |")
    lines += [
        "",
        "mAP by seed (1, 2, 3, ...): "
        + "; ".join(f"{LABELS[v]} {levels(runs, v)}" for v in LABELS)
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
        "| step | gained | beyond luck | lost | beyond luck |",
        "|---|---|---|---|---|",
    ]
    for before, after in STEPS:
        lines.append(f"| {step(before, after)} | {' | '.join(counts(runs, before, after))} |")
    lines += [
        "",
        f"From {step('org', 'lgc')}, average precision, the largest gain first:",
        "",
        "| characteristic | present in | org | +lgc | difference |",
        "|---|---|---|---|---|",
    ]
    for row in gains.to_dict("records"):
        shares = [f"{100 * row[name]:.1f}" for name in ("prevalence", "before", "after")]
        change = interval(row["difference"], row["low"], row["high"])
        lines.append(f"| {row['id']} | {' | '.join(shares)} | {change} |")
    return "\n".join(lines) + "\n"


def counts(runs: PairedRuns, before: str, after: str) -> list[str]:
    """Characteristics that gained, of them beyond their interval; that lost, likewise."""
    table = runs.by_characteristic(before, after)
    # What is left of equal sums added up in another order is no change.
    gained, lost = table["difference"] > 1e-9, table["difference"] < -1e-9
    return [str(int(s.sum())) for s in (gained, table["low"] > 0, lost, table["high"] < 0)]


def levels(runs: PairedRuns, variant: str) -> str:
    return ", ".join(f"{100 * value:.2f}" for value in runs.by_seed(variant, MAP))


def step(before: str, after: str) -> str:
    return f"{LABELS[before]} to {LABELS[after]}"


def seeds(gap: Difference) -> str:
    return ", ".join(f"{100 * value:+.2f}" for value in gap.by_seed)


if __name__ == "__main__":
    main()
