"""What a model says of one face."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from faceinsight.common.encoding import jpeg_uri

if TYPE_CHECKING:
    import pandas as pd

    from faceinsight.errors import PhotographError

_SHOWN = 112
"""Pixels of a picture in a notebook, at least, where the crop has as many."""

FACE_COLUMNS = {
    "face": "int32",
    "left": "int32",
    "top": "int32",
    "right": "int32",
    "bottom": "int32",
    "score": "float32",
    "face_from": "string[pyarrow]",
    "caution": "string[pyarrow]",
}
"""Columns in which a table says where a face is and what is to be known of it, and their types."""

SURE_COLUMNS = {
    "uncertain": "string[pyarrow]",
    "age_years": "float32",
    "age_low": "float32",
    "age_high": "float32",
}
"""Columns in which a table says what a calibrated model cannot tell, and the age in years."""

_MOST_WORDS = 12
"""Labels that `repr` shows."""


@dataclass(frozen=True)
class ClassEstimate:
    """The class of a group, of which exactly one holds.

    Attributes:
        id: the characteristic, e.g. `happy`.
        word: in plain words.
        probability: 0 to 1.
        candidates: in words the classes of which one is annotated for nine in ten faces, this one
            among them; None where the model cannot say so.
    """

    id: str
    word: str
    probability: float
    candidates: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return f"{self.word} ({self.probability:.0%})"


@dataclass(frozen=True)
class AgeEstimate(ClassEstimate):
    """A class of ages.

    Attributes:
        years: expected age in years; None where the model was not told the years of its classes.
        interval: between which nine in ten ages lie; None where none was known in years.
    """

    years: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Face:
    """How one face appears to a model, which is no fact about a person.

    Attributes:
        photograph: the path as it was given, or "photograph 1", ... where it was none.
        number: 1, 2, ... from left to right within the photograph.
        bbox: left, top, right, bottom in pixels of the photograph as it is meant to be seen.
        confidence: the detector's score, 0 to 1; None where the whole photograph is the face.
        face_from: what found it: `retinaface`, `dlib`, or nothing, the `photograph` as a whole.
        probabilities: id to probability, of each characteristic that the model was taught;
            sensitive ones only if asked for.
        present: ids that are present; together they break none of the model's rules.
        labels: what is present, in words.
        age: class of ages; None where the model was taught none.
        gender: likewise.
        expression: likewise.
        race: likewise, and None unless what is sensitive was asked for.
        uncertain: groups, and characteristics outside groups, of which the model cannot tell, as
            more than one answer is right for nine in ten such faces; None where it cannot say so.
        caution: why what is said of it means nothing; None where there is no such reason.
        crop: [s, s, 3] uint8, RGB, what the model saw.
    """

    photograph: str
    number: int
    bbox: tuple[int, int, int, int]
    confidence: float | None
    face_from: str
    probabilities: Mapping[str, float]
    present: tuple[str, ...]
    labels: tuple[str, ...]
    age: AgeEstimate | None
    gender: ClassEstimate | None
    expression: ClassEstimate | None
    race: ClassEstimate | None
    uncertain: tuple[str, ...] | None
    caution: str | None
    crop: np.ndarray = field(repr=False, compare=False)
    _words: Callable[[], str] = field(repr=False, compare=False)

    def describe(self) -> str:
        """A sentence or two on how the face appears."""
        return self._description

    def doubts(self) -> str | None:
        """What the model cannot tell of the face, in a sentence; None where that is nothing.

        Classes that an age, a gender or an expression may have are named, of the rest a few.
        """
        from faceinsight.answers.labels import label_words

        said, rest = [], []
        for name in self.uncertain or ():
            estimate = getattr(self, name) if name in ("age", "gender", "expression") else None
            if estimate is not None and estimate.candidates:
                *most, last = (of.removesuffix(" years old") for of in estimate.candidates)
                either = f"{', '.join(most)} or {last}" if most else last
                said.append(f"{name} ({either})")
            else:
                rest.append(label_words(name))
        shown = [*said, *rest[:_MOST_WORDS]]
        if len(rest) > _MOST_WORDS:
            shown.append(f"{len(rest) - _MOST_WORDS} more")
        return f"It cannot tell: {', '.join(shown)}." if shown else None

    @cached_property
    def _description(self) -> str:
        return self._words()  # which takes longer than all else that is read of a face

    def __getstate__(self) -> dict[str, Any]:
        text = self._description
        return self.__dict__ | {"_words": partial(str, text)}

    def to_dict(self) -> dict[str, Any]:
        """Everything but the picture, ready for JSON: years to one decimal place, and `race` only
        where it was asked for.
        """
        classes = {name: getattr(self, name) for name in ("age", "gender", "expression", "race")}
        return {
            "photograph": self.photograph,
            "number": self.number,
            "bbox": list(self.bbox),
            "confidence": self.confidence,
            "face_from": self.face_from,
            "caution": self.caution,
            "labels": list(self.labels),
            "description": self.describe(),
            **{
                name: None if estimate is None else _plain(estimate)
                for name, estimate in classes.items()
                if estimate is not None or name != "race"
            },
            "uncertain": None if self.uncertain is None else list(self.uncertain),
            "present": list(self.present),
            "probabilities": dict(self.probabilities),
        }

    def __repr__(self) -> str:
        shown = [*self.labels[:_MOST_WORDS], *["..."][: len(self.labels) > _MOST_WORDS]]
        score = "" if self.confidence is None else f", confidence={self.confidence:.2f}"
        said = ", ".join(shown) or "no label"
        caution = f"; {self.caution}" if self.caution else ""
        return f"Face({self.number}, bbox={self.bbox}{score}: {said}{caution})"

    def _repr_html_(self) -> str:
        """The face and its labels, for a notebook."""
        from PIL import Image

        from faceinsight.answers.labels import label_words

        source = jpeg_uri(Image.fromarray(self.crop))
        where = f"{self.photograph}, face {self.number}"
        if self.confidence is not None:
            where += f", found with a score of {self.confidence:.2f}"
        labels = ", ".join(self.labels) or "none of the characteristics"
        if self.uncertain:
            labels += f". Cannot tell: {', '.join(map(label_words, self.uncertain))}"
        caution = "" if self.caution is None else f"<p><b>{escape(self.caution)}</b></p>"
        return (
            '<div style="display:flex;gap:1em;align-items:flex-start;max-width:48em">'
            f'<img src="{source}" width="{_SHOWN}" height="{_SHOWN}" alt="face {self.number}">'
            f"<div><small>{escape(where)}</small>{caution}<p>{escape(self.describe())}</p>"
            f"<p>{escape(labels)}</p></div></div>"
        )


def _plain(estimate: ClassEstimate) -> dict[str, Any]:
    plain = asdict(estimate)
    if isinstance(estimate, AgeEstimate) and estimate.years is not None:
        plain["years"] = round(estimate.years, 1)
    if isinstance(estimate, AgeEstimate) and estimate.interval is not None:
        plain["interval"] = tuple(round(end, 1) for end in estimate.interval)
    return {name: list(of) if isinstance(of, tuple) else of for name, of in plain.items()}


def shown_crop(pixels: np.ndarray) -> np.ndarray:
    """A copy of a crop [S, S, 3] for people to look at, of fewer pixels where it has many."""
    step = max(1, len(pixels) // _SHOWN)
    return pixels[::step, ::step].copy()


def to_frame(faces: Iterable[Face | Iterable[Face] | PhotographError]) -> pd.DataFrame:
    """Faces as a table.

    Args:
        faces: what `FaceInsight.analyze` gave of one photograph, or of many; errors have no rows.

    Returns:
        One row a face: `photograph`, `face`, `left`, `top`, `right`, `bottom`, `score`,
        `caution`, of a calibrated model the columns of `sure_columns`, `p_<id>` float32 and
        `d_<id>` int8; the last two as in tables of predictions.
    """
    import pandas as pd

    listed = [face for one in faces for face in _listed(one)]
    ids = list(listed[0].probabilities) if listed else []
    table = pd.DataFrame(
        [(f.photograph, f.number, *f.bbox, f.confidence, f.face_from, f.caution) for f in listed],
        columns=["photograph", *FACE_COLUMNS],
    ).astype(FACE_COLUMNS)
    shape = len(listed), len(ids)
    p = np.array([[face.probabilities[id_] for id_ in ids] for face in listed]).reshape(shape)
    present = np.array([[id_ in face.present for id_ in ids] for face in listed]).reshape(shape)
    parts = [table, answer_columns(ids, p, present)]
    if any(face.uncertain is not None for face in listed):
        ages = [(f.age.years, f.age.interval) if f.age else (None, None) for f in listed]
        sure = ((f.uncertain, *age) for f, age in zip(listed, ages, strict=True))
        parts.insert(1, sure_columns(sure))
    return pd.concat(parts, axis=1)


def sure_columns(
    faces: Iterable[tuple[Sequence[str] | None, float | None, tuple[float, float] | None]],
) -> pd.DataFrame:
    """What a calibrated model cannot tell of faces, and their ages in years, as `SURE_COLUMNS`.

    Args:
        faces: of each what `Face.uncertain`, `AgeEstimate.years` and `AgeEstimate.interval` say.

    Returns:
        `uncertain`, names joined by "; "; `age_years`, and `age_low` to `age_high` its interval;
        null where there is none.
    """
    import pandas as pd

    rows = [
        (None if unclear is None else "; ".join(unclear), years, *(ends or (None, None)))
        for unclear, years, ends in faces
    ]
    return pd.DataFrame(rows, columns=list(SURE_COLUMNS)).astype(SURE_COLUMNS)


def answer_columns(
    ids: Sequence[str],
    probabilities: np.ndarray,
    present: np.ndarray,
    energies: np.ndarray | None = None,
) -> pd.DataFrame:
    """A model's answers as columns of a table: p_<id> float32, d_<id> int8, z_<id> float32.

    Args:
        ids: K characteristics.
        probabilities: [N, K].
        present: [N, K], labels that break no rule.
        energies: [N, K], what they were read from; None leaves them out.
    """
    import pandas as pd

    p, d = probabilities.astype(np.float32), present.astype(np.int8)
    kinds: dict[str, np.ndarray] = {"p": p, "d": d}
    if energies is not None:
        kinds["z"] = energies.astype(np.float32)
    return pd.concat(
        [pd.DataFrame(of, columns=[f"{kind}_{id_}" for id_ in ids]) for kind, of in kinds.items()],
        axis=1,
    )


def _listed(one: Face | Iterable[Face] | PhotographError) -> Iterable[Face]:
    if isinstance(one, Face):
        return (one,)
    return () if isinstance(one, Exception) else one
