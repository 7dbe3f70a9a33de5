"""The page without a browser; `tests/doors` walks it in one."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from html import escape
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from faceinsight import FaceInsight
from faceinsight.inference.explanation import BY_AREAS
from faceinsight.method.variants import ORG
from faceinsight.serving.engine import Engine
from faceinsight.serving.mount import mount_page
from faceinsight.serving.page import _Page, create_page
from faceinsight.serving.settings import ServerSettings
from tests.inference.conftest import WHOLE, save_model
from tests.inference.test_areas import blue_face
from tests.serving.conftest import encoded


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = save_model(tmp_path_factory.mktemp("lgc"), {"maps": "provided"})
    engine = Engine(FaceInsight.from_pretrained(folder, WHOLE), ServerSettings(queue=1))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def page(engine: Engine) -> _Page:
    return _Page(engine)


VISIT: Any = SimpleNamespace(session_hash="a tab")


def png() -> bytes:
    stream = BytesIO()
    Image.new("RGB", (40, 30)).save(stream, "PNG")
    return stream.getvalue()


def event(**data: Any) -> Any:
    return SimpleNamespace(**data)


def test_an_example_is_seen_whatever_is_done_with_photographs(page: _Page) -> None:
    shown = page._example("served", event(number=2), VISIT)
    assert shown.status["text"] == "2 faces, seen by the model served."
    assert not shown.status["error"]
    assert shown.picture.count("data-face") == 2
    words, _, answer, why = page._choose(event(face=2), VISIT)
    assert "Face 2 of 2" in words
    assert answer == why == ""
    assert "What “bangs” hangs on" in page._explain(event(id="Bangs"), VISIT)
    assert "the model knows no" in page._explain(event(id="nonsense"), VISIT)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("!", "This is no photograph."),
        (None, "This is no photograph."),
        ("", "This photograph has no bytes"),
        ("bm8gcGhvdG9ncmFwaA==", "This photograph"),
    ],
)
def test_what_is_no_photograph_is_told_in_a_sentence(page: _Page, data: Any, told: str) -> None:
    shown = page._photograph("served", event(data=data), VISIT)
    assert shown.status["error"]
    assert shown.status["text"].startswith(told)
    assert "Choose a photograph" in page._ask("Does she smile?", VISIT)
    assert shown.words == shown.bars == shown.picture == ""


def test_a_photograph_without_a_map_is_told_what_to_do(page: _Page) -> None:
    pixel = b64encode(png()).decode()
    shown = page._photograph("served", event(data=pixel), VISIT)
    assert shown.status["error"]
    assert shown.status["offers"] == []
    assert "label maps" in shown.status["text"]
    assert "or start the server with --maps=parsed" in shown.status["text"]
    assert "<img" in shown.picture
    again = page._photograph("served", event(data=pixel), VISIT)
    assert again.status != shown.status  # else the browser would not hear of it


def test_a_photograph_that_is_not_understood_is_looked_at_in_another_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a model that reads no maps, and then, as no detector is at hand, as one face."""

    def unreachable(*_: Any, **__: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr("facer.face_detector", unreachable)
    save_model(tmp_path / "org/model/1/model", {"maps": "provided"}, variant=ORG)
    folder = save_model(tmp_path / "lgc/model/1/model", {"maps": "provided"})
    engine = Engine(FaceInsight.from_pretrained(folder), ServerSettings())
    page = _Page(engine)
    shown = page._photograph("lgc", event(data=b64encode(png()).decode()), VISIT)
    (offer,) = shown.status["offers"]
    assert (offer["text"], offer["model"]) == ("Go on with the model org", "org")
    assert "Choose a photograph" in page._ask("Does she smile?", VISIT)

    shown = page._again(event(**offer), VISIT)
    assert "--detector-weights" in shown.status["text"]
    (offer,) = shown.status["offers"]
    shown = page._again(event(**offer), VISIT)
    assert shown.status["text"] == "1 face, seen by the model org."
    assert shown.model == "org"
    assert "fi-error" not in page._ask("", VISIT)
    assert "No detector framed this face" in page._explain(event(id="Bangs"), VISIT)
    page._change("lgc", VISIT)
    shown = page._change("org", VISIT)
    assert shown.status["text"] == "1 face, seen by the model org."
    engine.close()


def test_a_photograph_of_ones_own_is_explained_without_a_parser(
    tmp_path: Path, without_weights: None
) -> None:
    engine = Engine(
        FaceInsight.from_pretrained(save_model(tmp_path / "org", variant=ORG)), ServerSettings()
    )
    page, photo = _Page(engine), encoded(Image.fromarray(blue_face()))
    shown = page._photograph("served", event(data=b64encode(photo).decode()), VISIT)
    assert shown.status["text"] == "1 face, seen by the model served."
    why = page._explain(event(id="Bangs"), VISIT)
    assert "What “bangs” hangs on" in why
    assert "hair and forehead" in why
    assert escape(BY_AREAS.partition("`")[0]) in why
    assert "<code>faceinsight download</code>" in why
    assert "`" not in why
    shown = page._example("served", event(number=1), VISIT)
    why = page._explain(event(id="Bangs"), VISIT)
    assert "What “bangs” hangs on" in why
    assert "areas" not in why  # an example has its own map
    engine.close()


def test_a_full_server_says_so(page: _Page, engine: Engine) -> None:
    with engine.admission():
        shown = page._example("served", event(number=0), VISIT)
    assert shown.status["text"] == "The server is busy with others: try again in a moment."
    assert shown.status["error"]


def test_nothing_can_be_asked_of_nothing(page: _Page) -> None:
    other: Any = SimpleNamespace(session_hash="another tab")
    assert "Choose a photograph" in page._ask("Does she smile?", other)
    assert "Choose a photograph" in page._choose(event(face=1), other)[0]


def test_a_photograph_is_kept_for_one_tab_until_it_closes(page: _Page) -> None:
    other: Any = SimpleNamespace(session_hash="another tab")
    page._example("served", event(number=0), VISIT)
    page._example("served", event(number=2), other)
    assert "Face 1 of 2" in page._choose(event(face=1), other)[0]
    assert "Choose a photograph" in page._choose(event(face=2), VISIT)[0]
    page._forget(VISIT)
    assert "Choose a photograph" in page._choose(event(face=1), VISIT)[0]
    for number in range(70):
        page._example("served", event(number=0), SimpleNamespace(session_hash=str(number)))  # type: ignore[arg-type]
    assert "Choose a photograph" in page._choose(event(face=1), other)[0]
    assert len(page._seen) == 64


def test_a_defect_of_ours_stays_in_the_log(
    page: _Page, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(page, "_faces", fail)
    shown = page._example("served", event(number=0), VISIT)
    assert "a secret" not in str(shown)
    assert "a secret" in caplog.text


def test_the_root_leads_to_the_page_and_nothing_is_asked_of_other_hosts(engine: Engine) -> None:
    app = FastAPI()
    mount_page(app, create_page(engine))
    client = TestClient(app, base_url="http://127.0.0.1")
    assert client.get("/", follow_redirects=False).headers["location"] == "/page/"
    assert "<svg" in client.get("/favicon.ico").text
    config = client.get("/page/config").json()
    assert not config["analytics_enabled"]
    assert config["footer_links"] == []
    assert all(one["api_visibility"] == "private" for one in config["dependencies"])
    assert "googleapis" not in client.get("/page/theme.css").text
