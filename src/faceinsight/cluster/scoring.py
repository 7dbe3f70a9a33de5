"""Scores of many photographs by many machines.

Each actor holds one `FaceInsight` and scores a part at a time, as one machine does
(`inference.table`); a part that is written is never scored again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from faceinsight.cluster.connection import connect
from faceinsight.cluster.nodes import require_folder, with_absolute_weights
from faceinsight.cluster.owner import Owner
from faceinsight.cluster.parts import Part, ScoredParts
from faceinsight.cluster.photographs import (
    Photographs,
    find_photographs,
    open_photographs,
    place_of,
)
from faceinsight.cluster.pool import Pool
from faceinsight.cluster.storage import is_remote
from faceinsight.common.progress import images_bar
from faceinsight.common.work import WorkFolder, digest
from faceinsight.errors import FaceInsightError, ParameterError
from faceinsight.inference.folder import Skipped
from faceinsight.inference.settings import PhotoSettings
from faceinsight.inference.table import (
    FaceColumns,
    Scores,
    require_maps,
    score_batches,
    scores_key,
)
from faceinsight.model.labels import rules_of

if TYPE_CHECKING:
    from faceinsight.inference.faceinsight import FaceInsight

_LEAST, _MOST = 64, 4096
"""Photographs a part. What an actor that dies has to do again is one part at most."""

_NO_MATTER = {"pictures", "anyway", "batch_size", "workers", "device"}
"""Settings with which photographs have the same scores."""

_A_SHARE = 32
"""Parts that each actor is to have, where there are photographs enough."""


class Summary(NamedTuple):
    """What a run on a cluster has done.

    Attributes:
        place: of the results.
        photographs: how many there are.
        scored: how many of them this start has looked at.
        faces: how many it has found in those.
        skipped: one row a photograph, or folder, that has no scores: `photograph`, `reason`,
            `message`.
        without: how many of the photographs have no scores.
    """

    place: str
    photographs: int
    scored: int
    faces: int
    skipped: pd.DataFrame
    without: int

    def require_some(self) -> None:
        """Stop where not one photograph has scores.

        Raises:
            ParameterError: it is so; the message says why.
        """
        if self.without < self.photographs:
            return
        reason = self.skipped["reason"].value_counts().index[0]
        some = self.skipped[self.skipped["reason"] == reason]
        raise ParameterError(
            f"photos: none of {self.photographs} photographs could be scored, {len(some)} for the "
            f"reason '{reason}'; the first: {some['message'].iloc[0]}"
        )


@dataclass(frozen=True)
class Scored:
    """What became of a part.

    Attributes:
        photographs: how many there were.
        faces: how many were found.
        passing: what is to be tried again.
    """

    photographs: int
    faces: int
    passing: list[Skipped]


class Scorer:
    """What an actor holds: a model, loaded once.

    Args:
        model: folder of a saved model.
        settings: how faces are found.
        root: the folder of the photographs, see `Photographs.root`.
        out: where parts are written.
        source: see `Photographs.source`.
        key: of the scores, `scores_key`, as the driver's model gives it.

    Raises:
        FaceInsightError: this node does not see what it has to, or would score otherwise.
    """

    def __init__(
        self, model: str, settings: PhotoSettings, root: str, out: str, source: str, key: str
    ) -> None:
        from faceinsight.inference.faceinsight import FaceInsight

        self._parts, self._root = ScoredParts(out), root
        self._parts.require_shared(key)
        require_folder("model", Path(model))
        if not is_remote(root):
            require_folder("folder of photographs", Path(root))
        self._model = FaceInsight.from_pretrained(model, settings)
        self._columns = FaceColumns(self._model, settings.sensitive)
        if scores_key(self._model, source, self._columns.ids) != key:
            raise FaceInsightError(
                f"node {gethostname()} would score otherwise than the machine of the command: keep "
                f"the same model at {model}, the same weights of detector and parser, and the same "
                "version of this package on both"
            )

    def __call__(self, part: Part) -> Scored:
        """Score a part and write it."""
        self._parts.begin(part)
        tables, outcomes = [self._columns.empty()], []
        photos = open_photographs(self._root, part.names)
        place = partial(place_of, self._root)
        for faces, of_batch in score_batches(self._model, self._columns, photos, part.names, place):
            tables.append(faces)
            outcomes += of_batch
        scored = pd.concat(tables, ignore_index=True)
        passing = self._parts.write(part, outcomes, scored)
        return Scored(len(outcomes), len(scored), passing)


def analyze_on_cluster(
    photos: str,
    out: str,
    *,
    address: str,
    model: str | None = None,
    settings: PhotoSettings | None = None,
    column: str | None = None,
    progress: bool = True,
    option: str = "--cluster",
) -> Summary:
    """Every face of many photographs, by the cores or GPUs of a cluster, as tables in parts.

    A second start with the same arguments goes on where the first one was. One start at a time
    writes to a place; another one is refused.

    Args:
        photos: a folder, a pattern, or a table of paths, see `find_photographs`; in a file system
            that all nodes share, or an object store.
        out: a folder, or a URI, for the results; see `faceinsight.cluster.parts`.
        address: of the cluster, see `ClusterSettings.address`.
        model: see `FaceInsight.from_pretrained`; its folder has to be there on every node.
        settings: how faces are found, and what is handed out.
        column: of the table, the one with paths.
        progress: show a progress bar.
        option: what named the address, as it was typed.

    Raises:
        ParameterError: an argument cannot work; the message names it.
        FaceInsightError: the cluster, or a place that it needs, failed; what is done is kept.
    """
    from faceinsight.inference.faceinsight import FaceInsight

    settings = with_absolute_weights(settings or PhotoSettings())
    found = find_photographs(photos, column)
    here = FaceInsight.from_pretrained(model, settings.model_copy(update={"device": "cpu"}))
    parts = ScoredParts(out)
    found.require_outside(parts.storage.place)
    connect(address, option=option)
    pool: Pool[Part, Scored] = Pool(settings.device)
    faces = 0
    passing: list[Skipped] = []
    with Owner(parts.storage) as owner:
        files, key = _claim(parts, here, found, settings, pool.size)
        arguments = {
            "model": str(Path(str(here.source)).absolute()),
            "settings": settings,
            "root": found.root,
            "out": parts.storage.place,
            "source": found.source,
            "key": key,
        }
        del here  # It said what it is: large ones would lie here for days.
        n = len(files)
        pieces = parts.missing(found.names, files)
        todo = sum(len(piece.rows) for piece in pieces)
        with images_bar("scoring", n, initial=n - todo, disable=not progress) as bar:
            for scored in pool.map(Scorer, arguments, pieces):
                owner.require()
                faces += scored.faces
                passing += scored.passing
                bar.update(scored.photographs)
        owner.require()
        skipped = parts.finish(files, found.skipped, passing)
    without = len(skipped) - len(found.skipped)
    return Summary(parts.storage.place, n, todo, faces, skipped, without)


def analyze_folder_on_cluster(
    photos: Path, work: Path, address: str, model: Path, settings: PhotoSettings
) -> Scores:
    """As `FaceInsight.analyze_folder`, by a cluster; a second start goes on where the first was.

    Args:
        photos: a folder, as all nodes see it.
        work: the folder of all work folders, likewise.
        address: see `ClusterSettings.address`.
        model: folder of a saved model, likewise.
        settings: how faces are found, and what is handed out.

    Raises:
        FaceInsightError: as of `analyze_on_cluster`.
    """
    key = digest(str(model), str(photos), settings.model_dump(mode="json", exclude=_NO_MATTER))
    place = WorkFolder(work, "cluster_scores", key).path
    done = analyze_on_cluster(
        str(photos),
        str(place),
        address=address,
        model=str(model),
        settings=settings,
        option="cluster.address",
    )
    if done.without == done.photographs:
        return Scores(pd.DataFrame(), done.skipped)
    faces = pd.read_parquet(f"{done.place}/faces")
    # In parts that were scored later lie photographs of anywhere.
    faces = faces.sort_values(["photograph", "face"], kind="stable", ignore_index=True)
    return Scores(faces, done.skipped)


def _claim(
    parts: ScoredParts, model: FaceInsight, found: Photographs, settings: PhotoSettings, actors: int
) -> tuple[pd.DataFrame, str]:
    """Take the place of the results for these photographs; what they are known by, and the key."""
    rules_of(model.network)  # before anything is scored
    map_files = model.cropper.map_files
    files = found.keys(map_files, settings.workers)
    if map_files is not None:
        require_maps(found.root, found.names, files)
    ids = FaceColumns(model, settings.sensitive).ids
    size = min(max(len(files) // (_A_SHARE * actors), _LEAST), _MOST)
    facts = {"photographs": found.source, "model": str(model.source)}
    key = scores_key(model, found.source, ids)
    parts.claim(key, facts, size)
    return files, key
