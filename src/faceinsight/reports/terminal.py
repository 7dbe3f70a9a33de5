"""What a run tells in a terminal at its end: its metrics, where they lie, what to look at next."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceinsight.common.latest import stable_path
from faceinsight.errors import WeightsError
from faceinsight.inference.versions import packaged_model
from faceinsight.method.variants import LGC, in_order

if TYPE_CHECKING:
    import pandas as pd

    from faceinsight.method.characteristics import Vocabulary

PAGES = {"report": "The report", "paper_page": "Beside the paper"}
"""Pages for a browser, and what a run calls them."""

TOLD = {"ablation", "tables_scores", "photo_scores"}
"""Further artifacts of which something is told here, or while they are made, as rivals' metrics."""

DRAWN_FACE = "celeba/img_align_celeba/000002.jpg"
"""A photograph among the drawn data sets; the first is blurred, this one shows a lot."""

WARNINGS = 3
"""So many collapses are told one by one."""

FACES = 3
"""So many faces of one's own photographs are put in words."""

Load = Callable[[str], Any]
"""An artifact, or a parameter, by its name in the catalog."""

PathOf = Callable[[str], Path | None]
"""Where an artifact's version of this run lies; None for what is kept nowhere."""


def run_summary(made: Collection[str], load: Load, path_of: PathOf) -> list[str]:
    """The texts that end a run, in their order.

    Args:
        made: names of the artifacts that the run made.
        load: gives them.
        path_of: says where they lie.
    """
    texts = metric_tables(made, load) + collapses(made, load)
    if "skipped_summary" in made:
        texts += [f"Not used: {told}" for told in _losses(load("skipped_summary"))]
    pages = [
        f"{title}: {stable_path(path_of(name))}" for name, title in PAGES.items() if name in made
    ]
    texts += [*next_steps(pages, load, path_of)] if "report" in made else pages
    if "tables_scores" in made:
        texts += other_systems(load, path_of, alone="report" not in made)
    if "photo_scores" in made:
        texts += photographs(made, load, path_of)
    if not any(name in {*TOLD, *PAGES} or name.endswith(".metrics") for name in made):
        texts += places(made, path_of)
    return texts


def _losses(skipped: Any) -> list[str]:
    from faceinsight.reports.data_tables import large_losses

    return large_losses(skipped)


def metric_tables(made: Collection[str], load: Load) -> list[str]:
    """The ablation, one variant's metrics, and how far direct answers agree with probabilities.

    Answers are those of the first seed alone.
    """
    from faceinsight.evaluation.text import ablation_text, agreement_text, metrics_text

    texts = []
    if "ablation" in made:
        level = load("params:evaluation").level
        texts.append(f"\n{ablation_text(load('ablation'), level, faces_are_drawn(load))}\n")
    else:
        drawn = faces_are_drawn(load) if _metrics(made) else False
        texts += [f"\n{metrics_text(load(name), drawn)}\n" for name in _metrics(made)]
    agreements = {
        name.rpartition(".")[0]: load(name)
        for name in sorted(made)
        if name.rpartition(".")[2] == "answers_agreement" and name.count(".") == 1
    }
    if told := agreement_text(in_order(agreements)):
        texts.append(f"{told}\n")
    return texts


def collapses(made: Collection[str], load: Load) -> list[str]:
    """What has collapsed, the worst of the full model first; the report tells all of it."""
    from faceinsight.evaluation.collapse import find_collapses

    runs = {name.removesuffix(".metrics"): load(name) for name in _metrics(made)}
    found = find_collapses(runs, load("vocabulary")) if runs else []
    more = [f"{len(found) - WARNINGS} more{' in the report' * ('report' in made)}."]
    return [f"Warning: {one}" for one in found[:WARNINGS]] + more * (len(found) > WARNINGS)


def faces_are_drawn(load: Load) -> bool:
    """By this run, or found drawn where photographs of one's own were expected."""
    from faceinsight.data.drawn.writing import is_drawn

    parameters = load("parameters")
    return parameters["drawing"] is not None or is_drawn(Path(parameters["raw"]))


def _metrics(made: Collection[str]) -> list[str]:
    """Metrics of our own models, an entry a run; a rival has a tally of its questions beside."""
    of = {name.removesuffix(".metrics") for name in made if name.endswith(".metrics")}
    return sorted(f"{run}.metrics" for run in of if f"{run}.tally" not in made)


def next_steps(pages: list[str], load: Load, path_of: PathOf) -> list[str]:
    """What to look at after a whole run, in three lines; a fourth where a model is installed."""
    face = Path(load("parameters")["raw"]) / DRAWN_FACE
    model = stable_path(path_of(f"{LGC.name}.model"))
    command = (
        f"faceinsight analyze {_short(face)}" if face.is_file() else "faceinsight analyze PHOTO"
    )
    if model is not None:
        command += f" --model {_short(model)}"
    if face.is_file():
        command += " --faces whole"  # no detector knows a drawn face
    texts = [", ".join(pages), f"A photograph: {command}", "The lineage: kedro viz run"]
    with suppress(WeightsError):
        packaged_model()
        texts.append("A photograph of your own: faceinsight analyze PHOTO")
    return texts


def _short(path: Path) -> Path:
    """Relative to where the command was typed, if it lies below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def other_systems(load: Load, path_of: PathOf, alone: bool) -> list[str]:
    """Where the table of other systems' scores lies; if it was asked for alone, why it is empty."""
    if len(load("tables_scores")):
        return [f"The table: {stable_path(path_of('tables_scores'))}"]
    return [
        "No other system is scored: name the folder of their answers with --params "
        "tables.folder=FOLDER."
    ] * alone


def photographs(made: Collection[str], load: Load, path_of: PathOf) -> list[str]:
    """The first faces of one's own photographs in words, and where their tables lie."""
    from faceinsight.method.characteristics import Vocabulary

    skipped = load("skipped_photographs")
    vocabulary = Vocabulary.of_model(load(f"{load('params:variant')}.model"))
    texts = [
        f"\n{summary_text(load('photo_scores'), skipped, vocabulary)}\n",
        f"The table: {path_of('photo_scores_csv')}",
        f"    and as {path_of('photo_scores')}",
    ]
    if len(skipped):
        texts.append(f"Skipped: {path_of('skipped_photographs')}")
    if "annotated_photographs" in made and load("params:predict").pictures:
        texts.append(f"The pictures: {load('annotated_photographs')}")
    table = path_of("photo_scores_csv")
    if (stable := stable_path(table)) is not None and stable != table:
        texts.append(f"The newest of these, whenever they are made anew: {stable.parent}")
    return texts


def summary_text(faces: pd.DataFrame, skipped: pd.DataFrame, vocabulary: Vocabulary) -> str:
    """How many faces were found, why photographs were skipped, and the first faces in words."""
    from faceinsight.answers.labels import CAUTION, labels_of, present_in

    def count(number: int, thing: str) -> str:
        return f"{number:,} {thing}{'' if number == 1 else 's'}"

    photographs = faces["photograph"].nunique()
    lines = [f"Scored {count(len(faces), 'face')} in {count(photographs, 'photograph')}."]
    if len(skipped):
        reasons = skipped["reason"].value_counts()
        why = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        lines.append(f"Skipped {len(skipped)}: {why}.")
    for face in faces.head(FACES).to_dict("records"):
        words = labels_of(present_in(face, vocabulary), vocabulary)
        appears = ", ".join(words) or "with none of the characteristics"
        lines.append(f"  {face['photograph']}, face {face['face']}, appears {appears}")
    return "\n".join([*lines, f"({CAUTION})"])


def places(made: Collection[str], path_of: PathOf) -> list[str]:
    """What was made, and in which layers of the data."""
    paths = {name.rpartition(".")[2]: path for name in made if (path := path_of(name))}
    if not paths:
        return []
    layers = sorted({str(_layer(path)) for path in paths.values()})
    return [f"Made in {', '.join(layers)}: {', '.join(sorted(paths))}"]


def _layer(path: Path) -> Path:
    """The layer of the data that an artifact lies in, e.g. `data/04_feature`."""
    return next((up for up in path.parents if re.match(r"\d\d_", up.name)), path.parent)
