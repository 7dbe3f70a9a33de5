"""Example faces: what is right and wrong about them, and how they are drawn."""

import base64
import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
from PIL import Image

from faceinsight.data.classes import MAP_COLOURS
from faceinsight.reports.examples import (
    ExampleFace,
    Finding,
    example_faces,
    findings,
    map_uri,
    picture_uri,
)
from tests.evaluation.fakes import fake_predictions, small_vocabulary

VOCABULARY = small_vocabulary()
BLANK = np.zeros((4, 4, 3), np.uint8)


def face(dataset, decoded, labels):
    p = np.array([0.9, 0.8, 0.1, 0.2, 0.6, 0.3])
    return ExampleFace(
        dataset, "a.jpg", BLANK, None, p, np.array(decoded, bool), np.array(labels, np.int8)
    )


def test_findings_of_attributes_are_marked():
    found = findings(face("one", [1, 1, 0, 0, 0, 1], [1, 0, 1, -1, -1, -1]), VOCABULARY)
    assert found == [
        Finding("Hat", "right", 0.9),
        Finding("Bangs", "wrong", 0.8),
        Finding("Bald", "missed", 0.1),
    ]
    assert findings(face("one", [1, 0, 0, 0, 0, 1], [-1, 0, 0, -1, -1, -1]), VOCABULARY) == [
        Finding("Hat", "open", 0.9)
    ]


def test_nothing_is_found_of_what_was_never_taught():
    of = face("one", [1, 1, 0, 0, 0, 1], [1, 0, 1, -1, -1, -1])
    of.probabilities[[1, 3, 4, 5]] = -1
    assert [finding.text for finding in findings(of, VOCABULARY)] == ["Hat", "Bald"]
    of = face("three", [0, 0, 0, 0, 1, 0], [-1, -1, -1, 0, 0, 1])
    of.probabilities[3:] = -1
    assert findings(of, VOCABULARY) == []


def test_findings_of_a_class_say_the_true_one():
    for labels, finding in (
        ([-1, -1, -1, 0, 1, 0], Finding("glad", "right", 0.6)),
        ([-1, -1, -1, 1, 0, 0], Finding("glad (is calm)", "wrong", 0.6)),
        ([-1, -1, -1, -1, -1, -1], Finding("glad", "open", 0.6)),
    ):
        assert findings(face("three", [0, 0, 0, 0, 1, 0], labels), VOCABULARY) == [finding]


def test_pictures_come_back_from_their_addresses():
    def opened(uri):
        kind, data = uri.split(",")
        assert kind == "data:image/png;base64"
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))

    picture = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    np.testing.assert_array_equal(opened(picture_uri(picture)), picture)
    label_map = np.arange(16, dtype=np.uint8).reshape(4, 4)
    np.testing.assert_array_equal(opened(map_uri(label_map)), MAP_COLOURS[label_map])
    assert opened(picture_uri(np.zeros((448, 448, 3), np.uint8))).shape == (192, 192, 3)


def test_example_faces_match_crops_to_predictions():
    predictions = fake_predictions(VOCABULARY, {"one": 10, "three": 2})
    names = predictions["photograph"][:10].tolist()[::-1]
    examples = pd.DataFrame({"photograph": names, "face": 0, "map_from": "provided"})
    examples.loc[examples["photograph"] == names[0], "map_from"] = "none"
    crops = SimpleNamespace(
        examples=examples,
        # The number of the frame, as its colour.
        photographs=lambda indices: np.broadcast_to(
            indices[:, None, None, None], (len(indices), 2, 2, 3)
        ).astype(np.uint8),
        maps=lambda indices: np.ones((len(indices), 2, 2), np.uint8),
    )
    shown = example_faces(predictions, {"one": crops}, VOCABULARY, per_dataset=6)
    assert len(shown) == 6
    assert shown[0].dataset == "one"
    for example in shown:
        assert names[example.picture[0, 0, 0]] == example.photograph
        assert (example.map is None) == (example.photograph == names[0])
        row = predictions[
            (predictions["dataset"] == "one") & (predictions["photograph"] == example.photograph)
        ].iloc[0]
        assert example.probabilities[0] == row["p_Hat"]
        assert example.decoded[2] == row["d_Bald"]
        assert example.labels[3] == -1
    again = example_faces(predictions, {"one": crops}, VOCABULARY, per_dataset=6)
    assert [e.photograph for e in again] == [e.photograph for e in shown]
    assert len(example_faces(predictions, {"one": crops}, VOCABULARY, per_dataset=99)) == 10
    nothing = SimpleNamespace(examples=examples.iloc[:0])
    assert example_faces(predictions, {"two": nothing, "three": nothing}, VOCABULARY) == []
