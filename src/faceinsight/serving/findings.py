"""What a model says of a face, as HTML that is read as well as it is looked at.

Everything that comes from elsewhere is escaped here. Nothing is told by colour alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from faceinsight.answers.labels import label_words
from faceinsight.answers.lexicon import Lexicon
from faceinsight.common.encoding import jpeg_uri
from faceinsight.inference.face import ClassEstimate, Face

if TYPE_CHECKING:
    from faceinsight.inference.explanation import Explanation
    from faceinsight.method.characteristics import Vocabulary

_LARGEST = 1280
"""Pixels of the longer side of a picture that is shown."""

_HINT = "choose one to see which regions of the face it hangs on"
_NO_GROUP = "everything else"


def picture(pixels: np.ndarray, faces: Sequence[Face], chosen: int) -> str:
    """A photograph with a box around each face, which is a button.

    Args:
        pixels: [H, W, 3] uint8, RGB.
        faces: from left to right.
        chosen: number of the face that is spoken of.
    """
    height, width = pixels.shape[:2]
    boxes = []
    for face in faces:
        left, top, right, bottom = face.bbox
        place = (
            f"left:{left / width:.2%};top:{top / height:.2%};"
            f"width:{(right - left) / width:.2%};height:{(bottom - top) / height:.2%}"
        )
        pressed = str(face.number == chosen).lower()
        boxes.append(
            f'<button type="button" class="fi-box" style="{place}" data-face="{face.number}" '
            f'aria-pressed="{pressed}" aria-label="Face {face.number}">'
            f"<span>{face.number}</span></button>"
        )
    count = len(faces)
    shown = f"{count or 'no'} face{'' if count == 1 else 's'}"
    return (
        f'<figure class="fi-picture"><img src="{data_uri(pixels)}" '
        f'alt="The photograph, with {shown}">{"".join(boxes)}</figure>'
    )


def words(face: Face, count: int, vocabulary: Vocabulary) -> str:
    """What is present in a face, its age, and what the model cannot tell.

    Args:
        face: the face.
        count: how many faces the photograph has.
        vocabulary: the model's.
    """
    which = f"Face {face.number} of {count}, from the left" if count > 1 else "What the model sees"
    parts = [f"<h2>{which}</h2>"]
    if face.caution:
        parts.append(f'<p class="fi-warning">{escape(face.caution)}</p>')
    parts.append(f'<p class="fi-lead">{escape(face.describe())}</p>')
    told = [_age(face), *(_held(name, getattr(face, name)) for name in _HELD)]
    rows = "".join(
        f"<div><dt>{name}</dt><dd>{said}</dd></div>" for name, said in filter(None, told)
    )
    if rows:
        parts.append(f'<dl class="fi-facts">{rows}</dl>')
    parts.append(f"<h3>Present <small>{_HINT}</small></h3>{_labels(face)}")
    parts.append(f"<h3>What it cannot tell</h3>{_uncertain(face, vocabulary)}")
    return "".join(parts)


_HELD = ("gender", "expression", "race")
_MARKED = re.compile(r"`([^`]*)`")
"""What is to be typed, as sentences mark it."""


def _age(face: Face) -> tuple[str, str] | None:
    age, held = face.age, _held("age", face.age)
    if age is None or held is None or age.years is None:
        return held
    within = f"{age.years:.0f} years expected"
    if age.interval is not None:
        low, high = age.interval
        within += f", nine in ten ages lie between {low:.0f} and {high:.0f}"
    return held[0], f"{held[1]} <small>{within}</small>"


def _held(name: str, estimate: ClassEstimate | None) -> tuple[str, str] | None:
    if estimate is None:
        return None
    said = f"{escape(estimate.word)} <small>{estimate.probability:.0%}</small>"
    return name.capitalize(), said


def _labels(face: Face) -> str:
    if not face.labels:
        return "<p>None of the characteristics.</p>"
    by_words = {label_words(id_).lower(): id_ for id_ in face.present}
    items = []
    for label in face.labels:
        text, id_ = escape(label), by_words.get(label.lower())
        items.append(f"<li>{_button(id_, text) if id_ else f'<span>{text}</span>'}</li>")
    return f'<ul class="fi-labels">{"".join(items)}</ul>'


def _button(id_: str, text: str) -> str:
    return (
        f'<button type="button" data-explain="{escape(id_)}" '
        f'title="Which regions does this hang on?">{text}</button>'
    )


def _uncertain(face: Face, vocabulary: Vocabulary) -> str:
    if face.uncertain is None:
        return "<p>This model was not calibrated, so it cannot say what it does not know.</p>"
    if not face.uncertain:
        return "<p>Nothing: one answer is left for everything that it was asked.</p>"
    single = [label_words(name) for name in face.uncertain if name not in vocabulary.groups]
    candidates: dict[str, Sequence[str]] = {}
    for group in (name for name in face.uncertain if name in vocabulary.groups):
        task, of = vocabulary.task_of_group(group), vocabulary.groups[group]
        estimate = getattr(face, task) if task in ("age", *_HELD) else None
        known = estimate.candidates if estimate is not None and estimate.id in of else None
        candidates[task] = known or candidates.get(task, ())
    told = [
        f"<b>{escape(task.capitalize())}</b>{f': {escape(_either(options))}' if options else ''}"
        for task, options in candidates.items()
    ]
    if single:
        told.append(f"<small>Present or not: {escape(', '.join(single))}</small>")
    return "".join(f"<p>{one}.</p>" for one in told)


def _either(options: Sequence[str]) -> str:
    *most, last = options
    return f"{', '.join(most)} or {last}" if most else last


def bars(face: Face, vocabulary: Vocabulary, lexicon: Lexicon | None) -> str:
    """The probability of every characteristic, group by group.

    Args:
        face: the face.
        vocabulary: the model's.
        lexicon: names groups and topics; None names them as the vocabulary does.
    """
    sections = []
    for name, ids in grouped(face.probabilities, vocabulary, lexicon).items():
        rows = "".join(_bar(face, id_) for id_ in ids)
        heading = f"<h3>{escape(name.capitalize())}</h3>"
        sections.append(f'<section class="fi-group">{heading}<ul>{rows}</ul></section>')
    unclear = (
        '<span><b aria-hidden="true">?</b> the model cannot tell</span>' if face.uncertain else ""
    )
    legend = f'<p class="fi-legend"><span><b aria-hidden="true">✓</b> present</span>{unclear}</p>'
    return f"<h2>Every probability</h2>{legend}<div class='fi-groups'>{''.join(sections)}</div>"


def _bar(face: Face, id_: str) -> str:
    p = face.probabilities[id_]
    name = escape(label_words(id_))
    marks = []
    if id_ in face.present:
        marks.append('<b aria-hidden="true">✓</b><span class="fi-hidden">, present</span>')
    if id_ in (face.uncertain or ()):
        marks.append('<b aria-hidden="true">?</b><span class="fi-hidden">, cannot tell</span>')
    kind = " fi-present" if id_ in face.present else ""
    return (
        f'<li class="fi-bar{kind}"><span class="fi-name">'
        f"{_button(id_, name)}</span>"
        f'<span class="fi-track" aria-hidden="true"><i style="width:{p:.1%}"></i></span>'
        f'<span class="fi-p">{percent(p)}</span><span class="fi-mark">{"".join(marks)}</span></li>'
    )


def why(explanation: Explanation) -> str:
    """The regions that a characteristic hangs on, as a picture and a table."""
    size = 240
    face = explanation.picture(size).crop((0, 0, size, size))
    most = max((abs(one.share) for one in explanation.regions), default=0.0) or 1.0
    rows = []
    for number, one in enumerate(explanation.regions, 1):
        speaks = "for" if one.share >= 0 else "against"
        width = abs(one.share) / most
        rows.append(
            f'<tr><th scope="row">{number}. {one.region}</th>'
            f'<td class="fi-{speaks}"><i aria-hidden="true" style="width:{width:.1%}"></i></td>'
            f"<td>{one.share:+.2f} <small>{speaks}</small></td></tr>"
        )
    word = escape(explanation.word)
    note = _MARKED.sub(r"<code>\1</code>", escape(explanation.by_areas or ""))
    return (
        f"<h2>What “{word}” hangs on</h2>"
        f"<p>Probability {percent(explanation.probability)}. Each region was erased from the face: "
        "by so much the log-odds were higher with it than without.</p>"
        f'<div class="fi-why"><img src="{data_uri(np.asarray(face))}" alt="The face with its '
        'regions numbered: blue speaks for it; orange, hatched, against it">'
        '<table><thead class="fi-hidden"><tr><th scope="col">Region</th><th scope="col">Size</th>'
        f'<th scope="col">Change</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        f"{note and f'<p><small>{note}</small></p>'}"
    )


def percent(p: float) -> str:
    """A probability as people write it: neither 0 nor 100 % where it is neither."""
    if p < 0.01:
        return "&lt;\u202f1\u202f%"
    return "&gt;\u202f99\u202f%" if p > 0.99 else f"{100 * p:.0f}\u202f%"


def grouped(
    ids: Iterable[str] | Mapping[str, float], vocabulary: Vocabulary, lexicon: Lexicon | None
) -> dict[str, list[str]]:
    """Characteristics under headings: groups of the vocabulary, topics of the words, the rest.

    Args:
        ids: those that are shown.
        vocabulary: brings groups.
        lexicon: brings topics; None where the model has no words.

    Returns:
        Heading to ids in the vocabulary's order; each id once, no heading without any.
    """
    left = dict.fromkeys(id_ for id_ in vocabulary.ids if id_ in set(ids))
    headings: dict[str, list[str]] = {}
    topics = {} if lexicon is None else {t: about for t, (_, about) in lexicon.topics.items()}
    names = {g: g if lexicon is None else lexicon.group_name(g) for g in vocabulary.groups}
    wanted = [(names[group], members) for group, members in vocabulary.groups.items()]
    wanted += [(topic.replace("_", " "), about) for topic, about in topics.items()]
    for name, members in wanted:
        if found := [id_ for id_ in left if id_ in members]:
            headings.setdefault(name, []).extend(found)
            for id_ in found:
                del left[id_]
    if left:
        headings[_NO_GROUP] = list(left)
    return headings


def data_uri(pixels: np.ndarray) -> str:
    """A picture [H, W, 3] within a page: it needs no file on the server, and no second request."""
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((_LARGEST, _LARGEST))
    return jpeg_uri(image, quality=88)
