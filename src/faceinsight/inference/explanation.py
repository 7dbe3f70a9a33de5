"""Which regions of a face an answer hangs on.

The label map says where the regions are; where nothing makes one, and the model reads none, they
are areas of the face's box (`areas`). Each is erased from photograph and map (`regions`), and the
change of the log-odds of a characteristic is the region's share in it:

    share(r, j) = logit P_j(face) - logit P_j(face without r),

positive where the region speaks for the characteristic, negative where it speaks against it. This
is occlusion (Zeiler and Fergus, 2014) with the regions of the face in place of a sliding square. P
is what the model hands out: a sigmoid, or the marginal of a coherent model. Shares do not add up:
what two regions say alike is lost with neither alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from faceinsight.answers.labels import label_words
from faceinsight.common.encoding import encoded
from faceinsight.errors import ParameterError
from faceinsight.inference.answer import choose_face
from faceinsight.inference.cropper import Crops
from faceinsight.inference.photograph import Photo
from faceinsight.inference.regions import (
    ERASURES,
    REGION_OF,
    REGIONS,
    Erasure,
    RegionsFrom,
    erase_each,
    region_names,
)
from faceinsight.inference.settings import Faces
from faceinsight.model.labels import handed_out, log_odds, probabilities, taught

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image

    from faceinsight.inference.faceinsight import FaceInsight

_SHOWN = 5
"""Regions that `repr` shows."""

BY_AREAS = (
    "Regions are areas at fixed places of the face's box, not the outlines of its parts: "
    "`faceinsight download` fetches the parser that finds those, once."
)
"""What is told with regions that no label map has."""

_REGIONS_FROM: dict[str, RegionsFrom] = {"provided": "provided", "box": "box"}
"""Of `Crops.map_from`; whether a parser was told where the face is makes no difference here."""


@dataclass(frozen=True)
class RegionShare:
    """What one region of a face says of a characteristic.

    Attributes:
        region: its name, see `regions.region_names`.
        share: change of the log-odds, in nats: those of the face less those of it without the
            region. Above zero the region speaks for the characteristic, below against it.
        area: part of the crop that it covers, 0 to 1.
    """

    region: str
    share: float
    area: float


@dataclass(frozen=True)
class Explanation:
    """Which regions of a face a model's answer hangs on; it is about the model, not the person.

    Attributes:
        photograph: the path as it was given, or "photograph 1" where it was none.
        number: the face's, from left to right within the photograph.
        bbox: left, top, right, bottom in pixels of the photograph as it is meant to be seen.
        characteristic: its id.
        word: the same in plain words.
        probability: of the characteristic, 0 to 1, as `FaceInsight.analyze` hands it out.
        regions: those that the face has, the one on which most hangs first, whichever way.
        regions_from: what says where they are, see `regions.RegionsFrom`.
        method: how regions were erased, see `regions.ERASURES`.
        caution: why what is said means nothing; None where there is no such reason.
        crop: [S, S, 3] uint8, RGB, what the model saw.
        label_map: [S, S] uint8, classes of the crop's pixels; see `areas` where regions are from
            the box.
    """

    photograph: str
    number: int
    bbox: tuple[int, int, int, int]
    characteristic: str
    word: str
    probability: float
    regions: tuple[RegionShare, ...]
    regions_from: RegionsFrom
    method: Erasure
    caution: str | None
    crop: np.ndarray = field(repr=False, compare=False)
    label_map: np.ndarray = field(repr=False, compare=False)

    @property
    def by_areas(self) -> str | None:
        """What is to be known of regions that are areas of the box; None of others."""
        return BY_AREAS if self.regions_from == "box" else None

    def to_dict(self) -> dict[str, Any]:
        """Everything but the pictures, ready for JSON."""
        return {
            "photograph": self.photograph,
            "number": self.number,
            "bbox": list(self.bbox),
            "caution": self.caution,
            "characteristic": self.characteristic,
            "word": self.word,
            "probability": self.probability,
            "method": self.method,
            "regions_from": self.regions_from,
            "regions": [dict(vars(region)) for region in self.regions],
        }

    def to_frame(self) -> pd.DataFrame:
        """One row a region: `characteristic`, `probability`, `region`, `share`, `area`,
        `regions_from`.
        """
        import pandas as pd

        rows = [(r.region, r.share, r.area) for r in self.regions]
        table = pd.DataFrame(rows, columns=["region", "share", "area"])
        table.insert(0, "probability", self.probability)
        table.insert(0, "characteristic", self.characteristic)
        table["regions_from"] = self.regions_from
        return table

    def picture(self, size: int = 480) -> Image:
        """The face with its regions coloured and numbered, and beside it what each number means.

        Blue speaks for the characteristic; orange, hatched, against it; both the stronger the more
        hangs on the region. The legend has names and signed shares.

        Args:
            size: side of the face in pixels.
        """
        from faceinsight.inference.explanation_picture import draw_explanation

        return draw_explanation(self, size)

    def __repr__(self) -> str:
        shown = [f"{r.region} {r.share:+.2f}" for r in self.regions[:_SHOWN]]
        shown += ["..."][: len(self.regions) > _SHOWN]
        return f"Explanation({self.characteristic} {self.probability:.0%}: {', '.join(shown)})"

    def _repr_png_(self) -> bytes:
        """The picture, for a notebook."""
        return encoded(self.picture(), "PNG")


def explain_photograph(
    model: FaceInsight,
    photo: Photo,
    characteristics: Sequence[str],
    *,
    face: int | None = None,
    faces: Faces | None = None,
    sensitive: bool = False,
    method: Erasure = ERASURES[0],
) -> list[Explanation]:
    """Which regions of a face in a photograph some characteristics hang on.

    Args:
        model: is asked, once for all characteristics.
        photo: one photograph.
        characteristics: ids, or the words for them; see `FaceInsight.vocabulary`.
        face: number of the face, from left to right; None takes the largest.
        faces: which faces are looked for; None as in the model's settings.
        sensitive: whether race and the like may be explained.
        method: see `regions.ERASURES`.

    Raises:
        PhotographError: the photograph cannot be used, shows no face, or has neither a label map
            nor a face with a box.
        ParameterError: there is no such face, characteristic or method; the characteristic was not
            taught, or is sensitive and was not asked for.
        WeightsError: something of the model is missing.
    """
    ids = [known_characteristic(model, one, sensitive) for one in characteristics]
    crops = model.prepare_with_maps(photo, faces=faces)
    row = choose_face(model, crops, face)
    (explained,) = explain_crops(model, crops.take([row]), ids, method=method)
    return explained


def explain_crops(
    model: FaceInsight, crops: Crops, ids: Sequence[str], *, method: Erasure = ERASURES[0]
) -> list[list[Explanation]]:
    """The same of N faces that are cut, with their maps: for each face, one a characteristic.

    Args:
        model: is asked.
        crops: from `FaceInsight.prepare_with_maps`.
        ids: as `known_characteristic` gives them.
        method: see `regions.ERASURES`.

    Raises:
        ParameterError: there is no such method, or the crops have no maps.
    """
    z, shares = region_shares(model, crops, method)
    estimated = probabilities(model.network, z)
    columns = [(id_, model.vocabulary.index[id_]) for id_ in ids]
    explained = []
    for row in range(len(crops)):
        assert crops.maps is not None
        label_map = crops.maps[row]
        regions_from = _REGIONS_FROM.get(crops.map_from[row], "parsed")
        names = region_names(regions_from)
        area = np.bincount(REGION_OF[label_map].ravel(), minlength=len(names)) / label_map.size
        there = np.flatnonzero(area)
        of_face = []
        for id_, column in columns:
            share = shares[row, there, column]
            regions = [
                RegionShare(names[there[place]], float(share[place]), float(area[there[place]]))
                for place in np.argsort(-np.abs(share), kind="stable")
            ]
            left, top, right, bottom = crops.boxes[row].tolist()
            of_face.append(
                Explanation(
                    photograph=crops.names[crops.photographs[row]],
                    number=int(crops.numbers[row]),
                    bbox=(left, top, right, bottom),
                    characteristic=id_,
                    word=label_words(id_),
                    probability=float(estimated[row, column]),
                    regions=tuple(regions),
                    regions_from=regions_from,
                    method=method,
                    caution=crops.caution(row) if model.drawn_alone else None,
                    crop=crops.pixels[row],
                    label_map=label_map,
                )
            )
        explained.append(of_face)
    return explained


def region_shares(
    model: FaceInsight, crops: Crops, method: Erasure = ERASURES[0]
) -> tuple[np.ndarray, np.ndarray]:
    """Energies of N faces, and how the log-odds change with each region.

    A face and its copies are scored side by side, as many faces at a time as fill a batch
    (`PhotoSettings.batch_size`).

    Returns:
        [N, K] float32, energies of the faces as they are; [N, R, K] float64, shares in the order of
        `REGIONS`, NaN where a face has no such region, or a coherent model was not taught.

    Raises:
        ParameterError: there is no such method, or the crops have no maps.
    """
    if method not in ERASURES:
        raise ParameterError(f"method: there is no '{method}'; there are {', '.join(ERASURES)}")
    if crops.maps is None:
        raise ParameterError("crops: they have no label maps, which say where the regions are")
    n, k = len(crops), len(model.vocabulary)
    energies = np.empty((n, k), dtype=np.float32)
    shares = np.full((n, len(REGIONS), k), np.nan)
    step = max(1, model.settings.batch_size // (len(REGIONS) + 1))
    for start in range(0, n, step):
        rows = range(start, min(start + step, n))
        erased = [erase_each(crops.pixels[row], crops.maps[row], method) for row in rows]
        here = slice(rows.start, rows.stop)
        pixels = np.concatenate([crops.pixels[here], *(one.pixels for one in erased)])
        maps = np.concatenate([crops.maps[here], *(one.maps for one in erased)])
        z = model.score(Crops.of_arrays(pixels, maps))
        energies[here] = z[: len(rows)]
        odds = log_odds(model.network, z)
        at = len(rows)
        for place, (row, one) in enumerate(zip(rows, erased, strict=True)):
            shares[row, one.regions] = odds[place] - odds[at : at + len(one.regions)]
            at += len(one.regions)
    return energies, shares


def known_characteristic(model: FaceInsight, name: str, sensitive: bool) -> str:
    """The id of a characteristic that may be explained.

    Args:
        model: brings its vocabulary.
        name: the id or the words for it; capitals and underscores make no difference.
        sensitive: whether race and the like may be explained.

    Raises:
        ParameterError: there is none, it was not taught, or it is sensitive.
    """
    ids = model.vocabulary.ids
    called = {_plain(label_words(id_)): id_ for id_ in ids} | {_plain(id_): id_ for id_ in ids}
    id_ = called.get(_plain(name))
    if id_ is None:
        near = get_close_matches(_plain(name), called, n=1)
        hint = f"; did you mean {called[near[0]]}?" if near else ": FaceInsight.vocabulary has all"
        raise ParameterError(f"characteristic: the model knows no '{name}'{hint}")
    column = model.vocabulary.index[id_]
    if not taught(model.network)[column]:
        raise ParameterError(f"characteristic: the model was taught nothing of {id_}")
    if not handed_out(model.network, sensitive)[column]:
        raise ParameterError(
            f"characteristic: {id_} is sensitive, and explained only to whoever asks for it: "
            "--sensitive on the command line, sensitive=True in Python"
        )
    return id_


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()
