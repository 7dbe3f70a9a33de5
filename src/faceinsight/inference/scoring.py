"""Score every face of every photograph of a folder."""

from __future__ import annotations

import logging
import tempfile
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from mimetypes import guess_type
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from faceinsight.answers.labels import drawn_caution
from faceinsight.common.progress import images_bar
from faceinsight.common.recipes import recipe
from faceinsight.common.work import WorkFolder, digest
from faceinsight.errors import ParameterError
from faceinsight.inference.faces import FaceReader, FoundFace, Photograph, crop_settings
from faceinsight.inference.folder import Skipped, find_folder, list_files
from faceinsight.inference.parts import OK, Parts, stamps
from faceinsight.inference.prediction import answer_columns, open_model
from faceinsight.inference.settings import PhotoSettings
from faceinsight.model.decoding import consistent_labels, rules_of

logger = logging.getLogger(__name__)

_PART = 512
"""Photographs a part; what a sudden end can lose."""

_OF_FACE = {
    "row": "int64",
    "face": "int32",
    "left": "int32",
    "top": "int32",
    "right": "int32",
    "bottom": "int32",
    "score": "float32",
    "map_from": "string[pyarrow]",
}


class Scores(NamedTuple):
    """What was found in a folder of photographs.

    Attributes:
        faces: one row a face: `photograph` (path below the folder), `face` (1, 2, ... from left to
            right), `left`, `top`, `right`, `bottom` (its box in pixels of the photograph as it is
            meant to be seen), `score` (the detector's; null for a whole photograph), `map_from`
            (`detected`, `crop`, `provided` or `none`), `p_<id>` float32, `d_<id>` int8: labels
            that together break no rule.
        skipped: one row a file, or folder, that was not scored: `photograph`, `reason`, `message`.
    """

    faces: pd.DataFrame
    skipped: pd.DataFrame


def score_folder(
    model_folder: Path | str,
    photos: Path | str | None,
    settings: PhotoSettings | None = None,
    *,
    work: Path | None = None,
    progress: bool = True,
) -> Scores:
    """Score every face of every photograph of a folder and of the folders in it.

    What a file is its content says, not its name. A file that cannot be used is listed, and the
    rest go on. Photographs stream through: memory holds a few of them, and the table.

    Args:
        model_folder: a saved model; brings its vocabulary, its rules, and how faces are cut.
        photos: the folder of photographs.
        settings: which faces, and with what; every face that is detected by default.
        work: folder of work folders, in which a stopped run is gone on with; None keeps nothing.
        progress: show a progress bar.

    Raises:
        ParameterError: `photos` is no folder, holds no file, or holds no label map where the model
            was trained with maps that lie as files.
        WeightsError: something of the model, or pyfacer's weights, are missing.
    """
    settings = settings or PhotoSettings()
    folder = find_folder(photos)
    names, not_entered = list_files(folder)
    model_folder = Path(model_folder)
    scorer = _Scorer(model_folder, folder, settings)
    if caution := drawn_caution(model_folder, folder):
        logger.warning(caution)
    files = stamps(folder, names, scorer.reader.map_files, settings.workers)
    # Files of other kinds lack no map: they are skipped as what they are.
    pictures = any((guess_type(name)[0] or "").startswith("image/") for name in names)
    if scorer.reader.map_files is not None and pictures and (files["map_bytes"] < 0).all():
        raise ParameterError(
            f"photos: the model reads label maps that lie as files beside photographs, and nothing "
            f"in {folder} has one: take a variant that reads none (--params variant=org), or have "
            "maps made by pyfacer (--params predict.maps=parsed)"
        )
    with tempfile.TemporaryDirectory() if work is None else nullcontext(work) as root:
        parts = Parts(WorkFolder(root, "photographs", scorer.key).path, files)
        missing = parts.missing()
        bar = images_bar(
            f"scoring {folder.name}",
            len(names),
            initial=len(names) - len(missing),
            disable=not progress,
        )
        with bar:
            for rows in np.split(missing, range(_PART, len(missing), _PART)):
                done: list[Photograph] = []
                try:
                    for photograph in scorer(names[row] for row in rows):
                        done.append(photograph)
                        bar.update()
                finally:
                    if done:
                        scored = rows[: len(done)].tolist()
                        parts.write(scored, _outcomes(done), scorer.table(scored, done))
        faces, skipped = parts.collect(scorer.table([], []))
    return Scores(faces, pd.DataFrame([*not_entered, *skipped], columns=list(Skipped._fields)))


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


def _outcomes(photographs: Iterable[Photograph]) -> list[tuple[str, str]]:
    return [(OK, "") if p.error is None else (p.error.reason, str(p.error)) for p in photographs]


class _Scorer:
    """A model, and what reads photographs for it."""

    def __init__(self, model_folder: Path, folder: Path, settings: PhotoSettings) -> None:
        self._model, self._device = open_model(model_folder, settings.device, "predict.device")
        rules_of(self._model)  # before anything is scored
        self._batch = settings.batch_size
        crops = crop_settings(self._model.config, settings, str(self._device))
        self.reader = FaceReader(folder, crops, settings)
        source = recipe("scoring")
        self.key = digest(model_folder, self.reader.key, source)

    def __call__(self, names: Iterable[str]) -> Iterator[Photograph]:
        """Photographs in order, with every face of theirs scored; batches run across them."""
        pending: deque[Photograph] = deque()
        waiting: list[FoundFace] = []

        def done() -> Iterator[Photograph]:
            while pending and all(face.logits is not None for face in pending[0].faces):
                yield pending.popleft()

        for photograph in self.reader.cut(names):
            pending.append(photograph)
            waiting += photograph.faces
            while len(waiting) >= self._batch:
                self._score(waiting[: self._batch])
                del waiting[: self._batch]
            yield from done()
        if waiting:
            self._score(waiting)
        yield from done()

    def _score(self, faces: list[FoundFace]) -> None:
        import torch

        self.reader.parse(faces)
        inputs = {"photographs": np.stack([f.crop for f in faces if f.crop is not None])}
        if self._model.config.segmentation:
            inputs["maps"] = np.stack([f.label_map for f in faces if f.label_map is not None])
        with torch.inference_mode():
            on_device = {k: torch.from_numpy(v).to(self._device) for k, v in inputs.items()}
            logits = self._model(**on_device).logits.float().cpu().numpy()
        for face, of_face in zip(faces, logits, strict=True):
            face.logits = of_face
            face.crop = face.label_map = None

    def table(self, rows: list[int], photographs: list[Photograph]) -> pd.DataFrame:
        """Faces of scored photographs as a table; `row` says of which photograph."""
        ids = self._model.vocabulary.ids
        of_faces = [
            (row, face.at, *_box(face, photograph), face.score, face.map_from)
            for row, photograph in zip(rows, photographs, strict=True)
            for face in photograph.faces
        ]
        all_logits = [f.logits for p in photographs for f in p.faces if f.logits is not None]
        logits = np.array(all_logits, dtype=np.float32).reshape(len(of_faces), len(ids))
        columns = pd.DataFrame(of_faces, columns=list(_OF_FACE)).astype(_OF_FACE)
        answers = answer_columns(ids, logits, consistent_labels(self._model, logits))
        return pd.concat([columns, answers], axis=1)


def _box(face: FoundFace, photograph: Photograph) -> tuple[int, int, int, int]:
    height, width = photograph.size
    return face.box or (0, 0, width, height)
