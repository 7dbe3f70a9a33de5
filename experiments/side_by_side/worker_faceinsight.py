"""Asks the model of the package, as installed or with pyfacer's detector."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from faceinsight import Face, FaceInsight
from faceinsight.data.crops import FaceCrop, cut_face
from faceinsight.data.photographs import load_photograph
from faceinsight.errors import PhotographError
from faceinsight.inference.cropper import Crops, crop_settings
from side_by_side.protocol import Answer, Asked, failed, parser_of, serve


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--detector-weights", type=Path, help="of pyfacer's RetinaFace")
    parser.add_argument("--whole", action="store_true", help="every photograph is one face")
    args = parser.parse_args()
    model = FaceInsight.from_pretrained(
        device="cpu",
        detector_weights=args.detector_weights,
        faces="whole" if args.whole else "detect",
    )
    serve(args, partial(answers, model, args.given))


def answers(model: FaceInsight, given: bool, asked: Sequence[Asked]) -> Iterator[Answer]:
    """What the model says of photographs, one after another."""
    seen = model.stream([of["photograph"] for of in asked])
    for of, faces in zip(asked, seen, strict=True):
        if isinstance(faces, PhotographError):
            yield failed(of, faces)
            continue
        found = [_face(face) for face in faces]
        whole = found and of["boxes"] == [None]
        known: list[dict[str, Any] | None] = [None] if whole else []
        if given and not whole:
            known = [_face(face) for face in _known(model, of)]
        yield {"photograph": of["photograph"], "found": found, "given": known}


def _known(model: FaceInsight, asked: Asked) -> list[Face]:
    """The faces in known boxes, cut as those of the data sets were for training."""
    settings = crop_settings(model.network.config, model.settings, "cpu")
    path = Path(asked["photograph"])
    pixels = load_photograph(path.parent, path.name)
    crops = []
    for number, box in enumerate(asked["boxes"], 1):
        face = FaceCrop(number, None if box is None else tuple(box))
        cut_face(face, pixels, None, settings)
        assert face.crop is not None
        crops.append(face.crop)
    cut = Crops.of_arrays(np.stack(crops), None)
    return model.read(model.score(cut), cut)


def _face(face: Face) -> dict[str, Any]:
    assert face.age is not None
    assert face.gender is not None
    assert face.expression is not None
    group = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    return {
        "box": list(face.bbox),
        "years": face.age.years,
        "age": face.age.id,
        "gender": face.gender.id,
        "gender_probability": face.gender.probability,
        "expression": face.expression.id,
        "expressions": {name: face.probabilities[name] for name in group},
    }


if __name__ == "__main__":
    main()
