"""What does a plain network reach on the same images in the same time?

In one run, for each seed: variant lgc is trained by the project's own training function; then, for
as long as that took, a ResNet-18 with one sigmoid a characteristic, and the same ResNet-18 with
ML-GCN's classifier over the same prior (Chen et al. 2019), from random weights, on the same crops,
with the same batches, augmentation, masking of unknown labels and choice of the best epoch. All
three are scored on the test part by the same evaluation. Being behind is a finding.

    python experiments/plain.py --folder /tmp/plain --raw FOLDER \\
        --detector-weights FILE --parser-weights FILE --out docs/plain_networks.md

A run that was stopped goes on with the seed that it was at. With `--env=base`, without `--raw`, it
runs on drawn faces. Time is that of the process on a CPU, and of the wall on a GPU.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import torch

from faceinsight import FaceInsight
from faceinsight.common.devices import find_device
from faceinsight.data.dataset import FaceDataset
from faceinsight.data.store import StoredCrops
from faceinsight.evaluation.paired import MAP, MEAN_ACCURACY, PairedRuns
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.inference.face import answer_columns
from faceinsight.inference.settings import PredictionSettings
from faceinsight.inference.split_scores import predict
from faceinsight.model.labels import consistent_labels, probabilities
from faceinsight.model.modeling import FaceInsightModel
from faceinsight.training.job import TrainingJob
from faceinsight.training.loop import train_in_process
from page import INTERVALS, difference_cells, spread, table, write
from plain_models import PlainNetwork, ml_gcn, one_sigmoid_each
from plain_training import logits_of, now, rates, train_for
from runner import Project, commits, job_of, keep, parser_of, photograph_options

OURS = "lgc"
RIVALS: dict[str, Callable[[TrainingJob], PlainNetwork]] = {
    "sigmoid": lambda job: one_sigmoid_each(len(job.vocabulary)),
    "graph": lambda job: ml_gcn(job.adjacency),
}
TITLES = {
    OURS: "FaceInsight, +lgc",
    "sigmoid": "ResNet-18, one sigmoid a characteristic",
    "graph": "ResNet-18, ML-GCN's classifier",
}


def main() -> None:
    parser = photograph_options(parser_of(__doc__))
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="of the plain networks")
    args = parser.parse_args()
    project = Project.of_one_dataset(args)

    def kept(seed: int) -> Path:
        def make(folder: Path) -> None:
            compare(job_of(project, OURS, seed), args.learning_rate, folder)

        return keep(project, "plain", seed, make, args.learning_rate)

    folders = [kept(seed) for seed in range(1, args.seeds + 1)]
    tables = {
        name: [pd.read_parquet(folder / f"{name}.parquet") for folder in folders] for name in TITLES
    }
    (vocabulary,) = project.load("vocabulary")
    runs = PairedRuns(tables, vocabulary, EvaluationSettings(n_resamples=args.resamples))
    of_seeds = [json.loads((folder / "facts.json").read_text("utf-8")) for folder in folders]
    made = (
        f"Environment `{args.env}`, data set {args.dataset}, on {of_seeds[0]['device']}",
        f"Code and configuration of {commits(folders)}.",
    )
    write(render(runs, of_seeds, made, args.learning_rate), args.out)


def compare(job: TrainingJob, learning_rate: float, out: Path, split: str = "test") -> None:
    """Train the three networks of one seed; leave their predictions and facts in `out`."""
    settings = job.training
    device = find_device(settings.device, "training.device")
    opened = {name: StoredCrops.open(folder) for name, folder in job.crops.items()}
    crops = {name: of for name, of in opened.items() if len(of)}

    def faces(part: str, maps: bool, augmented: bool = False) -> FaceDataset:
        augmentation = settings.augmentation if augmented else None
        return FaceDataset(crops, job.vocabulary, part, maps, augmentation)

    with TemporaryDirectory(dir=out.parent) as work:
        start = now(device)
        curve = train_in_process(job, Path(work), Path(work) / "model")
        seconds = now(device) - start
        batch = settings.eval_batch_size
        model = FaceInsight.from_pretrained(
            Path(work) / "model", device=device.type, batch_size=batch
        )
        scoring = PredictionSettings(split=split, batch_size=batch)
        predictions = predict(model, job.crops, scoring)
    ours = model.network
    predictions.to_parquet(out / f"{OURS}.parquet", index=False)
    facts: dict[str, Any] = {OURS: {"seconds": seconds, "epochs": float(curve["epoch"].max())}}
    facts["answer_weight"] = job.model.answer_weight
    networks: dict[str, torch.nn.Module] = {OURS: ours}
    given = settings.model_copy(update={"learning_rate": learning_rate})
    train_set, val_set = faces("train", maps=False, augmented=True), faces("val", maps=False)
    for name, make in RIVALS.items():
        torch.manual_seed(settings.seed)
        network = make(job)
        networks[name] = network
        done = train_for(seconds, network, train_set, val_set, job.vocabulary, given, device)
        facts[name] = {"seconds": done.seconds, "epochs": done.images / len(train_set)}
        logits = logits_of(network, faces(split, maps=False), settings.eval_batch_size, device)
        table = with_answers(predictions, ours, logits)
        table.to_parquet(out / f"{name}.parquet", index=False)
    data = {name: faces("train", name == OURS, augmented=True) for name in networks}
    speeds = rates(networks, data, settings, device)
    for name, of in networks.items():
        parameters = sum(p.numel() for p in of.parameters())
        facts[name] |= {"parameters": parameters, **speeds[name]}
    facts["device"] = (
        torch.cuda.get_device_name()
        if device.type == "cuda"
        else f"CPU ({platform.machine()}, threads: {torch.get_num_threads()})"
    )
    (out / "facts.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def with_answers(
    predictions: pd.DataFrame, ours: FaceInsightModel, logits: np.ndarray
) -> pd.DataFrame:
    """The same faces and labels with another network's answers, made consistent as ours are."""
    decoded = consistent_labels(ours, logits)
    answers = answer_columns(
        ours.vocabulary.ids, probabilities(ours, logits), decoded, energies=logits
    )
    return predictions.drop(columns=list(answers)).join(answers)


def render(
    runs: PairedRuns, facts: list[dict], made: tuple[str, str], learning_rate: float
) -> list[str]:
    """The result as lines of Markdown."""
    on, by = made
    spoken = facts[0]["answer_weight"]
    ratios = []
    for name in RIVALS:
        ratio = runs.by_seed(OURS, MAP).mean() / runs.by_seed(name, MAP).mean()
        cells = [TITLES[name], f"{ratio:.3f}"]
        for key in (MAP, MEAN_ACCURACY):
            cells += difference_cells(runs.difference(name, OURS, key))
        for fact in ("training", "scoring"):
            cells.append(f"{mean(facts, OURS, fact) / mean(facts, name, fact):.2f}")
        ratios.append(cells)
    return [
        "# Plain networks on the same images for the same time",
        "",
        f"{on}; {runs.n_seeds} seeds, {runs.n} test faces, {len(runs.characteristics)} "
        "characteristics. Made by `experiments/plain.py`: the plain networks are trained for as "
        "long as FaceInsight's training took, from random weights, with AdamW at "
        f"{learning_rate:g}; crops, batches, augmentation, masking of unknown labels and the "
        "choice of the best epoch are the same. They read photographs alone: that FaceInsight "
        "needs a label map of each face as well, which takes its own time to make, is not counted. "
        f"Their rate of learning was not searched for. {by}"
        + (
            f" FaceInsight also learns to answer in words (weight {spoken:g}), which its time of "
            "training counts and its rate of training leaves out."
            if spoken
            else ""
        ),
        "",
        "Per cent, mean over seeds, with the standard deviation between seeds. Seconds are the "
        "process's own on a CPU and the clock's on a GPU; a rate is that of the quickest of five "
        "rounds in which the networks take turns, mean over seeds.",
        "",
        *table(
            [
                *("network", "parameters", "seconds of training", "epochs seen", "mAP"),
                *("mean accuracy", "images/s, training", "images/s, scoring"),
            ],
            [
                [
                    title,
                    f"{mean(facts, name, 'parameters') / 1e6:.2f} M",
                    *(f"{mean(facts, name, fact):.1f}" for fact in ("seconds", "epochs")),
                    *(spread(runs.by_seed(name, key)) for key in (MAP, MEAN_ACCURACY)),
                    *(f"{mean(facts, name, fact):.0f}" for fact in ("training", "scoring")),
                ]
                for name, title in TITLES.items()
            ],
        ),
        "",
        "FaceInsight beside each: ratios are FaceInsight's metric over the plain network's; "
        f"differences in points. {INTERVALS}.",
        "",
        *table(
            [
                *("plain network", "ratio of mAP", "difference of mAP", "t over seeds"),
                *("difference of mean accuracy", "t over seeds"),
                *("ratio of images/s, training", "scoring"),
            ],
            ratios,
        ),
    ]


def mean(facts: list[dict], name: str, fact: str) -> float:
    return float(np.mean([of[name][fact] for of in facts]))


if __name__ == "__main__":
    main()
