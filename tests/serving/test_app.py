"""The REST door: what is sent, what is answered."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import replace
from io import BytesIO
from threading import Event, Thread

import numpy as np
import pytest
from PIL import Image

from faceinsight import FaceInsight, PhotoSettings
from faceinsight.data.classes import MAP_CLASSES
from faceinsight.inference.cropper import Crops
from faceinsight.serving.app import create_app
from faceinsight.serving.settings import ServerSettings
from tests.inference.test_areas import AREAS, Red, blue_face
from tests.serving.conftest import client_of, encoded, photograph


def sent(*files: bytes) -> list[tuple[str, tuple[str, bytes]]]:
    return [("photographs", ("a.png", file)) for file in files]


def plain(faces: list) -> list[dict]:
    return json.loads(json.dumps([face.to_dict() for face in faces]))


def near(found: dict, alone: dict) -> bool:
    """The same but for the last digits, and for what a photograph is called."""
    p, q = found.pop("probabilities"), alone.pop("probabilities")
    for one in (found, alone):
        one.pop("photograph")
        one.get("gender", {}).pop("probability")
    return found == alone and p == pytest.approx(q, abs=1e-5)


@pytest.fixture
def two() -> tuple[bytes, bytes]:
    return photograph(1), photograph(2, "JPEG")


@pytest.mark.parametrize("as_json", [False, True])
def test_answers_are_those_of_analyze_in_order(served, model, two, as_json):
    if as_json:
        body = {"photographs": [b64encode(file).decode() for file in two]}
        answer = served.post("/analyze", json=body)
    else:
        answer = served.post("/analyze", files=sent(*two))
    assert answer.status_code == 200, answer.text
    found = answer.json()["photographs"]
    assert len(found) == 2
    for entry, file in zip(found, two, strict=True):
        assert near(entry["faces"][0], plain(model.analyze(file))[0])


def test_a_photograph_that_cannot_be_used_has_its_error_in_its_place(served, two):
    found = served.post("/analyze", files=sent(two[0], b"no photograph")).json()["photographs"]
    assert "error" not in found[0]
    assert found[1]["error"]["reason"] == "not an image"
    assert found[1]["error"]["message"].startswith("photograph 2 is none of JPEG")
    assert "faces" not in found[1]
    alone = served.post("/analyze", files=sent(b"no photograph"))
    assert alone.status_code == 415
    assert alone.headers["content-type"] == "application/problem+json"
    assert alone.json()["reason"] == "not an image"


def test_pictures_are_drawn_on_request(served, two):
    form = {"pictures": "true"}
    answer = served.post("/analyze", files=sent(two[0], b"none", two[1]), data=form)
    pictures = [entry.get("picture") for entry in answer.json()["photographs"]]
    assert pictures[1] is None
    for picture in (pictures[0], pictures[2]):
        assert Image.open(BytesIO(b64decode(picture))).format == "JPEG"
    assert "picture" not in served.post("/analyze", files=sent(two[0])).json()["photographs"][0]


def test_faces_of_which_the_detector_is_not_sure_enough_are_left_out(model, monkeypatch):
    app = create_app(model)
    engine = app.state.engine
    engine.ready.result(60)
    prepare = engine.model.prepare

    def with_scores(photos, **options):
        crops = prepare(photos, **options)
        crops.scores[:] = [0.9, 0.5]
        return crops

    monkeypatch.setattr(engine.model, "prepare", with_scores)
    with client_of(app) as client:
        body = {"photographs": [b64encode(photograph(n)).decode() for n in (1, 2)]}
        counts = [
            [len(one["faces"]) for one in client.post("/analyze", json=asked).json()["photographs"]]
            for asked in (body, body | {"threshold": 0.5}, body | {"threshold": 0.6})
        ]
    assert counts == [[1, 1], [1, 1], [1, 0]]


def test_a_question_is_answered(served, model, two):
    form = {"question": "Is the person smiling?"}
    answer = served.post("/ask", files={"photograph": two[0]}, data=form).json()
    alone = model.ask(two[0], "Is the person smiling?")
    assert (answer["text"], answer["way"]) == (alone.text, alone.way)
    assert answer["labels"] == alone.labels
    body = {"photograph": b64encode(two[0]).decode()}
    assert served.post("/ask", json=body).json()["text"] == model.ask(two[0]).text


def test_an_answer_is_explained_by_the_regions_it_hangs_on(model, monkeypatch, without_weights):
    app = create_app(model)
    engine = app.state.engine
    engine.ready.result(60)
    with client_of(app) as client:
        sent_photo = {"photograph": b64encode(photograph()).decode()}
        body = sent_photo | {"characteristics": ["Smiling", "bald"], "method": "blur"}
        unmapped = client.post("/explain", json=body)
        assert unmapped.status_code == 422
        assert "ask with faces=detect" in unmapped.json()["detail"]
        assert unmapped.json()["reason"] == "no box"

        def with_maps(photo: bytes, *, faces: str | None = None) -> Crops:
            crops = model.prepare(photo, faces=faces)
            maps = np.zeros(crops.pixels.shape[:3], dtype=np.uint8)
            maps[:, 10:20, 10:20] = MAP_CLASSES.index("nose")
            return replace(crops, maps=maps)

        for one in (engine.model, model):
            monkeypatch.setattr(one, "prepare_with_maps", with_maps)
        answer = client.post("/explain", json=body | {"pictures": True}).json()
        as_form = sent_photo | {"photograph": photograph()}
        form = {"characteristics": ["Smiling", "bald"], "method": "blur"}
        again = client.post("/explain", files=as_form, data=form).json()
        unknown = client.post("/explain", json=sent_photo | {"characteristics": ["Smilling"]})
    alone = model.explain(photograph(), ["Smiling", "Bald"], method="blur")
    for entry, explained in zip(answer["explanations"], alone, strict=True):
        assert Image.open(BytesIO(b64decode(entry.pop("picture")))).format == "JPEG"
        assert entry == json.loads(json.dumps(explained.to_dict()))
        assert {region["region"] for region in entry["regions"]} == {"nose", "background"}
        assert entry["regions_from"] == "parsed"
    assert again == answer
    assert unknown.status_code == 422
    assert "did you mean Smiling?" in unknown.json()["detail"]


def test_a_photograph_is_explained_without_a_parser(without_weights):
    app = create_app(FaceInsight(Red(), PhotoSettings(device="cpu")))
    app.state.engine.ready.result(60)
    app.state.engine.model.network.where = None  # it has been shown a grey picture
    sent_photo = encoded(Image.fromarray(blue_face(patch=(0.5, 0.76))))
    with client_of(app) as client:
        body = {"photograph": b64encode(sent_photo).decode(), "characteristics": ["Smiling"]}
        (told,) = client.post("/explain", json=body).json()["explanations"]
    assert told["regions_from"] == "box"
    assert told["regions"][0]["region"] == "mouth"
    assert {one["region"] for one in told["regions"]} == AREAS


def test_what_is_sensitive_is_handed_out_only_by_a_server_that_was_started_to(model, monkeypatch):
    monkeypatch.setattr(model.vocabulary, "sensitive", ("Bald",))
    for asked in (False, True):
        settings = model.settings.model_copy(update={"sensitive": asked})
        app = create_app(FaceInsight(model.network, settings, model.source))
        app.state.engine.ready.result(60)
        with client_of(app) as client:
            answer = client.post("/analyze", files=sent(photograph())).json()
            told = client.post("/ask", files={"photograph": photograph()}).json()
            known = {one["id"]: one for one in client.get("/model").json()["vocabulary"]}
        (face,) = answer["photographs"][0]["faces"]
        assert ("Bald" in face["probabilities"]) is asked
        assert ("Bald" in told["labels"]) is asked
        assert known["Bald"]["handed_out"] is asked
        assert known["Bald"]["sensitive"]


def test_the_model_says_what_it_is(served, model):
    about = served.get("/model").json()
    assert [one["id"] for one in about["vocabulary"]] == list(model.vocabulary.ids)
    assert [one["rule"] for one in about["rules"]] == list(model.network.ruleset.texts)
    assert about["limits"]["most_photographs"] == 4
    assert about["name"] == "FaceInsight org"


def test_metrics_count_requests_batches_and_faces(model):
    app = create_app(model)
    app.state.engine.ready.result(60)
    with client_of(app) as client:
        client.post("/analyze", files=sent(photograph(), photograph(1)))
        client.post("/analyze", files=sent(b"none"))
        client.get("/secret/of/somebody")
        told = client.get("/metrics").text
    for line in (
        'faceinsight_requests_total{endpoint="/analyze",status="200"} 1.0',
        'faceinsight_requests_total{endpoint="/analyze",status="415"} 1.0',
        'faceinsight_requests_total{endpoint="other",status="404"} 1.0',
        'faceinsight_batch_photographs_bucket{le="1.0"} 1.0',
        "faceinsight_batch_photographs_sum 3.0",
        "faceinsight_faces_total 2.0",
        "faceinsight_requests_accepted 0.0",
    ):
        assert f"{line}\n" in told
    assert "somebody" not in told


def test_it_is_ready_when_the_weights_are_loaded(model, monkeypatch):
    loaded = Event()
    score = FaceInsight.score
    monkeypatch.setattr(FaceInsight, "score", lambda *a: loaded.wait(30) and score(*a))
    app = create_app(model)
    with client_of(app) as client:
        for answer in (client.get("/health"), client.post("/analyze", files=sent(photograph()))):
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
        loaded.set()
        app.state.engine.ready.result(30)
        assert client.get("/health").json() == {"status": "ready"}


def test_beyond_the_queue_requests_are_refused_and_the_others_answered(model, monkeypatch):
    app = create_app(model, ServerSettings(queue=2))
    engine = app.state.engine
    engine.ready.result(60)
    gate, score = Event(), engine.model.score
    monkeypatch.setattr(engine.model, "score", lambda crops: gate.wait(30) and score(crops))
    statuses = []
    with client_of(app) as client:

        def call() -> None:
            statuses.append(client.post("/analyze", files=sent(photograph())).status_code)

        threads = [Thread(target=call) for _ in range(2)]
        for thread in threads:
            thread.start()
        while engine.admission.accepted < 2:
            pass
        refused = client.post("/analyze", files=sent(photograph()))
        gate.set()
        for thread in threads:
            thread.join()
        assert client.post("/analyze", files=sent(photograph())).status_code == 200
    assert statuses == [200, 200]
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"


def test_what_takes_too_long_is_said_so_and_leaves_its_place(model, monkeypatch):
    app = create_app(model, ServerSettings(seconds=0.2))
    engine = app.state.engine
    engine.ready.result(60)
    gate, score = Event(), engine.model.score
    monkeypatch.setattr(engine.model, "score", lambda crops: gate.wait(30) and score(crops))
    with client_of(app) as client:
        late = client.post("/analyze", files=sent(photograph()))
        assert late.status_code == 503
        assert "within 0.2 seconds" in late.json()["detail"]
        gate.set()
        assert engine.admission.accepted == 0


def test_a_defect_is_no_traceback(model, monkeypatch, caplog):
    app = create_app(model)
    engine = app.state.engine
    engine.ready.result(60)
    monkeypatch.setattr(engine.model, "read", lambda z, crops: {}["secret"])
    with client_of(app) as client:
        answer = client.post("/analyze", files=sent(photograph()))
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == "a defect of the server; its log says more."
        assert "secret" not in answer.text
        monkeypatch.undo()
        assert client.post("/analyze", files=sent(photograph())).status_code == 200


def test_the_page_of_the_interface_asks_no_other_host(served):
    page = served.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "https:" not in page.text
    assert "src=" not in page.text
    for field in ("photographs", "threshold", "question", "openapi.json"):
        assert field in page.text
