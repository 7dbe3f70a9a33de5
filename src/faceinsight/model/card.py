"""The model card of a trained model, in the Hugging Face hub's form: metadata, then Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from faceinsight.model.configuration import FaceInsightConfig
from faceinsight.model.pretrained import HUB_NAME

PARTS = {
    "image_encoder": "image encoder",
    "segmentation_encoder": "segmentation encoder",
    "text_encoder": "text encoder",
    "language_model": "language model",
}
FIGURES = {"accuracy": "accuracy", "precision": "precision", "recall": "recall", "f1": "F1"}
"""Figures of a task in the evaluation's metrics, and how the card calls them."""

_USE = """\
## Use

```python
from faceinsight import FaceInsight

model = FaceInsight.from_pretrained(".")  # this folder, or its name on the hub
for face in model.analyze("photo.jpg"):
    print(face.bbox, face.labels, face.probabilities)
```

The network by itself takes crops of faces, `photographs`, uint8 RGB, [B, {size}, {size}, 3]{maps},
and gives log-odds of {k} characteristics. Their ids are in `config.json`, their meaning in
`vocabulary.json`; `rules.json` holds the rules by which labels are made consistent.

`AutoModel` and `AutoImageProcessor` read network and geometry once
`from faceinsight.model import FaceInsightModel` has made them known, or with
`trust_remote_code=True`: the code here is one line a class, which takes it from the installed
package `faceinsight`."""

_INTENDED = """\
## Intended use

Research on face perception: estimating what annotators would write about a photograph of a face,
on photographs of people who have agreed to it.

## What it must not be used for

The labels are annotations of the data sets: what some annotators, or programs, wrote about a
picture. They are **not facts about a person**. Gender and race in particular are coarse categories
that others assigned by appearance; a model trained on them repeats those assignments and their
errors.

Do not use it to identify people, for surveillance, to decide about anybody (employment, credit,
insurance, housing, education, policing, migration, access to anything), to infer anybody's origin,
religion, health, sexuality or character, or on photographs of people who have not agreed to it.
Accuracy differs between groups."""

_LICENCE = """\
## Licence

Apache-2.0 is the licence of the code and of what this repository adds. The checkpoints named above
and the data sets keep their own terms, and they bind who uses the model: most of the data sets
allow non-commercial research only, and a model trained on them is for that alone."""


def model_card(
    config: FaceInsightConfig,
    provenance: Mapping[str, Any],
    test: Mapping[str, Any] | None = None,
    noisy_labels: Mapping[str, str] | None = None,
    *,
    more: Sequence[str] = (),
    licence: str | None = None,
) -> str:
    """Write a model card.

    Args:
        config: the model's.
        provenance: what training writes into `provenance.json`. Its `validation` has the accuracy
            by "<data set>/<task>", and their mean as "accuracy", on the validation split; empty
            where there was none.
        test: the model's metrics on the test split, as evaluation keeps them; None leaves them out.
        noisy_labels: characteristics whose annotation is known to be noisy, with the reason.
        more: further sections, in Markdown.
        licence: the section on it, where it is not Apache-2.0.

    Returns:
        The text of `README.md`.
    """
    training = provenance["training"]
    validation = training["validation"]
    label = config.label
    tasks = {name: value for name, value in validation.items() if "/" in name}
    drawn = bool(training.get("drawn"))
    results = [*_validation_results(tasks, drawn), *_test_results(test, drawn)]
    bases = dict.fromkeys(name for _, name, _ in _bases(config) if HUB_NAME.fullmatch(name))
    data = ModelCardData(
        language="en",
        license="apache-2.0" if licence is None else "other",
        library_name="faceinsight",
        pipeline_tag="image-classification",
        base_model=list(bases) or None,
        datasets=None if drawn else list(training["faces"]),
        metrics=sorted({str(result.metric_type) for result in results}) or None,
        tags=["face-perception", "facial-attributes", "multimodal", "llava"],
        model_name=f"FaceInsight {label}" if results else None,
        eval_results=results or None,
    )
    sections = [
        f"# FaceInsight {label}",
        _introduction(config, training),
        _what_is_inside(config),
        _USE.format(
            k=len(config.characteristics),
            size=config.image_size,
            maps=" (and `maps`, uint8 label maps of that size)" if config.segmentation else "",
        ),
        _INTENDED,
        _training(config, provenance),
        _noisy(config, noisy_labels or {}),
        _validation(validation, tasks),
        _test(test),
        _coverage((test or {}).get("coverage")),
        *more,
        licence or _LICENCE,
    ]
    return f"---\n{data.to_yaml()}\n---\n\n" + "\n\n".join(filter(None, sections)) + "\n"


def _introduction(config: FaceInsightConfig, training: Mapping[str, Any]) -> str:
    text = (
        f"A multimodal language model for face perception: one photograph of a face in, a "
        f"probability for each of {len(config.characteristics)} characteristics out. It reads the "
        f"photograph{' and its segmentation map' if config.segmentation else ''}; "
        + (
            "its text features are refined by a graph network over a correlation prior"
            if config.correlation
            else "its text features are used as they are"
        )
        + ("; logical rules were part of its loss" if config.logic else "")
        + (
            "; it learnt a distribution over labels that break no rule"
            if config.loss == "coherent"
            else ""
        )
        + (
            ", and its probabilities and labels are read from that: classes of a group add up to "
            "one, and nothing handed out contradicts itself."
            if config.readout == "coherent"
            else "."
        )
    )
    if training.get("drawn"):
        text += (
            "\n\nIt was trained on **drawn faces** in the layouts of the data sets named below: it "
            "shows that the machinery works, and knows nothing about photographs of people."
        )
    return text


def _bases(config: FaceInsightConfig) -> list[tuple[str, str, str | None]]:
    """Part, checkpoint and revision of all that came from a checkpoint."""
    parts = {part: getattr(config, part) for part in PARTS}
    return [
        (part, settings["pretrained"], settings["revision"])
        for part, settings in parts.items()
        if settings and settings["pretrained"] is not None
    ]


def _what_is_inside(config: FaceInsightConfig) -> str:
    rows = []
    for part, name, revision in _bases(config):
        if part == "text_encoder":
            state = "frozen; its features of the phrases are in this repository"
        elif part in config.frozen:
            state = "frozen, and read from there"
        else:
            state = "trained, and in this repository"
        rows.append((PARTS[part], f"`{name}`", revision or "", state))
    text = "## What is inside\n\n"
    if not rows:
        return text + "All of the model: nothing in it comes from another checkpoint."
    text += _table(("part", "checkpoint", "revision", "state"), rows)
    text += "\n\nAdapters and graph network were trained, and are in this repository in float32."
    if config.image_adapter.get("pretrained"):
        text += (
            f" The image adapter started from the projector of "
            f"`{config.image_adapter['pretrained']}`."
        )
    if config.lora is not None:
        text += (
            f" So are the matrices of LoRA of rank {config.lora['rank']} on the language model, in "
            "`lora/`, as peft saves them."
        )
    return text


def _training(config: FaceInsightConfig, provenance: Mapping[str, Any]) -> str:
    training, packages = provenance["training"], provenance["packages"]
    settings = training["settings"]
    batch = settings["batch_size"] * settings["gradient_accumulation_steps"]
    rows = [
        ("data sets", ", ".join(f"{name} ({n})" for name, n in training["faces"].items())),
        ("updates", training["steps"]),
        ("epochs", training["epochs"]),
        ("batch", batch),
        ("learning rate", f"{settings['learning_rate']:g}, {settings['schedule']}"),
        ("precision", settings["precision"]),
        ("weight of the logical loss", config.logic_weight if config.logic else None),
        ("weight of the loss on answers", config.answer_weight or None),
        ("seed", settings["seed"]),
        ("commit", provenance["commit"]),
        ("faceinsight", provenance["faceinsight"]),
        ("torch", packages.get("torch")),
        ("transformers", packages.get("transformers")),
    ]
    kept = [(name, str(value)) for name, value in rows if value not in (None, "")]
    text = "## Training\n\n" + _table(("", ""), kept)
    return text + "\n\nIn brackets: faces of the training split. `provenance.json` says more."


def _noisy(config: FaceInsightConfig, noisy_labels: Mapping[str, str]) -> str | None:
    taught = config.learnt or config.characteristics
    rows = [(f"`{id_}`", reason) for id_, reason in noisy_labels.items() if id_ in taught]
    if not rows:
        return None
    return (
        "## Annotations that are known to be noisy\n\nWhat the model says of these repeats the "
        "noise, and metrics take it for the truth.\n\n" + _table(("characteristic", "why"), rows)
    )


def _validation(validation: Mapping[str, float], tasks: Mapping[str, float]) -> str | None:
    if not tasks:
        return None
    rows = [(*name.split("/", 1), f"{value:.4f}") for name, value in tasks.items()]
    if "accuracy" in validation:
        rows.append(("**mean**", "", f"**{validation['accuracy']:.4f}**"))
    return (
        "## Validation\n\nAccuracy at the update with the highest mean, which was kept.\n\n"
        + _table(("data set", "task", "accuracy"), rows)
    )


def _test(test: Mapping[str, Any] | None) -> str | None:
    figures = list(_test_figures(test))
    if not figures:
        return None
    rows = []
    for dataset, task, report in figures:
        cells = [_with_interval(report["metrics"].get(figure)) for figure in FIGURES]
        rows.append((dataset, task, str(report["n"]), *cells))
    header = ("data set", "task", "faces", *FIGURES.values())
    text = "## Test\n\nWith 95 % bootstrap intervals over photographs.\n\n" + _table(header, rows)
    overall = (test or {}).get("overall", {}).get("map")
    if overall and overall["value"] is not None:
        text += f"\n\nMean average precision over characteristics: {_with_interval(overall)}."
    return text


def _coverage(coverage: Mapping[str, Any] | None) -> str | None:
    """What a calibrated model cannot tell, and the error of ages in years."""
    if not coverage:
        return None
    sets = [
        (dataset, task, str(of["n"]), *map(_with_interval, (of["coverage"], of["size"])))
        for dataset, report in coverage["datasets"].items()
        for task, of in report["tasks"].items()
    ]
    text = (
        "## What it cannot tell\n\nOf test faces: the share of sets of possible answers that hold "
        f"the annotation, made to be {coverage['level']:g}, and how many answers they have.\n\n"
        + _table(("data set", "task", "sets", "coverage", "mean size"), sets)
    )
    worst = {dataset: report["worst"] for dataset, report in coverage["datasets"].items()}
    told = [
        f"{dataset} {of['task']} `{of['group']}` {_with_interval(of['coverage'])}"
        for dataset, of in worst.items()
        if of
    ]
    if told:
        text += f"\n\nThe group of faces that is covered least: {'; '.join(told)}."
    ages = [
        (dataset, band, str(of["n"]), *map(_with_interval, (of["error"], of["coverage"])))
        for dataset, bands in coverage["age"].items()
        for band, of in bands.items()
    ]
    if ages:
        text += "\n\nAge in years; children are under 13, elderly 65 or more.\n\n"
        text += _table(("data set", "ages", "faces", "mean absolute error", "coverage"), ages)
    return text


def _test_figures(test: Mapping[str, Any] | None) -> Iterable[tuple[str, str, Mapping[str, Any]]]:
    for dataset, report in (test or {}).get("datasets", {}).items():
        for task, figures in report["tasks"].items():
            if figures["n"]:
                yield dataset, task, figures


def _with_interval(figure: Mapping[str, float | None] | None) -> str:
    if figure is None or figure["value"] is None:
        return ""
    text = f"{figure['value']:.4f}"
    if figure["low"] is not None and figure["high"] is not None:
        text += f" ({figure['low']:.4f} to {figure['high']:.4f})"
    return text


def _validation_results(tasks: Mapping[str, float], drawn: bool) -> Iterable[EvalResult]:
    for name, value in tasks.items():
        dataset, task = name.split("/", 1)
        yield _result(dataset, task, "validation", "accuracy", value, drawn)


def _test_results(test: Mapping[str, Any] | None, drawn: bool) -> Iterable[EvalResult]:
    for dataset, task, report in _test_figures(test):
        for figure in FIGURES:
            value = (report["metrics"].get(figure) or {}).get("value")
            if value is not None:
                yield _result(dataset, task, "test", figure, value, drawn)


def _result(
    dataset: str, task: str, split: str, metric: str, value: float, drawn: bool
) -> EvalResult:
    return EvalResult(
        task_type="image-classification",
        task_name=task,
        dataset_type=f"{dataset}-drawn" if drawn else dataset,
        dataset_name=f"{dataset} (drawn faces)" if drawn else dataset,
        dataset_split=split,
        metric_type=metric,
        metric_value=round(value, 4),
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
