"""The page, walked as a visitor walks it."""

from __future__ import annotations

import json
import re
import signal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from faceinsight.serving.page import CAUTION
from tests.doors.conftest import PATIENCE, Server, Watched
from tests.doors.server import started

DRAWN = "Drawn: a man and a woman"
"""The example of two faces."""

NARROW = {"viewport": {"width": 400, "height": 800}}


def show_example(page: Page, name: str = DRAWN) -> None:
    page.get_by_role("button", name=name).click()
    page.get_by_role("heading", name="Every probability").wait_for()


def upload(page: Page, data: bytes, kind: str = "image/png") -> None:
    file = {"name": "a photograph of mine.png", "mimeType": kind, "buffer": data}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]


def png(colour: str = "gray") -> bytes:
    stream = BytesIO()
    Image.new("RGB", (300, 200), colour).save(stream, "PNG")
    return stream.getvalue()


def serious(page: Page) -> list[Any]:
    """What axe finds that keeps people out, once nothing is pale that waits for the server."""
    page.wait_for_function(
        """() => document.getAnimations().every(of => of.playState !== 'running')
            && !document.querySelector('.pending, .generating')"""
    )
    found = Axe().run(page).response["violations"]
    return [
        (one["id"], [node["html"] for node in one["nodes"]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def test_an_example_from_its_boxes_to_an_answer(open_page: Any) -> None:
    page = open_page(viewport={"width": 1280, "height": 900})
    assert serious(page) == []
    show_example(page)
    expect(page.get_by_role("status").first).to_have_text("2 faces, seen by the model org.")

    boxes = page.locator("[data-face]")
    expect(boxes).to_have_count(2)
    picture = page.locator(".fi-picture img").bounding_box()
    for box in boxes.all():
        place = box.bounding_box()
        assert picture is not None
        assert place is not None
        assert picture["x"] <= place["x"]
        assert place["x"] + place["width"] <= picture["x"] + picture["width"] + 1
        assert 20 < place["width"] < picture["width"] / 2

    page.get_by_role("button", name="Face 1").click()
    expect(page.get_by_role("heading", name="Face 1 of 2, from the left")).to_be_visible()
    expect(page.get_by_role("button", name="Face 1")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Face 2").click()
    expect(page.get_by_role("heading", name="Face 2 of 2, from the left")).to_be_visible()

    labels = page.locator(".fi-labels li").all_inner_texts()
    shown = [re.sub(r"\s+", " ", bar) for bar in page.locator(".fi-bar").all_inner_texts()]
    present = [bar for bar in shown if "present" in bar]
    assert len(labels) == len(present) > 3
    assert all(any(bar.startswith(label) for bar in present) for label in labels)
    expect(page.get_by_text("This model was not calibrated")).to_be_visible()

    label = page.locator(".fi-labels button").first
    label.click()
    expect(
        page.get_by_role("heading", name=f"What “{label.inner_text()}” hangs on")
    ).to_be_visible()
    assert page.locator(".fi-why tbody tr").count() > 5
    assert page.locator(".fi-why img").evaluate("image => image.naturalWidth") > 100
    page.locator(".fi-bar [data-explain=Wavy_Hair]").press("Enter")
    expect(page.get_by_role("heading", name="What “wavy hair” hangs on")).to_be_visible()

    page.get_by_label("Ask about this face").fill("Does she wear glasses?")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".fi-answer .fi-lead")).to_contain_text("glasses")
    assert serious(page) == []


def test_what_is_sensitive_stays_hidden(open_page: Any) -> None:
    page = open_page()
    show_example(page)
    text = page.inner_text("body").lower()
    for word in ("pale skin", "attractive", "asian", "white", "race", "chubby", "big nose"):
        assert word not in text
    page.get_by_label("Ask about this face").fill("What is the race of this person?")
    page.get_by_label("Ask about this face").press("Enter")
    expect(page.locator(".fi-answer .fi-lead")).to_contain_text("sensitive")


def test_a_photograph_of_faces_and_one_without(open_page: Any, shared: Path) -> None:
    page = open_page()
    rows = [row.split()[0] for row in (shared / "data/expw/label.lst").read_text().splitlines()]
    root = shared / "data/expw/image"
    several = next(n for n in dict.fromkeys(rows) if rows.count(n) > 1 and (root / n).is_file())
    upload(page, (root / several).read_bytes(), "image/jpeg")
    page.get_by_role("heading", name="Every probability").wait_for()
    assert page.locator("[data-face]").count() > 1

    upload(page, png())
    expect(page.get_by_text("No face was found in this photograph")).to_be_visible()
    expect(page.locator("[data-face]")).to_have_count(0)
    expect(page.locator(".fi-bar")).to_have_count(0)
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("Choose a photograph or an example first.")).to_be_visible()
    assert serious(page) == []


def test_a_file_that_is_no_photograph_is_told_in_one_sentence(open_page: Any) -> None:
    page = open_page()
    for data in (b"no photograph", b"", png()[:200]):
        upload(page, data)
        told = page.locator(".fi-live.fi-error")
        expect(told).to_contain_text("his photograph")
        assert "Traceback" not in page.inner_text("body")
        assert "/" not in told.inner_text()
        show_example(page)
        expect(page.locator(".fi-live.fi-error")).to_have_count(0)
    upload(page, bytes(21_000_000))
    expect(page.locator(".fi-live.fi-error")).to_contain_text("This file has 21 MB")


def test_the_camera(open_page: Any) -> None:
    page = open_page(permissions=["camera"])
    page.get_by_role("button", name="Use the camera").click()
    page.wait_for_function("document.querySelector('video').videoWidth > 0")
    assert serious(page) == []
    page.get_by_role("button", name="Take the picture").click()
    expect(page.get_by_text("No face was found in this photograph")).to_be_visible()
    assert page.locator(".fi-picture img").evaluate("image => image.naturalWidth") > 100
    assert page.evaluate("document.querySelector('video').srcObject") is None


def test_another_model_sees_the_same_photograph(open_page: Any) -> None:
    page = open_page()
    show_example(page)
    page.get_by_label("lgc").check()
    expect(page.get_by_role("status").first).to_have_text("2 faces, seen by the model lgc.")
    for colour in ("gray", "teal"):  # the second is refused in the same words, and told so
        upload(page, png(colour))
        expect(page.locator(".fi-live.fi-error")).to_contain_text("label maps")
    assert serious(page) == []
    page.get_by_role("button", name="Go on with the model org").click()
    expect(page.get_by_text("No face was found in this photograph")).to_be_visible()
    page.get_by_role("button", name="Take the whole picture as one face").press("Enter")
    expect(page.get_by_role("status").first).to_have_text("1 face, seen by the model org.")
    expect(page.get_by_label("org")).to_be_checked()
    expect(page.locator(".fi-offers button")).to_have_count(0)
    page.locator(".fi-labels button").first.click()
    expect(page.locator("p.fi-error:not(.fi-live)")).to_contain_text("No detector framed this face")
    assert serious(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_400_pixels_light_and_dark(open_page: Any, scheme: str) -> None:
    page = open_page(color_scheme=scheme, **NARROW)
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        assert serious(page) == []
        show_example(page)
    dark = page.evaluate(
        "getComputedStyle(document.querySelector('.gradio-container')).backgroundColor"
    )
    (brightness, *_) = map(int, re.findall(r"\d+", dark))
    assert (brightness < 60) == (scheme == "dark")


def test_the_caution_is_always_in_sight(open_page: Any) -> None:
    for options in ({}, NARROW):
        page = open_page(**options)
        show_example(page)
        for where in ("0", "document.body.scrollHeight / 2", "document.body.scrollHeight"):
            page.evaluate(f"window.scrollTo(0, {where})")
            expect(page.get_by_text(CAUTION)).to_be_in_viewport(ratio=0.99)


def test_by_keyboard_alone(open_page: Any) -> None:
    page = open_page()

    def reach(selector: str) -> None:
        for _ in range(150):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                outline = "getComputedStyle(document.activeElement).outlineStyle"
                assert page.evaluate(outline) != "none" or "file" in selector
                return
        pytest.fail(f"Tab never reaches {selector}")

    reach("input[type=file]")
    reach("[data-example='2']")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Every probability").wait_for()
    reach("[data-face='1']")
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="Face 1 of 2")).to_be_visible()
    reach("textarea, input[type=text]")
    page.keyboard.type("Is she smiling?")
    page.keyboard.press("Enter")
    expect(page.locator(".fi-answer .fi-lead")).to_be_visible()


def test_behind_a_token_that_the_browser_asks_for(browser: Browser, models: Path) -> None:
    token = "sixteen letters!"
    options = [f"--model={models / 'org'}", "--faces=whole", "--device=cpu", f"--token={token}"]
    with started(*options) as guarded:
        refused = browser.new_context(http_credentials={"username": "", "password": "another"})
        answer = refused.new_page().goto(guarded.url)
        assert answer is not None
        assert answer.status == 401
        refused.close()

        watched = Watched()
        context = browser.new_context(http_credentials={"username": "", "password": token})
        context.set_default_timeout(PATIENCE)
        watched.watch(context, guarded.url)
        page = context.new_page()
        page.goto(guarded.url)
        upload(page, png())
        expect(page.get_by_role("status").first).to_have_text("1 face, seen by the model org.")
        page.get_by_label("Ask about this face").fill("Does she wear glasses?")
        page.get_by_role("button", name="Ask").click()
        expect(page.locator(".fi-answer .fi-lead")).to_contain_text("glasses")
        show_example(page)
        page.locator(".fi-labels button").first.click()
        expect(page.locator(".fi-why tbody tr").nth(5)).to_be_visible()
        context.close()
        assert (watched.foreign, watched.errors) == ([], [])


def test_nothing_of_a_photograph_is_left_on_disk(open_page: Any, served: Server) -> None:
    page = open_page()
    upload(page, png("teal"))
    expect(page.get_by_text("No face was found in this photograph")).to_be_visible()
    show_example(page)
    temporary = served.log.parent / "temporary"
    left = [path for path in temporary.rglob("*") if path.is_file()]
    # PyTorch Geometric writes and compiles code there.
    assert [path for path in left if not path.name.startswith("torch_geometric.")] == []
    assert "a photograph of mine" not in served.log.read_text()
    stored = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert "image" not in json.loads(stored)
    assert page.evaluate("indexedDB.databases().then(found => found.length)") == 0


def test_the_server_ends_at_once_though_a_tab_is_open(browser: Browser, served: Server) -> None:
    """The last test: nothing is served after it."""
    page = browser.new_page()
    page.goto(served.url)
    show_example(page)
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(40) == 0
    assert "Traceback" not in served.log.read_text()
    page.close()
