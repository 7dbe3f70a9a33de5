"""Real photographs: by text and by likelihood, in this process and through a real server."""

import contextlib
import socket
import time
import urllib.request

import numpy as np
import pytest
from PIL import Image

from faceinsight.data.readers import read_labels
from faceinsight.errors import ParameterError
from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.rivals.faces import faces_of, truth_of
from faceinsight.rivals.inference import ask
from faceinsight.rivals.local import LocalRival
from faceinsight.rivals.reading import predictions_of
from faceinsight.rivals.settings import ServerSettings
from tests.rivals import tiny
from tests.rivals.making import configured, rules, write_crops
from tests.rivals.test_local import CLASSES


@pytest.fixture(scope="module")
def photographs(shared, vocabulary, tmp_path_factory):
    """Test faces of ExpW, each in its box, and of FairFace."""
    root = tmp_path_factory.mktemp("crops")
    folders = {}
    for dataset, faces in (("expw", 4), ("fairface", 2)):
        raw = shared / "data" / dataset
        table = read_labels(dataset, raw, vocabulary).table
        table = table[table["split"] == "test"].head(faces).reset_index(drop=True)
        folders[dataset] = write_crops(root / dataset, dataset, raw, table)
    return folders


def test_what_a_rival_sees_is_the_part_around_the_box(photographs):
    for face in faces_of(photographs, "test"):
        with Image.open(face.raw / face.photograph) as opened:
            pixels = np.asarray(opened.convert("RGB"))
        picture = face.picture()
        if face.box is None:
            np.testing.assert_array_equal(picture, pixels)
        else:
            left, top, right, bottom = face.box
            assert picture.shape[0] >= min(bottom, len(pixels)) - max(top, 0)
            assert picture.shape[1] >= min(right, pixels.shape[1]) - max(left, 0)
            assert picture.shape[:2] < pixels.shape[:2]


@pytest.mark.parametrize("checkpoint", ["llava"], indirect=True)
@pytest.mark.parametrize("scored_by", ["text", "likelihood"])
def test_a_checkpoint_is_asked_and_measured(
    checkpoint, photographs, vocabulary, parser, tmp_path, scored_by
):
    kind, folder = checkpoint
    settings = configured(
        rivals__llava_1_5_7b__model_class=CLASSES[kind],
        local={"path": str(folder), "device": "cpu", "batch_size": 4},
        scored_by=scored_by,
    )
    answers, account = ask(settings, vocabulary, photographs, tmp_path)
    assert (account["asked"], account["failed"]) == (4 + 2 * 3, {})
    truth = truth_of(photographs, "test", vocabulary)
    rule_set = rules(vocabulary)
    table, tally = predictions_of(answers, truth, vocabulary, rule_set, settings, parser)
    assert tally["questions"] == 10
    if scored_by == "likelihood":
        assert tally["answered"] == 10
        members = vocabulary.groups["expression"]
        of = table[table["dataset"] == "expw"][[f"p_{m}" for m in members]]
        np.testing.assert_allclose(of.sum(axis=1), 1, atol=1e-5)
        assert of.nunique().max() > 1
    metrics = evaluate(
        table,
        vocabulary,
        rule_set,
        np.full(len(vocabulary), 0.5),
        EvaluationSettings(n_resamples=5),
    )
    assert metrics["datasets"]["expw"]["tasks"]["expression"]["n"] == 4
    assert metrics["datasets"]["fairface"]["tasks"]["race"]["n"] == 2


@contextlib.contextmanager
def transformers_serve(folder):
    """The server of transformers, with one model, on a free port."""
    from transformers.cli.serve import Serve

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Serve(
        force_model=str(folder), device="cpu", host="127.0.0.1", port=port, non_blocking=True
    )
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10)
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill_server()


def test_transformers_own_server_answers_as_the_checkpoint_does(photographs, vocabulary, tmp_path):
    folder = tmp_path / "llava"
    tiny.save("llava", folder)
    with transformers_serve(folder) as url:
        settings = configured(
            rivals__llava_1_5_7b__way="server",
            rivals__llava_1_5_7b__served_as=str(folder),
            server=ServerSettings(base_url=url, concurrency=2),
        )
        served, account = ask(settings, vocabulary, photographs, tmp_path / "work")
        assert (account["asked"], account["failed"]) == (10, {})
        _, again = ask(settings, vocabulary, photographs, tmp_path / "work")
        assert (again["asked"], again["held"]) == (0, 10)
        by_likelihood = settings.model_copy(update={"scored_by": "likelihood"})
        with pytest.raises(ParameterError, match="scored_by=text"):
            ask(by_likelihood, vocabulary, photographs, tmp_path / "work")
    # The server sees the pictures as JPEG; asked here about the same pixels it says the same.
    local = configured(local={"path": str(folder), "device": "cpu", "batch_size": 1})
    with_jpeg = LocalRival.ask

    def compressed(self, pictures, questions):
        return with_jpeg(self, [through_jpeg(picture) for picture in pictures], questions)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalRival, "ask", compressed)
        here, _ = ask(local, vocabulary, photographs, tmp_path / "work")
    assert here["text"].tolist() == served["text"].tolist()
    assert served["text"].nunique() > 1


def through_jpeg(picture):
    from io import BytesIO

    from faceinsight.rivals.faces import jpeg

    return np.asarray(Image.open(BytesIO(jpeg(picture, 95))).convert("RGB"))
