"""A server as a process of its own, and a browser before it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from faceinsight.answers.lexicon import Lexicon
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.method.variants import LGC, ORG
from faceinsight.model import build_model
from tests.model import tiny

PATIENCE = 60_000
"""Milliseconds: nothing takes so long but on a machine that is busy with something else."""

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def models(
    tmp_path_factory: pytest.TempPathFactory, vocabulary: Vocabulary, lexicon: Lexicon
) -> Path:
    """A project's models, `org` and `lgc`, with the whole vocabulary and random weights."""
    root = tmp_path_factory.mktemp("06_models")
    groups = [
        (f"exactly one of {{{', '.join(members)}}}", "a group", "group")
        for members in vocabulary.groups.values()
    ]
    for variant, maps in ((ORG, "none"), (LGC, "provided")):
        model = build_model(
            tiny.settings(),
            vocabulary,
            None,
            np.eye(len(vocabulary)),
            RuleSet(vocabulary.ids, groups),
            variant=variant,
            lexicon=lexicon,
        )
        model.config.crops = SegmentationSettings(maps=maps, size=tiny.SIZE).of_crops()
        model.save_pretrained(root / f"{variant.name}/model/2026-01-02T03.04.05.678Z/model")
    return root


@dataclass
class Server:
    """A server that runs.

    Attributes:
        url: where.
        process: it.
        log: what it wrote.
    """

    url: str
    process: subprocess.Popen[str]
    log: Path


@pytest.fixture(scope="session")
def served(
    models: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """`faceinsight serve` with a detector, `org` in front."""
    folder = tmp_path_factory.mktemp("served")
    log, temporary = folder / "log.txt", folder / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "faceinsight", "serve", "--port=0", "--device=cpu"]
    command += [f"--model={models / 'org'}"]
    command += [f"--detector-weights={shared / 'weights/retinaface_mobilenet0.25.pth'}"]
    environment = os.environ | {"TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"}
    with log.open("w") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        )
    assert process.stdout is not None
    said = process.stdout.readline()
    found = re.search(r"http://\S+", said)
    assert found, log.read_text()
    yield Server(found[0], process, log)
    process.kill()
    process.wait()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
            ],
        )
        yield browser
        browser.close()


@dataclass
class Watched:
    """What a browser did beside what a test asks of it.

    Attributes:
        foreign: requests to other hosts.
        errors: of the console, of scripts, and answers that are errors.
    """

    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext, url: str) -> None:
        own = urlsplit(url).netloc

        def asked(request: Any) -> None:
            parts = urlsplit(request.url)
            if parts.scheme not in ("data", "blob") and parts.netloc != own:
                self.foreign.append(request.url)

        def logged(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                self.errors.append(message.text)

        def answered(response: Any) -> None:
            if response.status >= 400:
                self.errors.append(f"{response.status} {response.url}")

        context.on("request", asked)
        context.on("console", logged)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("response", answered)


@pytest.fixture
def open_page(browser: Browser, served: Server) -> Iterator[Any]:
    """Opens the page in a browser with options; at its end nothing may have gone wrong."""
    watched, contexts = Watched(), []

    def open_page(**options: Any) -> Page:
        # Axe would find colours amid a change of theirs too pale.
        context = browser.new_context(**{"reduced_motion": "reduce"} | options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        watched.watch(context, served.url)
        page = context.new_page()
        page.goto(served.url)
        page.get_by_role("button", name="Ask").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert watched.foreign == []
    assert watched.errors == []
