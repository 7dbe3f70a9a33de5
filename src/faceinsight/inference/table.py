"""Every face of every photograph of a folder, as a table."""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from faceinsight.common.paths import printable
from faceinsight.common.progress import images_bar
from faceinsight.common.recipes import recipe
from faceinsight.common.work import WorkFolder, digest
from faceinsight.errors import ParameterError, PhotographError
from faceinsight.inference.caution import DRAWN_ALONE, is_among_drawn
from faceinsight.inference.cropper import DLIB_MISSES, Crops
from faceinsight.inference.face import FACE_COLUMNS, answer_columns, sure_columns
from faceinsight.inference.folder import Skipped, find_folder, list_files
from faceinsight.inference.reading import sureness
from faceinsight.inference.scored_parts import OK, Parts, stamps
from faceinsight.inference.settings import MOST_SIDE, PhotoSettings
from faceinsight.model.labels import consistent_labels, handed_out, probabilities, rules_of

if TYPE_CHECKING:
    from faceinsight.inference.faceinsight import FaceInsight
    from faceinsight.inference.photograph import Photo

logger = logging.getLogger(__name__)

_PART = 512
"""Photographs a part; what a sudden end can lose."""


class Scores(NamedTuple):
    """What was found in a folder of photographs.

    Attributes:
        faces: one row a face: `photograph` (path below the folder), `face` (1, 2, ... from left to
            right), `left`, `top`, `right`, `bottom` (its box in pixels of the photograph as it is
            meant to be seen), `score` (the detector's; null for a whole photograph), `face_from`
            (what found it: `retinaface`, `dlib`, or nothing, the whole `photograph`), `caution`
            (why what is said of it means nothing; null where there is no such reason), `map_from`
            (`detected`, `crop`, `provided` or `none`), of a calibrated model `uncertain` (what it
            cannot tell, joined by "; "), `age_years`, and `age_low` to `age_high`; and of each
            characteristic that the model was taught, sensitive ones if asked for, `p_<id>` float32
            and `d_<id>` int8: labels that together break no rule.
        skipped: one row a file, or folder, that was not scored: `photograph`, `reason`, `message`.
    """

    faces: pd.DataFrame
    skipped: pd.DataFrame


def analyze_folder(
    model: FaceInsight,
    photos: Path | str | None,
    work: Path | None,
    progress: bool,
    sensitive: bool,
) -> Scores:
    """See `FaceInsight.analyze_folder`."""
    folder = find_folder(photos)
    names, not_entered = list_files(folder)
    rules_of(model.network)  # before anything is scored
    cropper = model.cropper
    if model.drawn_alone and not is_among_drawn(folder):
        logger.warning(DRAWN_ALONE)
    workers = model.settings.workers
    files = stamps(folder, names, cropper.map_files, workers)
    if cropper.map_files is not None:
        require_maps(folder, names, files)
    columns = FaceColumns(model, sensitive)
    with tempfile.TemporaryDirectory() if work is None else nullcontext(work) as root:
        key = scores_key(model, str(folder), columns.ids) if work else "all"
        parts = Parts(WorkFolder(root, "photographs", key).path, files)
        missing = parts.missing()
        bar = images_bar(
            f"scoring {folder.name}",
            len(names),
            initial=len(names) - len(missing),
            disable=not progress,
        )
        with bar:
            for rows in np.split(missing, range(_PART, len(missing), _PART)):
                some = [names[row] for row in rows]
                paths = (folder / name for name in some)
                done, tables, outcomes = 0, [columns.empty()], []
                try:
                    for scored, of_batch in score_batches(
                        model, columns, paths, some, lambda name: str(folder / name)
                    ):
                        tables.append(scored.assign(row=rows[scored["row"]]))
                        outcomes += of_batch
                        done += len(of_batch)
                        bar.update(len(of_batch))
                finally:
                    if done:
                        faces = pd.concat(tables, ignore_index=True)
                        parts.write(rows[:done].tolist(), outcomes, faces)
        faces, skipped = parts.collect(columns.empty())
    return Scores(faces, pd.DataFrame([*not_entered, *skipped], columns=list(Skipped._fields)))


def require_maps(folder: Path | str, names: Sequence[str], files: pd.DataFrame) -> None:
    """Stop where a model reads label maps that lie as files, and not one photograph has one.

    Args:
        folder: of the photographs.
        names: paths below it.
        files: what they are known by, rows of `scored_parts.KEY`.

    Raises:
        ParameterError: there is no map.
    """
    # Files of other kinds lack no map: they are skipped as what they are.
    pictures = any((guess_type(name)[0] or "").startswith("image/") for name in names)
    if pictures and (files["map_bytes"] < 0).all():
        raise ParameterError(
            f"photos: the model reads label maps that lie as files beside photographs, and nothing "
            f"in {folder} has one: take a variant that reads none (--params variant=org), or have "
            "maps made by pyfacer (maps=parsed; in the pipeline --params predict.maps=parsed)"
        )


def score_batches(
    model: FaceInsight,
    columns: FaceColumns,
    photos: Iterable[Photo],
    names: Iterable[str],
    place: Callable[[str], str],
) -> Iterator[tuple[pd.DataFrame, list[tuple[str, str]]]]:
    """Photographs in order, some at a time; see `Cropper.batches`.

    Args:
        model: scores them.
        columns: of its faces.
        photos: the photographs.
        names: what they are called.
        place: where a photograph of such a name lies, for messages.

    Yields:
        Their faces, of which `row` says which photograph of all they are from; and of each
        photograph `ok`, or the reason why not, and a sentence.
    """
    done = 0
    for crops in model.cropper.batches(photos, map(printable, names)):
        faces = columns.table(crops, model.score(crops))
        yield (
            faces.assign(row=done + crops.photographs),
            _outcomes(crops, place, model),
        )
        done += len(crops.names)


def scores_key(model: FaceInsight, photos: str, ids: Sequence[str]) -> str:
    """Digest of what decides the scores of some photographs.

    Args:
        model: which scores them.
        photos: which they are.
        ids: the characteristics that are handed out.

    Raises:
        ParameterError: the model lies in no folder.
    """
    if model.source is None:
        raise ParameterError(
            "work: what a model that lies in no folder says cannot be kept; load one from a folder"
        )
    return digest(model.source, photos, model.cropper.key, list(ids), recipe("scoring"))


class FaceColumns:
    """Scored faces as rows of a table.

    Args:
        model: whose energies they are.
        sensitive: whether what is sensitive has columns.

    Attributes:
        ids: the characteristics that have columns.
    """

    def __init__(self, model: FaceInsight, sensitive: bool) -> None:
        self._network = model.network
        self._drawn_alone = model.drawn_alone
        self._kept = np.flatnonzero(handed_out(model.network, sensitive))
        self.ids = [model.vocabulary.ids[column] for column in self._kept]

    def table(self, crops: Crops, logits: np.ndarray) -> pd.DataFrame:
        """N faces; `row` is to be filled in."""
        places = {
            "row": crops.photographs,
            "face": crops.numbers,
            **dict(zip(("left", "top", "right", "bottom"), crops.boxes.T, strict=True)),
            "score": crops.scores,
            "face_from": pd.array(crops.face_from, dtype="string[pyarrow]"),
            "caution": [
                crops.caution(row) if self._drawn_alone else None for row in range(len(crops))
            ],
            "map_from": pd.array(crops.map_from, dtype="string[pyarrow]"),
        }
        decoded = consistent_labels(self._network, logits)
        estimated = probabilities(self._network, logits)
        parts = [
            pd.DataFrame(places).astype(FACE_COLUMNS),
            answer_columns(self.ids, estimated[:, self._kept], decoded[:, self._kept]),
        ]
        sure = sureness(self._network, estimated, decoded, self.ids)
        if sure is not None:
            parts.insert(1, sure_columns((s.uncertain, s.years, s.interval) for s in sure))
        return pd.concat(parts, axis=1)

    def empty(self) -> pd.DataFrame:
        """No rows, for the types of the columns."""
        size = self._network.config.image_size
        nothing = Crops.of_arrays(np.empty((0, size, size, 3), dtype=np.uint8), None)
        return self.table(nothing, np.empty((0, len(self._network.vocabulary)), dtype=np.float32))


def for_spreadsheet(table: pd.DataFrame) -> pd.DataFrame:
    """A table for a CSV file, in which no photograph's name is a formula.

    A spreadsheet computes what begins with `=`, `+`, `-` or `@`, or with their wide forms. With
    `./` in front a path below a folder means the same file, and is text.
    """
    names = table["photograph"].astype("string")
    return table.assign(photograph=names.mask(names.str.match("[=+@＝＋－＠-]"), "./" + names))


def require_faces(scores: Scores, photos: Path | str) -> Scores:
    """The same scores.

    Raises:
        ParameterError: there is not one face in them; the message says why.
    """
    if len(scores.faces):
        return scores
    counts = Counter(scores.skipped["reason"])
    why = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
    first = scores.skipped.iloc[0]
    raise ParameterError(
        f"photos: nothing in {photos} could be scored ({why}); the first: {first['message']}"
    )


def _outcomes(
    crops: Crops, place: Callable[[str], str], model: FaceInsight
) -> list[tuple[str, str]]:
    """`ok` or a reason, and a sentence, of each photograph."""
    return [
        (outcome.reason, str(outcome))
        if isinstance(outcome, PhotographError)
        else (OK, "")
        if outcome
        else ("no face found", no_face(place(name), model.settings, model.cropper.face_from))
        for name, outcome in zip(crops.names, crops.by_photograph(crops.map_from), strict=True)
    ]


def no_face(name: Path | str, settings: PhotoSettings, face_from: str) -> str:
    """A sentence on a photograph without faces.

    Args:
        name: what it is called.
        settings: with which faces were looked for.
        face_from: by what, `Cropper.face_from`.
    """
    larger = min(2 * settings.detector_side, MOST_SIDE)
    finds = (
        f"detector_side={larger} finds smaller ones, and "
        if larger > settings.detector_side
        else ""
    )
    misses = f" ({DLIB_MISSES})" if face_from == "dlib" else ""
    return (
        f"no face was found in {name}{misses}; {finds}faces=detect_or_whole takes such a "
        "photograph whole (in the pipeline --params predict.detector_side=..., predict.faces=...)."
    )
