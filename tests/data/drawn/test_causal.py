import numpy as np
import pytest
import yaml

from faceinsight.data.drawn.causal import AGES, MODEL, RATES, Chance, Choice, Faces, sample_faces
from faceinsight.method.rules.compiler import compile_rules


@pytest.fixture(scope="module", params=sorted(RATES))
def faces(request) -> Faces:
    return sample_faces(4000, np.random.default_rng(0), RATES[request.param])


def _at_most_one(faces: Faces, *ids: str) -> bool:
    return bool((sum(faces.present[i].astype(int) for i in ids) <= 1).all())


def test_every_characteristic_of_the_vocabulary_varies(vocabulary):
    faces = sample_faces(4000, np.random.default_rng(0))
    for id_ in vocabulary.ids:
        assert 0.005 < faces.present[id_].mean() < 0.98, id_


def test_causes_are_known_before_their_effects():
    known: set[str] = set()
    for row in MODEL:
        if isinstance(row, Chance):
            needed = {*row.causes, *row.needs, *row.excluded_by}
        elif isinstance(row, Choice):
            needed = {c for _, causes in row.options.values() for c in causes}
            needed |= set(row.excluded_by)
        else:
            needed = set(row.of)
        # The options of one choice do not cause each other.
        assert needed <= known, row
        known |= set(row.options) if isinstance(row, Choice) else {row.id}


def test_data_sets_change_only_rates_that_exist():
    known = {row.id for row in MODEL if isinstance(row, Chance)}
    known |= {id_ for row in MODEL if isinstance(row, Choice) for id_ in row.options}
    for rates in RATES.values():
        assert set(rates) <= known


def test_exactly_one_of_each_group(faces, vocabulary):
    for members in vocabulary.groups.values():
        assert (sum(faces.present[m].astype(int) for m in members) == 1).all()


def test_years_lie_in_their_group(faces):
    for age, (first, last) in AGES.items():
        years = faces.years[faces.present[age]]
        assert ((years >= first) & (years <= last)).all()


def test_truths_exclude_each_other(faces):
    p = faces.present
    hair = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair")
    hairy = ("Bangs", "Wavy_Hair", "Straight_Hair", "Receding_Hairline", *hair)
    assert not any((p["Bald"] & p[other]).any() for other in hairy)
    assert _at_most_one(faces, *hair)
    assert not any((p["No_Beard"] & p[b]).any() for b in ("Goatee", "Mustache", "Sideburns"))
    beards = ("Goatee", "Mustache", "Sideburns", "5_o_Clock_Shadow")
    assert not any((p["Female"] & p[b]).any() for b in beards)
    assert (p["No_Beard"] & p["5_o_Clock_Shadow"]).any()
    assert _at_most_one(faces, "Straight_Hair", "Wavy_Hair")
    assert not (p["Receding_Hairline"] & (p["Bangs"] | p["Wearing_Hat"])).any()
    assert (p["Eyeglasses"] ^ p["No_Eyewear"]).all()
    assert _at_most_one(faces, "Mouth_Closed", "Mouth_Slightly_Open")
    assert _at_most_one(faces, "Obstructed_Forehead", "Fully_Visible_Forehead")
    assert not (p["Wearing_Hat"] & p["Fully_Visible_Forehead"]).any()
    assert _at_most_one(faces, "Young", "Middle_Aged", "Senior")
    assert _at_most_one(faces, "Oval_Face", "Square_Face", "Round_Face")
    assert (p["Young"] == (faces.years < 40)).all()
    assert (p["Senior"] == (faces.years >= 60)).all()


def test_races_agree_in_all_words(faces):
    p = faces.present
    assert (p["race5_Black"] == p["race7_Black"]).all()
    assert (p["Black"] == p["race7_Black"]).all()
    assert (p["race5_Indian"] == p["race7_Indian"]).all()
    asian = p["race7_East_Asian"] | p["race7_Southeast_Asian"]
    assert (p["race5_Asian"] == asian).all()
    assert (p["Asian"] == asian).all()
    assert (p["race5_White"] == p["race7_White"]).all()
    assert _at_most_one(faces, "White", "Black", "Asian")


def test_truths_obey_the_configured_rules(faces, vocabulary, project_root):
    text = (project_root / "conf/base/rules.yml").read_text(encoding="utf-8")
    rules = compile_rules(yaml.safe_load(text)["rules"], vocabulary)
    present = np.stack([faces.present[id_] for id_ in vocabulary.ids], axis=1)
    broken = rules.violated(present).any(axis=0)
    assert not broken.any(), [t for t, b in zip(rules.texts, broken, strict=True) if b]


@pytest.mark.parametrize(
    ("one", "other", "sign"),
    [
        ("Gray_Hair", "Senior", 1),
        ("Bald", "Male", 1),
        ("No_Beard", "Male", -1),
        ("Chubby", "Double_Chin", 1),
        ("Heavy_Makeup", "Wearing_Lipstick", 1),
        ("Wearing_Lipstick", "Female", 1),
        ("Attractive", "Young", 1),
        ("Attractive", "Chubby", -1),
        ("Smiling", "happy", 1),
        ("Smiling", "High_Cheekbones", 1),
        ("surprise", "Mouth_Slightly_Open", 1),
        ("Wearing_Necktie", "Male", 1),
        ("Rosy_Cheeks", "Heavy_Makeup", 1),
        ("Eyeglasses", "Senior", 1),
    ],
)
def test_correlations_are_as_in_life(one, other, sign):
    faces = sample_faces(6000, np.random.default_rng(1))
    correlation = np.corrcoef(faces.present[one], faces.present[other])[0, 1]
    assert sign * correlation > 0.08


def test_nothing_but_the_badge_depends_on_race():
    races = {id_ for row in MODEL if isinstance(row, Choice) for id_ in row.options}
    races = {id_ for id_ in races if id_.startswith("race")}
    words = {*races, "race5_White", "race5_Black", "race5_Asian", "race5_Indian", "race5_Others"}
    words |= {"White", "Black", "Asian"}
    for row in MODEL:
        if isinstance(row, Chance):
            assert not words & {*row.causes, *row.needs, *row.excluded_by}
        elif isinstance(row, Choice):
            assert not words & {c for _, causes in row.options.values() for c in causes}


def test_photographs_of_a_person_share_what_is_the_persons():
    faces = sample_faces(100, np.random.default_rng(0), photographs_per_person=5)
    assert faces.identity.tolist() == [i // 5 for i in range(100)]
    for id_ in ("Male", "Oval_Face", "Brown_Eyes", "race7_White", "Wavy_Hair"):
        assert (faces.present[id_].reshape(20, 5) == faces.present[id_][::5, None]).all()
    assert len({tuple(row) for row in faces.present["Smiling"].reshape(20, 5)}) > 1


def test_one_face_is_what_is_present():
    faces = sample_faces(20, np.random.default_rng(0))
    for i in range(20):
        assert faces.of(i) == {id_ for id_, p in faces.present.items() if p[i]}
