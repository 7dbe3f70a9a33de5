"""The runner of all experiments: arms over seeds on the project's own pipelines, and what is kept.

An experiment varies one thing and leaves the rest alone. Its arms are trained with the same seeds
by the project's own training function, on faces, crops, rules and a prior that its pipelines have
made, and are scored on the same faces, so that differences are paired.

What a seed of an arm has given is kept under a digest of everything that decides it: parameters,
recipe numbers (`faceinsight.common.recipes`), the arm and the seed. A second start finds it, also
after a change of the code that raises no recipe; each result says which commit made it.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import pandas as pd
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import CatalogProtocol
from omegaconf import OmegaConf

from faceinsight import FaceInsight
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.settings import LexiconSettings
from faceinsight.common.recipes import RECIPES
from faceinsight.common.work import digest, write_beside
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.registry import DATA_SETS, DatasetSettings
from faceinsight.inference.settings import PredictionSettings
from faceinsight.inference.split_scores import predict
from faceinsight.method.variants import Variant
from faceinsight.model.settings import ModelSettings
from faceinsight.training.job import TrainingJob
from faceinsight.training.loop import train
from faceinsight.training.settings import TrainingSettings

ROOT = Path(__file__).parents[1]

DECIDING = (
    *("vocabulary", "rules", "drawing", "raw", "datasets", "audit", "segmentation", "prior"),
    *("variants", "model", "answers", "training"),
)
"""Parameters that decide what a trained model predicts."""

DECIDING_RECIPES = ("audit", "detection", "parsing", "crops", "training")
"""Kinds of work whose recipe numbers do."""


def at_least(least: int) -> Callable[[str], int]:
    """Converter of an argument that is a whole number from `least` on."""

    def number(text: str) -> int:
        if (value := int(text)) < least:
            raise argparse.ArgumentTypeError(f"is {value}, and {least} is the least")
        return value

    return number


def parser_of(doc: str, env: str = "small", seeds: int = 3) -> argparse.ArgumentParser:
    """Options that all experiments have: on what, how often, and where the page goes."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--seeds", type=at_least(1), default=seeds)
    parser.add_argument("--folder", type=Path, required=True, help="for what the runs make")
    parser.add_argument("--env", default=env)
    parser.add_argument("--raw", type=Path, help="data sets of your own, for --env=small or paper")
    parser.add_argument("--params", default="", help="further parameters, as for kedro run")
    parser.add_argument("--out", type=Path, help="a Markdown file for the result")
    return parser


def given_by(args: argparse.Namespace) -> tuple[list[str], list[str]]:
    """The raw folder, where one is named, and further parameters, each NAME=VALUE."""
    raw = [] if args.raw is None else [f"raw={args.raw.resolve()}"]
    return raw, [pair for pair in args.params.split(",") if pair]


def photograph_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Options of an experiment on one data set, usually of photographs."""
    parser.add_argument("--dataset", default="celeba", choices=DATA_SETS, help="the only one used")
    parser.add_argument("--detector-weights", type=Path, help="of pyfacer, a local file")
    parser.add_argument("--parser-weights", type=Path, help="of pyfacer, a local file")
    parser.add_argument("--epochs", type=float, help="of training; the environment's by default")
    parser.add_argument("--resamples", type=at_least(100), default=1000, help="of the bootstrap")
    return parser


def commit_of_code() -> str:
    """The commit of code and configuration; of changes that are not committed, their digest."""

    def git(*arguments: str) -> str:
        command = ["git", *arguments, "--", "src", "conf", "experiments"]
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout

    commit, changes = git("log", "-1", "--format=%h").strip(), git("diff", "HEAD")
    return f"{commit}+{digest(changes)}" if changes else commit


def open_catalog(env: str, given: dict[str, Any]) -> CatalogProtocol:
    """What runs in an environment have made, with parameters by name; it loads newest versions."""
    bootstrap_project(ROOT)
    session = KedroSession.create(ROOT, env=env, runtime_params=given)
    with session:
        return session.load_context().catalog


@dataclass(frozen=True)
class Project:
    """The pipelines with one environment, one data folder and the parameters that all runs share.

    Attributes:
        env: Kedro environment.
        data: folder of everything that runs make; results are kept beside it.
        given: parameters but `data`, each as `--params` takes it, NAME=VALUE.
    """

    env: str
    data: Path
    given: tuple[str, ...]

    @classmethod
    def of_one_dataset(cls, args: argparse.Namespace) -> Project:
        """What `photograph_options` asked for; the seed of the splits is the environment's."""
        given = [f"datasets.{name}.use=false" for name in DATA_SETS if name != args.dataset]
        for name in ("raw", "detector_weights", "parser_weights"):
            if (path := getattr(args, name)) is not None:
                given.append(f"{name}={path.resolve()}")
        if args.epochs is not None:
            given.append(f"training.epochs={args.epochs:g}")
        given += [pair for pair in args.params.split(",") if pair]
        return cls(args.env, args.folder.resolve() / "data", tuple(given))

    @classmethod
    def of_seed(cls, args: argparse.Namespace, seed: int, name: str, *given: str) -> Project:
        """One that draws, or splits, the data sets anew for every seed."""
        raw, more = given_by(args)
        params = (f"seed={seed}", *raw, *given, *more)
        return cls(args.env, args.folder.resolve() / f"{name}-{seed}", params)

    @property
    def folder(self) -> Path:
        """Where results are kept."""
        return self.data.parent

    def run(self, pipeline: str) -> None:
        """`kedro run` of some pipelines."""
        params = ",".join((f"data={self.data}", *self.given))
        command = [sys.executable, "-m", "kedro", "run", f"--env={self.env}"]
        command += [f"--params={params}", f"--pipelines={pipeline}"]
        subprocess.run(command, cwd=ROOT, check=True)

    def load(self, *names: str) -> list[Any]:
        """Newest versions of artifacts; `params:NAME` gives a parameter."""
        pairs = OmegaConf.from_dotlist([f"data={self.data}", *self.given])
        # Pairs NAME=VALUE make nothing but a mapping of names.
        given = cast("dict[str, Any]", OmegaConf.to_container(pairs))
        catalog = open_catalog(self.env, given)
        return [catalog.load(name) for name in names]


@cache
def prepare(project: Project) -> None:
    """Everything that all arms share; what is up to date is not done again."""
    project.run("ingestion,segmentation,priors,rules")


@cache
def deciding(project: Project) -> str:
    """Digest of the parameters and recipe numbers that decide what a trained model predicts."""
    (parameters,) = project.load("parameters")
    recipes = {kind: RECIPES[kind] for kind in DECIDING_RECIPES}
    chosen = {name: parameters[name] for name in DECIDING if name in parameters}
    return digest(json.loads(json.dumps(chosen, default=_plain)), recipes)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else str(value)


@dataclass(frozen=True)
class Arm:
    """One side of a comparison.

    Attributes:
        name: of its files.
        variant: that is trained.
        title: in tables.
        change: makes another job of the variant's, for a seed, in a work folder; None changes
            nothing.
        decides: what the change depends on, in plain values.
    """

    name: str
    variant: str
    title: str
    change: Callable[[TrainingJob, int, Path], TrainingJob] | None = None
    decides: tuple[Any, ...] = ()


class Runs(NamedTuple):
    """Predictions of all arms: each one's tables, one a seed; and the commits that made them."""

    tables: dict[str, list[pd.DataFrame]]
    commit: str


def run_arms(project: Project, arms: Sequence[Arm], seeds: int, split: str = "test") -> Runs:
    """Train and score every arm with the seeds 1, 2, ..., where that is not kept yet."""
    kept = {
        (arm.name, seed): run_arm(project, arm, seed, (split,))
        for seed in range(1, seeds + 1)
        for arm in arms
    }
    tables = {
        arm.name: [
            pd.read_parquet(kept[arm.name, seed] / f"{split}.parquet")
            for seed in range(1, seeds + 1)
        ]
        for arm in arms
    }
    return Runs(tables, commits(kept.values()))


def run_arm(project: Project, arm: Arm, seed: int, splits: Sequence[str] = ("test",)) -> Path:
    """The folder of one arm's predictions with one seed, `<split>.parquet`."""

    def make(folder: Path) -> None:
        job = job_of(project, arm.variant, seed)
        if arm.change is not None:
            job = arm.change(job, seed, project.folder / "changed")
        model, _ = train(job, project.folder / "work")
        for split in splits:
            score(model, job, split).to_parquet(folder / f"{split}.parquet", index=False)

    return keep(project, arm.name, seed, make, arm.variant, list(arm.decides), list(splits))


def keep(
    project: Project, name: str, seed: int, make: Callable[[Path], None], *decides: Any
) -> Path:
    """The folder that `make` has filled, now or in an earlier start; whole or absent.

    Args:
        project: with what it is made.
        name: of the folder, beside seed and digest.
        seed: of training.
        make: fills a folder.
        decides: whatever else decides the result, in plain values.
    """
    folder = project.folder / f"{name}-{seed}-{digest(project.env, deciding(project), *decides)}"
    if not folder.exists():
        prepare(project)
        with write_beside(folder) as beside:
            beside.mkdir()
            make(beside)
            (beside / "made.json").write_text(json.dumps({"commit": commit_of_code()}))
    return folder


def commits(folders: Iterable[Path]) -> str:
    """The commits of code and configuration that have made these results, for a page."""
    texts = [(folder / "made.json").read_text(encoding="utf-8") for folder in folders]
    found = dict.fromkeys(json.loads(text)["commit"] for text in texts)
    return f"commit{'s' * (len(found) > 1)} {', '.join(found)}"


def job_of(project: Project, variant: str, seed: int) -> TrainingJob:
    """What the node `train_model` would train with this seed, in one process."""
    vocabulary, rule_set, prior, features = project.load(
        "vocabulary", "rule_set", "prior", "text_features"
    )
    names = ("model", "training", "answers", "variants", "datasets")
    model, training, answers, variants, datasets = project.load(*(f"params:{n}" for n in names))
    crops = project.load(*(f"{name}.crops" for name in DATA_SETS))
    settings = TrainingSettings.model_validate(training)
    lexicon = Lexicon.from_config(LexiconSettings.model_validate(answers), vocabulary)
    return TrainingJob(
        variant=Variant.model_validate(variants[variant]),
        model=ModelSettings.model_validate(model),
        training=settings.model_copy(update={"seed": seed, "processes": 1}),
        vocabulary=vocabulary,
        rule_set=rule_set,
        adjacency=prior["adjacency"],
        text_features=features["features"] if features["features"].size else None,
        crops=dict(zip(DATA_SETS, crops, strict=True)),
        weights={n: DatasetSettings.model_validate(s).weight for n, s in datasets.items()},
        lexicon=lexicon if lexicon.entries else None,
    )


def score(model: Path, job: TrainingJob, split: str) -> pd.DataFrame:
    """Predictions of a job's model on the faces of the job's own crops."""
    batch = job.training.eval_batch_size
    ours = FaceInsight.from_pretrained(model, device=job.training.device, batch_size=batch)
    return predict(ours, job.crops, PredictionSettings(split=split, batch_size=batch))


def facts(project: Project, dataset: str, commit: str) -> list[str]:
    """On what, and how, the models of one data set were trained, as sentences."""
    examples, given_training, given_segmentation = project.load(
        f"{dataset}.examples", "params:training", "params:segmentation"
    )
    training = TrainingSettings.model_validate(given_training)
    segmentation = SegmentationSettings.model_validate(given_segmentation)
    faces = examples["split"].value_counts()
    parts = ", ".join(f"{faces.get(part, 0):,} {part}" for part in ("train", "val", "test"))
    return [
        f"Environment `{project.env}`, data set {dataset}: {parts} faces, crops of "
        f"side {segmentation.size}; label maps: {segmentation.maps}.",
        f"Epochs: {training.epochs:g}; batch {training.batch_size}, AdamW at "
        f"{training.learning_rate:g}, {training.precision}, "
        f"validations an epoch: {training.evaluations_per_epoch:g}, of which the best is kept; on "
        f"{device_name(training.device)}. Code and configuration of {commit}.",
    ]


def device_name(device: str) -> str:
    """The machine's part that trains."""
    import torch

    on_gpu = device != "cpu" and torch.cuda.is_available()
    return torch.cuda.get_device_name() if on_gpu else f"CPU ({platform.machine()})"
