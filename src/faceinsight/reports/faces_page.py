"""A folder's page: every face as a row with its thumbnail, in one file that loads nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from faceinsight.answers.labels import CAUTION, label_words
from faceinsight.common.encoding import jpeg_uri

if TYPE_CHECKING:
    from faceinsight.errors import PhotographError
    from faceinsight.inference.face import ClassEstimate, Face

_GROUPS = ("age", "gender", "expression", "race")
_SIDE = 96
"""Pixels of a thumbnail; it is shown at two thirds of that."""


@dataclass
class FacesPage:
    """Gathers faces, and writes them as a page.

    Only what the faces themselves hold is shown: nothing sensitive unless it was asked for.

    Args:
        title: of the page.
    """

    title: str
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _failed: list[dict[str, str]] = field(default_factory=list)
    _cautions: Counter[str] = field(default_factory=Counter)
    _photographs: int = 0

    def add(self, name: str, found: Sequence[Face] | PhotographError) -> None:
        """The faces of one photograph, or why there are none.

        Args:
            name: what the page calls it.
            found: what `FaceInsight.analyze` gave.
        """
        self._photographs += 1
        if isinstance(found, Exception):
            self._failed.append({"name": name, "why": str(found)})
            return
        if not found:
            self._failed.append({"name": name, "why": "no face was found"})
        for face in found:
            if face.caution:
                self._cautions[face.caution] += 1
            self._rows.append(
                {
                    "photograph": name,
                    "number": face.number,
                    "thumbnail": _thumbnail(face),
                    "score": face.confidence,
                    "labels": list(face.labels),
                    "uncertain": [label_words(of) for of in face.uncertain or ()],
                    **{group: _class(face, getattr(face, group)) for group in _GROUPS},
                }
            )

    def render(self) -> str:
        """The page as HTML."""
        from jinja2 import Environment, PackageLoader, StrictUndefined
        from markupsafe import Markup

        pages = PackageLoader("faceinsight.reports", ".")
        environment = Environment(loader=pages, autoescape=True, undefined=StrictUndefined,
                                  trim_blocks=True, lstrip_blocks=True)  # fmt: skip
        sources = {
            name: Markup(pages.get_source(environment, file)[0])
            for name, file in (("css", "page.css"), ("js", "faces_page.js"))
        }
        groups = [name for name in _GROUPS if any(row[name] for row in self._rows)]
        labels = Counter(label for row in self._rows for label in row["labels"])
        return environment.get_template("faces_page.html.j2").render(
            **sources,
            title=self.title,
            rows=self._rows,
            groups={name: self._distribution(name) for name in groups},
            labels=_bars(labels, len(self._rows), by_count=True),
            failed=self._failed,
            photographs=self._photographs,
            scored=any(row["score"] is not None for row in self._rows),
            told_uncertain=any(row["uncertain"] for row in self._rows),
            caution=CAUTION,
            cautions=list(self._cautions),
        )

    def _distribution(self, group: str) -> list[dict[str, Any]]:
        classes = [row[group] for row in self._rows if row[group]]
        in_order = sorted(classes, key=lambda one: one["place"])
        return _bars(Counter(one["word"] for one in in_order), len(self._rows))


def _bars(counts: Counter[str], total: int, by_count: bool = False) -> list[dict[str, Any]]:
    of = counts.most_common() if by_count else counts.items()
    return [{"word": word, "n": n, "share": n / total} for word, n in of]


def _class(face: Face, estimate: ClassEstimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {
        "place": [*face.probabilities].index(estimate.id),  # ages in their order, not as words
        "word": estimate.word,
        "probability": estimate.probability,
        "interval": getattr(estimate, "interval", None),
    }


def _thumbnail(face: Face) -> str:
    from PIL import Image

    picture = Image.fromarray(face.crop)
    picture.thumbnail((_SIDE, _SIDE))
    return jpeg_uri(picture, quality=80)
