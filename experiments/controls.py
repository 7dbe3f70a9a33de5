"""What in the ablation is the parts' doing? Training with one thing of the data changed.

- Do label maps help by what they show, or by the encoder and the tokens that come with them? In
  every part each face gets the map of another one: nothing else is taken from `+seg`.
- Do prior and rules help where labels are few? Every second characteristic keeps its labels on few
  of the training faces, drawn by chance; validation and test faces keep all of theirs. The prior is
  that of all labels, the best a prior could be.

Faces, splits and crops are the same for all seeds; what is changed, initial weights, order of
examples and augmentation are each seed's own.

    python experiments/controls.py --folder /tmp/controls --raw FOLDER \\
        --detector-weights FILE --parser-weights FILE --out docs/ablation_controls.md

A run that was stopped goes on where it was. With `--env=base`, without `--raw`, it runs on drawn
faces.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.common.work import digest, write_beside
from faceinsight.data.store import CropWriter, StoredCrops
from faceinsight.evaluation.paired import MAP, PairedRuns
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.variants import LABELS
from faceinsight.training.job import TrainingJob
from page import INTERVALS, difference_cells, spread, table, write
from runner import Arm, Project, facts, parser_of, photograph_options, run_arms

OTHER_MAPS, FEW_LABELS = "other_maps", "few_labels"
_SHARD = 1024


def main() -> None:
    parser = photograph_options(parser_of(__doc__))
    parser.add_argument(
        "--kept", type=share, default=0.05, help="of the labels of every second characteristic"
    )
    args = parser.parse_args()
    project = Project.of_one_dataset(args)
    of_maps, of_labels = arms(args.dataset, args.kept)
    tables, commit = run_arms(project, [*of_maps, *of_labels], args.seeds)
    (vocabulary,) = project.load("vocabulary")
    settings = EvaluationSettings(n_resamples=args.resamples)
    made = facts(project, args.dataset, commit)
    write(render(tables, vocabulary, settings, args.dataset, args.kept, made), args.out)


def share(text: str) -> float:
    """A number above 0 and up to 1."""
    if not 0 < (value := float(text)) <= 1:
        raise argparse.ArgumentTypeError(f"is {text}, and must be above 0 and at most 1")
    return value


def arms(dataset: str, kept: float) -> tuple[list[Arm], list[Arm]]:
    """Of the maps: none, those of other faces, one's own; of the labels: +seg, +corr, +lgc."""
    other = partial(changed, dataset=dataset, data=OTHER_MAPS, kept=kept)
    few = partial(changed, dataset=dataset, data=FEW_LABELS, kept=kept)
    of_maps = [
        Arm("org", "org", LABELS["org"]),
        Arm("seg-other-maps", "seg", "+seg, maps of other faces", other, (OTHER_MAPS,)),
        Arm("seg", "seg", LABELS["seg"]),
    ]
    of_labels = [
        Arm(f"{name}-few-labels", name, f"{LABELS[name]}, few labels", few, (FEW_LABELS, kept))
        for name in ("seg", "corr", "lgc")
    ]
    return of_maps, of_labels


def changed(
    job: TrainingJob, seed: int, folder: Path, *, dataset: str, data: str, kept: float
) -> TrainingJob:
    """The job with its crops of `dataset` changed; they are written once a seed."""
    source = StoredCrops.open(job.crops[dataset])
    change = digest(source.header["digest"], data, seed, kept)
    place = folder / f"{data}-{seed}-{change}"
    if not place.exists():
        rng = np.random.default_rng(seed)
        examples, maps_of = source.examples, np.arange(len(source))
        if data == OTHER_MAPS:
            maps_of = other_rows(examples["split"].to_numpy(dtype=str), rng)
        else:
            examples = with_few_labels(examples, sparse(job.vocabulary, dataset), kept, rng)
        with write_beside(place) as beside:
            rewrite(source, examples, maps_of, beside, change)
    return replace(job, crops={**job.crops, dataset: place})


def other_rows(split: NDArray[np.str_], rng: np.random.Generator) -> NDArray[np.int64]:
    """For each row another one of the same split, each once: int64 [N].

    The only row of a split is its own.
    """
    other = np.arange(len(split))
    for part in np.unique(split):
        cycle = rng.permutation(np.flatnonzero(split == part))
        other[cycle] = np.roll(cycle, 1)
    return other


def sparse(vocabulary: Vocabulary, dataset: str) -> tuple[str, ...]:
    """Every second annotated characteristic, but of such as are each other's complement none."""
    pairs = vocabulary.complements(dataset)
    paired = {*pairs, *pairs.values()}
    return tuple(id_ for id_ in vocabulary.annotated_by(dataset) if id_ not in paired)[::2]


def with_few_labels(
    examples: pd.DataFrame, ids: Sequence[str], kept: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Examples of which each training face keeps each label of `ids` with probability `kept`."""
    trained = examples["split"].to_numpy(dtype=str) == "train"
    few = examples.copy()
    for id_ in ids:
        few[id_] = few[id_].mask(trained & (rng.random(len(examples)) >= kept))
    return few


def rewrite(
    source: StoredCrops,
    examples: pd.DataFrame,
    maps_of: NDArray[np.int64],
    folder: Path,
    change: str,
) -> None:
    """Write crops with other examples, and with the label maps of the rows `maps_of` ([N])."""
    header = source.header
    writer = CropWriter(
        folder,
        dataset=source.dataset,
        size=source.size,
        raw=Path(header["raw"]),
        margin=header["margin"],
        max_pixels=header["max_pixels"],
        photographs=header["photographs"],
        maps=header["maps"],
    )
    rows = np.arange(len(source))
    for start in range(0, len(rows), _SHARD):
        at = rows[start : start + _SHARD]
        arrays = {"maps": source.maps(maps_of[at])}
        if header["photographs"]:
            arrays["photographs"] = source.photographs(at)
        writer.add(arrays)
    places = np.stack([rows // _SHARD, rows % _SHARD], axis=1)
    writer.finish(examples, places, {"digest": change})


def render(
    tables: dict[str, list[pd.DataFrame]],
    vocabulary: Vocabulary,
    settings: EvaluationSettings,
    dataset: str,
    kept: float,
    made: Sequence[str],
) -> list[str]:
    """The result as lines of Markdown."""
    of_maps, of_labels = arms(dataset, kept)
    few = set(sparse(vocabulary, dataset))
    rest = [id_ for id_ in vocabulary.annotated_by(dataset) if id_ not in few]
    everything = PairedRuns(tables, vocabulary, settings)
    of_few, of_rest = (
        PairedRuns(only(tables, vocabulary, ids), vocabulary, settings) for ids in (few, rest)
    )
    org, other, seg = of_maps
    seg_few, corr_few, lgc_few = of_labels
    both = [(of_few, "few labels"), (of_rest, "all labels")]
    whole_few, whole_rest = (spread(runs.by_seed(seg.name, MAP)) for runs, _ in both)
    return [
        "# Controls of the ablation",
        "",
        "Made by `experiments/controls.py`; what it means stands in "
        "[the analysis](ablation_analysis.md).",
        "",
        *made,
        "",
        f"{everything.n_seeds} seeds an arm, {everything.n} test faces; mAP in per cent, mean over "
        f"seeds, with the standard deviation between seeds. Differences in points. {INTERVALS}.",
        "",
        "## Label maps of other faces",
        "",
        "In every part, training, validation and test, each face has the label map of another face "
        "of that part: an encoder and its tokens, and nothing in them about this face.",
        "",
        *levels([(everything, "mAP")], of_maps),
        "",
        *steps([(everything, "mAP")], [(org, seg), (org, other), (other, seg)]),
        "",
        "## Few labels",
        "",
        f"{len(few)} of {len(few) + len(rest)} characteristics keep {100 * kept:g} % of their "
        "labels on the training faces: " + ", ".join(sorted(few)) + ". Validation and test faces "
        "keep all, and the prior is that of all labels.",
        "",
        *levels([(runs, f"mAP, {title}") for runs, title in both], of_labels),
        "",
        *steps(both, [(seg_few, corr_few), (corr_few, lgc_few), (seg_few, lgc_few)]),
        "",
        f"With all labels of all characteristics, `+seg` has {whole_few} and {whole_rest} mAP on "
        "the two halves.",
    ]


def only(
    tables: dict[str, list[pd.DataFrame]], vocabulary: Vocabulary, ids: Sequence[str] | set[str]
) -> dict[str, list[pd.DataFrame]]:
    """Predictions of which only the labels of `ids` count."""
    hidden = [f"y_{id_}" for id_ in vocabulary.ids if id_ not in ids]

    def masked(of: pd.DataFrame) -> pd.DataFrame:
        of = of.copy()
        of[hidden] = pd.NA
        return of

    return {name: [masked(of) for of in some] for name, some in tables.items()}


def levels(columns: Sequence[tuple[PairedRuns, str]], some: Sequence[Arm]) -> list[str]:
    """A table of each arm's mAP."""
    rows = [[a.title, *(spread(runs.by_seed(a.name, MAP)) for runs, _ in columns)] for a in some]
    return table(["variant", *(title for _, title in columns)], rows)


def steps(columns: Sequence[tuple[PairedRuns, str]], pairs: Sequence[tuple[Arm, Arm]]) -> list[str]:
    """A table of differences between arms."""
    rows = []
    for before, after in pairs:
        gaps = (runs.difference(before.name, after.name) for runs, _ in columns)
        cells = [cell for gap in gaps for cell in difference_cells(gap)]
        rows.append([f"{before.title} to {after.title}", *cells])
    titles = [cell for _, title in columns for cell in (title, "t over seeds")]
    return table(["step", *titles], rows)


if __name__ == "__main__":
    main()
