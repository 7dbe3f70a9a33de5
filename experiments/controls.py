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
faces. Models do not learn to answer in words here; `--params` may say otherwise.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablation import facts
from faceinsight import FaceInsight
from faceinsight.common.work import digest, write_beside
from faceinsight.data.store import CropWriter, StoredCrops
from faceinsight.evaluation.paired import MAP, PairedRuns
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.inference.prediction import predict
from faceinsight.inference.settings import PredictionSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.variants import LABELS
from faceinsight.training.loop import TrainingJob, train
from jobs import job_of
from page import difference_cells, spread
from runner import Project, add_arguments, code_version

WHOLE, OTHER_MAPS, FEW_LABELS = "whole", "other_maps", "few_labels"
_SHARD = 1024
SCRIPT = "experiments/controls.py"


@dataclass(frozen=True)
class Arm:
    """A variant, trained on data of which one thing may be changed."""

    variant: str
    data: str

    @property
    def name(self) -> str:
        return f"{self.variant}-{self.data}"

    @property
    def title(self) -> str:
        told = {WHOLE: "", OTHER_MAPS: ", maps of other faces", FEW_LABELS: ", few labels"}
        return LABELS[self.variant] + told[self.data]


ORG, SEG = Arm("org", WHOLE), Arm("seg", WHOLE)
SEG_OTHER = Arm("seg", OTHER_MAPS)
SEG_FEW, CORR_FEW, LGC_FEW = (Arm(variant, FEW_LABELS) for variant in ("seg", "corr", "lgc"))
ARMS = (ORG, SEG, SEG_OTHER, SEG_FEW, CORR_FEW, LGC_FEW)
OF_MAPS = ((ORG, SEG), (ORG, SEG_OTHER), (SEG_OTHER, SEG))
OF_LABELS = ((SEG_FEW, CORR_FEW), (CORR_FEW, LGC_FEW), (SEG_FEW, LGC_FEW))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument(
        "--kept", type=share, default=0.05, help="of the labels of every second characteristic"
    )
    parser.add_argument("--out", type=Path, help="a Markdown file for the result")
    args = parser.parse_args()
    args.params = f"model.answer_weight=0,{args.params}"
    project = Project.from_arguments(args)
    # What is up to date is not done again.
    project.run("ingestion,segmentation,priors,rules")
    tables: dict[str, list[pd.DataFrame]] = {arm.name: [] for arm in ARMS}
    for seed in range(1, args.seeds + 1):
        for arm in ARMS:
            tables[arm.name].append(predictions(project, arm, seed, args.kept))
    (vocabulary,) = project.load("vocabulary")
    settings = EvaluationSettings(n_resamples=args.resamples)
    page = render(tables, vocabulary, settings, project.dataset, args.kept, facts(project))
    print(page)
    if args.out:
        args.out.write_text(page, encoding="utf-8")


def share(text: str) -> float:
    """A number above 0 and up to 1."""
    if not 0 < (value := float(text)) <= 1:
        raise argparse.ArgumentTypeError(f"is {text}, and must be above 0 and at most 1")
    return value


def predictions(project: Project, arm: Arm, seed: int, kept: float) -> pd.DataFrame:
    """Test predictions of one arm with one seed; trained where they are not kept yet."""
    key = digest(project.env, list(project.given), kept, code_version(SCRIPT))
    path = project.data.parent / f"{arm.name}-{seed}-{key}.parquet"
    if not path.exists():
        folder = project.data.parent / f"work-{key}"
        job = job_of(project, arm.variant, seed)
        job = replace(job, crops=changed(job, project.dataset, arm.data, seed, kept, folder))
        table = train_and_predict(job, folder, "test")
        with write_beside(path) as beside:
            table.to_parquet(beside, index=False)
    return pd.read_parquet(path)


def train_and_predict(job: TrainingJob, work: Path, split: str) -> pd.DataFrame:
    """Predictions of a trained job on the faces of its own crops."""
    model, _ = train(job, work)
    batch = job.training.eval_batch_size
    ours = FaceInsight.from_pretrained(model, device=job.training.device, batch_size=batch)
    return predict(ours, job.crops, PredictionSettings(split=split, batch_size=batch))


def changed(
    job: TrainingJob, dataset: str, data: str, seed: int, kept: float, folder: Path
) -> dict[str, Path]:
    """The job's crops, those of `dataset` changed as an arm asks for; written once a seed."""
    crops = dict(job.crops)
    if data != WHOLE:
        source = StoredCrops.open(crops[dataset])
        crops[dataset] = folder / f"{data}-{seed}"
        if not crops[dataset].exists():
            rng = np.random.default_rng(seed)
            examples, maps_of = source.examples, np.arange(len(source))
            if data == OTHER_MAPS:
                maps_of = other_rows(examples["split"].to_numpy(dtype=str), rng)
            else:
                examples = with_few_labels(examples, sparse(job.vocabulary, dataset), kept, rng)
            with write_beside(crops[dataset]) as beside:
                rewrite(source, examples, maps_of, beside, digest(data, seed, kept))
    return crops


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
    writer.finish(examples, places, {"digest": digest(header["digest"], change)})


def render(
    tables: dict[str, list[pd.DataFrame]],
    vocabulary: Vocabulary,
    settings: EvaluationSettings,
    dataset: str,
    kept: float,
    made: Sequence[str],
) -> str:
    """The result as Markdown."""
    few = set(sparse(vocabulary, dataset))
    rest = [id_ for id_ in vocabulary.annotated_by(dataset) if id_ not in few]
    everything = PairedRuns(tables, vocabulary, settings)
    of_few, of_rest = (
        PairedRuns(only(tables, vocabulary, ids), vocabulary, settings) for ids in (few, rest)
    )
    seg_few, seg_rest = (spread(runs.by_seed(SEG.name, MAP)) for runs in (of_few, of_rest))
    lines = [
        "# Controls of the ablation",
        "",
        "Made by `experiments/controls.py`; what it means stands in "
        "[the analysis](ablation_analysis.md). Models do not learn to answer in words here.",
        "",
        *made,
        "",
        f"{everything.n_seeds} seeds an arm, {everything.n} test faces; mAP in per cent, mean over "
        "seeds, with the standard deviation between seeds. Differences in points: first the "
        "interval over photographs and seeds (bootstrap in pairs), then Student's t over seeds, "
        "which takes the test faces as given; both 95 %. Of few seeds a bootstrap makes the first "
        "somewhat too narrow.",
        "",
        "## Label maps of other faces",
        "",
        "In every part, training, validation and test, each face has the label map of another face "
        "of that part: an encoder and its tokens, and nothing in them about this face.",
        "",
        *levels([(everything, "mAP")], [ORG, SEG_OTHER, SEG]),
        "",
        *steps([(everything, "mAP")], OF_MAPS),
        "",
        "## Few labels",
        "",
        f"{len(few)} of {len(few) + len(rest)} characteristics keep {100 * kept:g} % of their "
        "labels on the training faces: " + ", ".join(sorted(few)) + ". Validation and test faces "
        "keep all, and the prior is that of all labels.",
        "",
        *levels([(of_few, "mAP, few labels"), (of_rest, "mAP, all labels")], ARMS[3:]),
        "",
        *steps([(of_few, "few labels"), (of_rest, "all labels")], OF_LABELS),
        "",
        f"With all labels of all characteristics, `+seg` has {seg_few} and {seg_rest} mAP on the "
        "two halves.",
    ]
    return "\n".join(lines) + "\n"


def only(
    tables: dict[str, list[pd.DataFrame]], vocabulary: Vocabulary, ids: Sequence[str] | set[str]
) -> dict[str, list[pd.DataFrame]]:
    """Predictions of which only the labels of `ids` count."""
    hidden = [f"y_{id_}" for id_ in vocabulary.ids if id_ not in ids]

    def masked(table: pd.DataFrame) -> pd.DataFrame:
        table = table.copy()
        table[hidden] = pd.NA
        return table

    return {name: [masked(table) for table in of] for name, of in tables.items()}


def levels(columns: Sequence[tuple[PairedRuns, str]], arms: Sequence[Arm]) -> list[str]:
    """A table of each arm's mAP."""
    lines = [f"| variant | {' | '.join(title for _, title in columns)} |"]
    lines.append("|---" * (1 + len(columns)) + "|")
    for arm in arms:
        cells = [spread(runs.by_seed(arm.name, MAP)) for runs, _ in columns]
        lines.append(f"| {arm.title} | {' | '.join(cells)} |")
    return lines


def steps(columns: Sequence[tuple[PairedRuns, str]], pairs: Sequence[tuple[Arm, Arm]]) -> list[str]:
    """A table of differences between arms."""
    lines = [f"| step | {' | '.join(f'{title} | t over seeds' for _, title in columns)} |"]
    lines.append("|---" * (1 + 2 * len(columns)) + "|")
    for before, after in pairs:
        cells = []
        for runs, _ in columns:
            cells += difference_cells(runs.difference(before.name, after.name))
        lines.append(f"| {before.title} to {after.title} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
