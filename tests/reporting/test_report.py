"""The report's page: whole, well-formed, self-contained, and safe to open."""

import io
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from plotly.io import from_json

from faceinsight.errors import ParameterError
from faceinsight.reporting import FIGURES
from faceinsight.reporting.report import WITHHELD

from .conftest import drawn, rendered

SECTIONS = [
    "summary",
    "data",
    "prior",
    "rules",
    "curves",
    "metrics",
    "ablation",
    "calibration",
    "faces",
    "use",
    "provenance",
]
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Checks nesting; collects sections, links, what is loaded, scripts, and visible text."""

    def __init__(self, html):
        super().__init__()
        self.open, self.sections, self.links, self.loads = [], [], [], []
        self.scripts, self.text = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self.sections.append(attributes["id"])
        if tag == "a":
            self.links.append(attributes["href"])
        else:
            self.loads += [attributes[k] for k in ("src", "href", "srcset") if k in attributes]
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif self.open and self.open[-1] != "style":
            self.text.append(data)


@pytest.fixture(scope="module")
def arguments(report_arguments):
    """With the figures drawn once."""
    return report_arguments | {"figures": drawn(report_arguments)}


@pytest.fixture(scope="module")
def html(arguments):
    return rendered(arguments)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_is_well_formed_with_all_sections_in_order(html, page):
    assert html.startswith("<!doctype html>")
    assert page.open == []
    assert page.sections == SECTIONS
    assert page.links == [f"#{name}" for name in SECTIONS]


def test_loads_nothing_from_anywhere(html, page):
    assert page.loads
    assert all(address.startswith("data:image/png;base64,") for address in page.loads)
    assert "default-src 'none'" in html
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style


def test_plotly_is_inlined_once_and_draws_every_chart(html, page):
    libraries = [script for script in page.scripts if len(script) > 1_000_000]
    assert len(libraries) == 1
    shown = list(re.findall(r'Plotly\.newPlot\(\s*"(chart-[a-z_]+)"', html))
    assert shown == [f"chart-{name}" for name in FIGURES]
    assert shown == list(re.findall(r'<div id="(chart-[a-z_]+)"', html))


def test_the_ablation_table_comes_first(page, arguments):
    text = " ".join(" ".join(page.text).split())
    table = arguments["ablation"]
    for variant, value in zip(table["variant"], table["map"], strict=True):
        assert f"{variant} {value * 100:.1f}" in text
    assert text.index("+lgc") < text.index("CelebA")
    assert "+lgc ranks better than org" in text


def test_says_what_was_skipped_and_why(page):
    text = " ".join(" ".join(page.text).split())
    assert "truncated 5 img_align_celeba/000000.jpg" in text
    assert "all faces are in train" in text


def test_input_is_escaped(html, page):
    assert "<b>bold</b>.jpg, row 7" in " ".join(page.text)  # as text, not as a tag
    assert "&lt;b&gt;bold&lt;/b&gt;.jpg" in html
    assert "<script>alert" not in html
    assert "</script><script>alert(1)" in " ".join(page.text)


def test_hostile_names_stay_text(report_arguments):
    evil = "</script><img src=x onerror=alert(1)>"
    hostile = report_arguments | {
        "curves": {evil: report_arguments["curves"]["org"]},
        "provenance": {evil: evil},
        "withheld": evil,
        "examples": None,
    }
    page = Page(rendered(hostile))
    assert page.loads == []
    assert page.open == []
    assert page.sections == SECTIONS


def test_faces_are_shown_with_marks(page, arguments):
    faces = arguments["examples"]
    assert len(page.loads) == 2 * len(faces)  # a frame and a map each
    text = "".join(page.text)
    assert all(mark in text for mark in "●✕△")


def test_faces_are_withheld_without_permission(arguments):
    page = Page(rendered(arguments | {"examples": None}))
    assert page.loads == []
    assert WITHHELD in " ".join(page.text)
    assert "no test faces to show" in " ".join(Page(rendered(arguments | {"examples": []})).text)


def test_is_the_same_when_rendered_again(html, arguments):
    assert rendered(arguments) == html


def test_one_variant_is_enough(report_arguments):
    one = report_arguments | {
        "metrics": {"org": report_arguments["metrics"]["org"]},
        "ablation": report_arguments["ablation"].iloc[:1],
        "characteristics": report_arguments["characteristics"].iloc[:0],
    }
    assert "no difference between variants to judge" in " ".join(Page(rendered(one)).text)


def test_tables_and_figures_may_come_from_files(arguments, html):
    tables = ("ablation", "summary", "skipped", "label_violations")
    read = {name: pd.read_csv(io.StringIO(arguments[name].to_csv(index=False))) for name in tables}
    figures = {name: from_json(of.to_json()) for name, of in arguments["figures"].items()}
    text = Page(rendered(arguments | read | {"figures": figures})).text
    assert text == Page(html).text


def test_without_metrics_it_says_so(arguments):
    with pytest.raises(ParameterError, match="no metrics of any variant"):
        rendered(arguments | {"metrics": {}})
    with pytest.raises(ParameterError, match="figure 'composition' is missing"):
        rendered(arguments | {"figures": {}})
