"""What is said of a face: nothing that was never taught, nor what is sensitive, unless asked."""

from __future__ import annotations

import json
import pickle
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from faceinsight import FaceInsight, to_frame
from faceinsight.errors import PhotographError
from faceinsight.inference.cropper import Crops
from faceinsight.inference.reading import FaceReader, sureness
from faceinsight.method.rules.compiler import compile_rules
from faceinsight.model.calibration import Calibration
from faceinsight.model.labels import coherent_layer, consistent_labels, probabilities
from tests.inference.conftest import WHOLE, save_model
from tests.label_tables import save_photograph
from tests.model import talking


class Network:
    """What reading takes of a network, with the project's own vocabulary and rules."""

    def __init__(self, root: Path, vocabulary, learnt: list[str], lexicon=None) -> None:
        text = (root / "conf/base/rules.yml").read_text(encoding="utf-8")
        self.vocabulary, self.lexicon = vocabulary, lexicon
        self.ruleset = compile_rules(yaml.safe_load(text)["rules"], vocabulary)
        of = {"learnt": learnt, "readout": "independent", "calibration": None}
        self.config = type("Config", (), of)


def read(network: Network, sensitive: bool = False, **energies: float):
    z = np.full((1, len(network.vocabulary)), -3, dtype=np.float32)
    for id_, value in energies.items():
        z[0, network.vocabulary.index[id_]] = value
    crops = Crops.of_arrays(np.full((1, 240, 240, 3), 9, np.uint8), None)
    (face,) = FaceReader(network).read(z, crops, sensitive)
    return face


SEEN = {"age_30_39": 2.0, "Female": 1.0, "happy": 0.5, "race7_Black": 3.0, "race5_Black": 2.0}


def test_what_cannot_be_told_is_a_sentence(project_root: Path, vocabulary) -> None:
    face = read(Network(project_root, vocabulary, []), **SEEN)
    assert face.doubts() is None
    age = replace(face.age, candidates=("20 to 29 years old", "30 to 39 years old"))
    doubtful = replace(face, age=age, uncertain=("age", "Bald", "Wavy_Hair"))
    assert doubtful.doubts() == "It cannot tell: age (20 to 29 or 30 to 39), bald, wavy hair."
    many = tuple(id_ for id_ in vocabulary.ids if id_ not in SEEN)[:20]
    assert replace(face, uncertain=many).doubts().endswith(", 8 more.")
    assert replace(face, uncertain=()).doubts() is None


def test_classes_are_words_with_their_probability(project_root: Path, vocabulary) -> None:
    face = read(Network(project_root, vocabulary, []), sensitive=True, **SEEN, Smiling=1.0)
    assert (face.age.id, face.age.word) == ("age_30_39", "30 to 39 years old")
    assert face.age.probability == pytest.approx(0.8808, abs=1e-4)
    assert (face.age.years, face.age.interval, face.uncertain) == (None, None, None)
    assert (face.gender.word, face.expression.word, face.race.word) == ("female", "happy", "Black")
    assert "smiling" in face.labels
    assert face.bbox == (0, 0, 240, 240)
    assert face.confidence is None
    assert str(face.gender) == "female (73%)"


def test_no_description_says_of_a_child_that_it_has_no_beard_and_no_makeup(
    project_root: Path, vocabulary, lexicon
) -> None:
    network = Network(project_root, vocabulary, [], lexicon)
    gone = ("beard", "mustache", "goatee", "sideburns", "shadow", "makeup", "lipstick")
    told: dict[str, list[str]] = {"age_3_9": [], "age_30_39": []}
    for age, texts in told.items():
        for expression in vocabulary.groups["expression"]:
            for hair in ("Bangs", "Wavy_Hair", "Black_Hair"):
                face = read(network, **{age: 4.0, expression: 3.0, hair: 2.0, "No_Beard": 3.0})
                texts.append(face.describe())
    assert not [text for text in told["age_3_9"] if any(word in text for word in gone)]
    assert [text for text in told["age_30_39"] if any(word in text for word in gone)]


def test_what_is_sensitive_is_handed_out_only_to_whoever_asks(
    project_root: Path, vocabulary
) -> None:
    network = Network(project_root, vocabulary, [])
    energies = SEEN | {"Attractive": 4.0, "Pale_Skin": 4.0, "Chubby": 4.0, "Asian": -5.0}
    asked, plain = (read(network, sensitive, **energies) for sensitive in (True, False))
    hidden = set(vocabulary.sensitive)
    assert {"Attractive", "race7_Black", "race5_Others", "Big_Nose", "White"} < hidden
    assert set(asked.probabilities) - set(plain.probabilities) == hidden
    assert not hidden & set(plain.present)
    assert plain.race is None
    assert "race" not in plain.to_dict()
    assert asked.to_dict()["race"]["id"] == "race7_Black"
    told = json.dumps(plain.to_dict()) + repr(plain) + plain.describe() + plain._repr_html_()
    for word in ("attractive", "black", "chubby", "pale"):
        assert word not in told.lower().replace("black_hair", "")
        assert word in repr(asked.labels).lower()
    assert not hidden & {column[2:] for column in to_frame([plain])}
    assert not {"uncertain", "age_years"} & {*to_frame([plain])}  # it was never calibrated
    assert hidden < {column[2:] for column in to_frame([asked])}


def test_of_what_was_never_taught_nothing_is_said(project_root: Path, vocabulary) -> None:
    learnt = list(vocabulary.annotated_by("utkface"))
    face = read(Network(project_root, vocabulary, learnt), **SEEN, Bald=9.0)
    assert set(face.probabilities) == set(learnt) - set(vocabulary.sensitive)
    assert face.expression is None
    assert face.gender.word == "female"
    assert "bald" not in face.labels


def test_a_coherent_face_does_not_contradict_itself_and_says_what_it_cannot_tell(
    project_root: Path, vocabulary
) -> None:
    ages = vocabulary.groups["age"]
    taught = [*vocabulary.annotated_by("utkface"), *vocabulary.annotated_by("celeba")]
    network = Network(project_root, vocabulary, taught)
    network.config.readout, network.config.noise = "coherent", None
    calibration = Calibration(
        (1.0,) * (1 + len(network.ruleset.components)),
        0.9,
        {"age": 0.75, "gender": 0.3},
        {"Smiling": 0.6, "Bald": 0.2},
        {"Smiling": 0.6, "Bald": 0.2},
        years={id_: 5.0 + 10 * number for number, id_ in enumerate(ages)},
        margin=1.5,
    )
    network.config.calibration = asdict(calibration)
    network.coherent = coherent_layer(network.config, vocabulary, network.ruleset)
    face = read(network, age_20_29=2, age_30_39=2, Male=4, Young=3, Smiling=0.1, Bald=-3, Bangs=-3)
    p = face.probabilities
    assert sum(p[id_] for id_ in ages) == pytest.approx(1, abs=1e-6)
    assert p["Male"] + p["Female"] == pytest.approx(1, abs=1e-6)
    assert "maad" not in face.present
    assert face.age.candidates == ("20 to 29 years old", "30 to 39 years old")
    assert face.gender.candidates == ("male",)
    assert face.age.years == pytest.approx(sum(p[id_] * calibration.years[id_] for id_ in ages))
    low, high = face.age.interval
    assert 0 <= low < face.age.years < high
    assert set(face.uncertain) == {"age", "Smiling"}
    plain = json.loads(json.dumps(face.to_dict()))
    assert plain["age"]["candidates"] == list(face.age.candidates)
    assert plain["age"]["years"] == round(face.age.years, 1) != face.age.years
    assert plain["age"]["interval"] == [round(low, 1), round(high, 1)]
    assert plain["uncertain"] == list(face.uncertain)
    assert "Cannot tell: age, smiling" in face._repr_html_()
    row = to_frame([face]).iloc[0]
    assert row["uncertain"].split("; ") == list(face.uncertain)
    found = row[["age_years", "age_low", "age_high"]].tolist()
    assert found == pytest.approx([face.age.years, low, high])
    # Where ages are sensitive, years are not handed out beside them.
    energies = np.zeros((1, len(vocabulary)), np.float32)
    said = [id_ for id_ in taught if id_ not in ages]
    estimated, decoded = probabilities(network, energies), consistent_labels(network, energies)
    (sure,) = sureness(network, estimated, decoded, said)
    assert (sure.years, sure.interval) == (None, None)


def test_a_face_is_plain_data(org: Path, tmp_path: Path) -> None:
    save_photograph(tmp_path, "<b>.png")
    (face,) = FaceInsight.from_pretrained(org, WHOLE).analyze(tmp_path / "<b>.png")
    plain = face.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["bbox"] == [0, 0, 60, 40]
    assert plain["confidence"] is None
    assert plain["probabilities"] == face.probabilities
    assert repr(face).startswith("Face(1, bbox=(0, 0, 60, 40): ")
    page = face._repr_html_()
    assert "&lt;b&gt;.png" in page
    assert "<b>" not in page
    assert "data:image/jpeg;base64," in page
    again = pickle.loads(pickle.dumps(face))  # noqa: S301
    assert again == face
    assert again.describe() == face.describe()
    assert (again.crop == face.crop).all()


def test_a_description_is_made_of_the_labels(org: Path, tmp_path: Path) -> None:
    model = FaceInsight.from_pretrained(org, WHOLE)
    model.network.lexicon = talking.lexicon()
    (face,) = model.analyze(save_photograph(tmp_path, "a.png"))
    word = "woman" if face.gender.id == "Female" else "man"
    assert f" {word}" in face.describe()


def test_a_table_of_faces_is_that_of_their_folder(org: Path, tmp_path: Path) -> None:
    for number in range(3):
        save_photograph(tmp_path, f"{number}.png", seed=number)
    model = FaceInsight.from_pretrained(org, WHOLE)
    found = model.analyze(tmp_path / f"{number}.png" for number in range(3))
    table = to_frame([*found, PhotographError("missing", "none")])
    of_folder = model.analyze_folder(tmp_path, progress=False).faces
    names = [Path(name).name for name in table.pop("photograph")]
    assert names == of_folder.pop("photograph").tolist()
    pd.testing.assert_frame_equal(table, of_folder.drop(columns="map_from"), atol=1e-6)
    assert len(to_frame([])) == 0
    assert len(to_frame(found[0])) == 1


def test_the_sensitive_flag_is_saved_with_a_model(org: Path, tmp_path: Path) -> None:
    model = FaceInsight.from_pretrained(org, WHOLE)
    pixels = save_photograph(tmp_path, "a.png")
    assert "Smiling" in model.analyze(pixels)[0].probabilities
    model.network.vocabulary.sensitive = ("Smiling", "Male", "Female")
    model.network.save_pretrained(tmp_path / "model")
    again = FaceInsight.from_pretrained(tmp_path / "model", WHOLE)
    assert set(again.analyze(pixels)[0].probabilities) == {"Bald", "Bangs"}
    assert again.analyze(pixels)[0].gender is None
    assert again.analyze(pixels, sensitive=True)[0].gender is not None
    table, _ = again.analyze_folder(tmp_path, progress=False)
    assert [name for name in table if name.startswith(("p_", "d_"))] == [
        *("p_Bald", "p_Bangs", "d_Bald", "d_Bangs")
    ]


def test_models_are_saved_with_what_is_sensitive(tmp_path: Path) -> None:
    saved = json.loads((save_model(tmp_path / "model") / "vocabulary.json").read_text())
    assert saved["sensitive"] == []
