"""The pages: what they link to and name is there, and what they tell to type is tried somewhere."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import pytest
import yaml

from tests.docs.pages import PAGES, ROOT, commands

DOCS = ROOT / "docs"
SUFFIXES = ("cff", "css", "csv", "ipynb", "js", "lark", "md", "py", "sh", "toml", "yml")

MADE_LATER = ("data/", "conf/local/", "maps/", "images/", "pictures/", "config.json", "README.md")
"""What runs, users or models make: pages name it, and it is in no checkout."""

OF_OTHERS = {
    "MAAD_Face.csv", "MAAD-Face.csv", "aggregate_results.py", "answers.csv", "evaluate.py",
    "fairface_label_train.csv", "fairface_label_val.csv", "list_attr_celeba.csv",
    "list_eval_partition.csv", "scores.csv", "test_labels.csv", "train_labels.csv", "words.csv",
    "grid.csv", "card.md", "predict.py", "scores.csv/VERSION/scores.csv",
}  # fmt: skip
"""Names of files of data sets, other projects and results."""

TRIED_ELSEWHERE = {
    "make": "a target of the Makefile (below); CI runs `make test`, which sets up and builds",
    "source": "the environment that `make setup` makes",
    "export": "the variable that names a model (tests/test_cli.py)",
    "curl": "an endpoint of the server (below); tests/serving and tests/doors walk them all",
    "echo": "goes into curl",
    "pip": "the wheel is installed and used (tests/pipelines/test_run.py)",
    "ls": "the folder that a run leaves (tests/pipelines/test_run.py)",
    "jupyter": "the notebook is run from top to bottom (tests/pipelines/test_run.py)",
    "tensorboard": "logs are written where training keeps them (tests/training)",
}
RUN = ("kedro", "faceinsight")
"""What tests/pipelines/test_run.py runs, each line of it, in the smallest environment."""


def loaded(name: str) -> ModuleType:
    """A module beside the pages, as mkdocs loads it."""
    sys.path.insert(0, str(DOCS))
    try:
        spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(DOCS))
    return module


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: what it warns of fails here."""
    place = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", place],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return place


class _Fetched(HTMLParser):
    """What a browser fetches to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = dict(attrs)
        if tag == "link" and of.get("rel") in ("canonical", "next", "prev"):
            return
        if tag in ("script", "img", "link", "iframe", "source", "video", "audio"):
            self.found += [value for name in ("src", "href") if (value := of.get(name))]


def test_no_page_asks_another_host(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        parser = _Fetched()
        parser.feed(page.read_text(encoding="utf-8"))
        assert parser.found
        for address in parser.found:
            split = urlsplit(address)
            assert not split.netloc, f"{page.name}: {address}"
            if split.scheme != "data":
                there = page.parent / split.path
                assert split.path.startswith("/") or there.exists(), f"{page.name}: {address}"
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.search(r"url\(['\"]?(?:https?:)?//|@import", text), style.name


def test_equations_lead_to_the_lines_that_compute_them(site):
    method = (site / "method.html").read_text(encoding="utf-8")
    links = re.findall(r'href="(code/src/[^"#]+)#(__codelineno-0-\d+)"', method)
    assert len(links) > 15
    for page, line in links:
        assert f'id="{line}"' in (site / page).read_text(encoding="utf-8")
    for number in range(2, 10):
        assert re.search(rf"<strong>Eq\. {number}</strong> \(<a href=\"code/src/", method), number
    assert method.count("<math display") >= 9


def test_parameters_are_those_of_the_settings(site):
    page = (site / "parameters.html").read_text(encoding="utf-8")
    assert "<!-- parameters" not in page
    row = page.partition("<code>epochs</code>")[2].partition("</tr>")[0]
    assert "passes over as many examples" in row
    assert "<code>20</code> in base" in row
    assert "lora.rank" in page


def test_every_block_of_typed_parameters_has_its_table():
    """What a node takes as a settings class is one of the tables."""
    nodes = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "src/faceinsight/pipelines").glob("*/nodes.py")
    )
    taken = set(re.findall(r"\b\w+Settings\b", nodes))
    page = (DOCS / "parameters.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"<!-- parameters: \S+ \S+\.(\w+) -->", page))
    assert len(taken) > 10
    assert taken - shown == {"LexiconSettings"}  # words for characteristics, in characteristics.yml


def test_commands_are_those_of_the_command_line(site):
    page = (site / "command_line.html").read_text(encoding="utf-8")
    assert "<!-- command" not in page
    for option in ("--pictures", "--direct", "--port"):
        assert option in page


def test_what_the_site_makes_is_named_where_it_is_not_made():
    """In a checkout pages have no tables, but a way to what these are made from."""
    found = [
        (page, *match.groups())
        for page in PAGES
        for match in re.finditer(
            r"^(.*)\n\n<!-- (parameters|command): (.*) -->$", page.read_text("utf-8"), re.M
        )
    ]
    everything = sum(page.read_text("utf-8").count("\n<!-- ") for page in PAGES)
    assert len(found) == everything > 20
    for page, before, kind, of in found:
        if kind == "command":
            assert f"`faceinsight {of} --help`" in before, before
            continue
        module, _, name = of.split()[1].rpartition(".")
        source = ROOT / "src" / f"{module.replace('.', '/')}.py"
        (link,) = re.findall(r"\((\S+)#(\w+)\)", before)
        assert ((page.parent / link[0]).resolve(), link[1]) == (source, name)


def test_every_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(re.findall(r"^ +- (\S+\.md)$", text, re.MULTILINE))
    hooks = loaded("hooks")
    there = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert listed == there | set(hooks.PAGES.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_what_they_define(page):
    hooks = loaded("hooks")
    text = page.read_text(encoding="utf-8")
    for match in hooks.LINK.finditer(text):
        target = (page.parent / match["path"]).resolve()
        assert target.exists(), match[0]
        name = match["name"]
        if name and target.suffix == ".py":
            assert hooks.line_of(target, name) > 0
        elif name:
            heads = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert name in {_slug(head) for head in heads}, match[0]


def _slug(heading: str) -> str:
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", text).strip().lower())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_are_there(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    named = set(re.findall(rf"`([\w./-]+\.(?:{'|'.join(SUFFIXES)}))`", text)) - OF_OTHERS
    source = [f"/{path.as_posix()}" for path in (ROOT / "src").rglob("*") if path.is_file()]
    for name in named:
        if not name.startswith(MADE_LATER):
            places = (ROOT / name, ROOT / "conf/base" / name, DOCS / name)
            found = any(place.is_file() for place in places)
            assert found or any(path.endswith(f"/{name}") for path in source), name


def test_what_is_typed_is_tried():
    known = commands()
    assert len(known) > 40
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    server = (ROOT / "src/faceinsight/serving/app.py").read_text(encoding="utf-8")
    for command in known:
        first, *rest = command.words
        if command.needs is not None:
            assert command.needs.startswith("needs "), command
        else:
            assert first in RUN or first in TRIED_ELSEWHERE, command
        if first == "make":
            assert re.search(rf"^{rest[0]}:", makefile, re.MULTILINE), command
        for path in re.findall(r"(?:localhost|127\.0\.0\.1):8000(/\w+)", command.line):
            assert f'"{path}"' in server, command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_shown_of_python_and_yaml_can_be_read(page):
    blocks = re.findall(r"^```(python|yaml)\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    for language, text in blocks:
        if language == "yaml":
            assert yaml.safe_load(text)
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module == "faceinsight":
                for name in node.names:
                    assert hasattr(importlib.import_module("faceinsight"), name.name), name.name


def test_the_issue_templates_have_a_head():
    for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.md"):
        _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
        assert {"name", "about"} <= set(yaml.safe_load(head))
        assert body.strip()


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"p_{ij} = \frac{m_{ij}}{n_i}", ["<mfrac>", "<msub><mi>p</mi>"]),
        (r"\sum_{i=1}^{N} \hat{c}_i", ["<munderover><mo>∑</mo>", '<mover accent="true">']),
        (r"\begin{cases} 1, & a \ge b \\ 0, & a < b \end{cases}", ["<mtable", "≥", "&lt;"]),
    ],
)
def test_tex_becomes_mathml(tex, shown):
    made = loaded("mathml").mathml(tex)
    for part in shown:
        assert part in made
    # It is well formed, whatever is in it.
    from xml.etree import ElementTree

    assert ElementTree.fromstring(made).tag.endswith("math")


@pytest.mark.parametrize("tex", [r"\unknown{x}", "a } b"])
def test_tex_that_is_not_known_is_refused(tex):
    with pytest.raises(ValueError, match="math: "):
        loaded("mathml").mathml(tex)
