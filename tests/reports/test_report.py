"""The report's page: whole, well-formed, self-contained, and safe to open."""

import copy
import dataclasses
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from markupsafe import Markup
from plotly.io import from_json

from faceinsight.data.classes import MAP_CLASSES
from faceinsight.errors import ParameterError
from faceinsight.reports import FIGURES, result_figures
from faceinsight.reports import page as writer
from faceinsight.reports.charts import FAINT, INK
from faceinsight.reports.report import WITHHELD
from tests.reports.conftest import plain_figures, rendered

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
        self.scripts, self.text, self.tags = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
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

    def words(self):
        return " ".join(" ".join(self.text).split())

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif self.open and self.open[-1] != "style":
            self.text.append(data)


@pytest.fixture(scope="module")
def arguments(report_arguments):
    return report_arguments


@pytest.fixture(autouse=True)
def _without_the_library(request, monkeypatch):
    """4.5 MB of Plotly are read into the page once, where it is the page that is looked at."""
    if "html" not in request.fixturenames and "page" not in request.fixturenames:
        monkeypatch.setattr(writer, "_plotly_js", lambda: Markup(""))


@pytest.fixture(scope="module")
def html(arguments, report_figures):
    return rendered(arguments | {"figures": report_figures})


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_is_well_formed_with_all_sections_in_order(html, page):
    assert html.startswith("<!doctype html>")
    assert page.open == []
    assert page.sections == SECTIONS
    assert page.links == ["#summary", *(f"#{name}" for name in SECTIONS)]


def test_says_where_the_newest_of_everything_lies(arguments, project_root):
    said = rendered(arguments | {"figures": plain_figures(), "latest": Path("data/latest")})
    assert said.index("data/latest") < said.index("<h2>Summary</h2>")
    catalogs = (project_root / "conf/base").glob("catalog*.yml")
    text = "\n".join(path.read_text("utf-8") for path in catalogs)
    files = [path.replace("{run}", "lgc") for path in re.findall(r"_data\}/\w+/(\S+)", text)]
    kept = {part for path in files for part in (path, *map(str, Path(path).parents))}
    table = said[said.index('id="latest"') :].partition("</table>")[0]
    paths = [p for code in re.findall("<td><code>(.+?)</code>", table) for p in code.split(", ")]
    assert {"report.html", "ablation.csv", "lgc/model/", "org/metrics.json"} <= {*paths}
    assert {re.sub("^(org|seg|corr)/", "lgc/", path).rstrip("/") for path in paths} <= kept


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
    # None of these models is calibrated: `test_coverage` has one that is.
    assert shown == [f"chart-{name}" for name in FIGURES if name != "coverage"]
    assert shown == list(re.findall(r'<div id="(chart-[a-z_]+)"', html))


def test_the_ablation_table_comes_first(page, arguments):
    text = page.words()
    table = arguments["ablation"]
    for variant, value in zip(table["variant"], table["map"], strict=True):
        assert f"{variant} {value * 100:.1f}" in text
    assert text.index("+lgc") < text.index("CelebA")
    assert "+lgc ranks better than org" in text


def test_says_what_was_skipped_and_why(page):
    text = page.words()
    assert "truncated 5 img_align_celeba/000000.jpg" in text


def test_says_of_each_data_set_how_it_is_split(page, arguments):
    text = page.words()
    assert "all faces are in train" in text  # why CelebA's own split was not used
    assert re.search(r"MAAD [\d. ]+ by a hash of the identity", text)
    assert re.search(r"FairFace [\d. ]+ test is its authors' val", text)


def test_input_is_escaped(html, page):
    assert "<b>bold</b>.jpg, row 7" in " ".join(page.text)  # as text, not as a tag
    assert "&lt;b&gt;bold&lt;/b&gt;.jpg" in html
    assert "<script>alert" not in html
    assert "</script><script>alert(1)" in " ".join(page.text)


def test_hostile_names_stay_text(report_arguments):
    evil = "</script><img src=x onerror=alert(1)>"
    curves = result_figures.learning_curves({evil: report_arguments["curves"]["org"]})
    hostile = report_arguments | {
        "figures": plain_figures() | {"curves": curves},
        "provenance": {evil: evil},
        "withheld": evil,
        "examples": None,
    }
    page = Page(rendered(hostile))
    assert page.loads == []
    assert page.open == []
    assert page.sections == SECTIONS


def test_what_hangs_elsewhere_is_told(arguments):
    parts = {"background": 2.5, "hair": 1.0, "skin": -0.5}
    of = {"present": 30, "absent": 40, "gap": 3.25, "sure": True, "parts": parts}
    found = {
        "Bangs": of | {"expected": ["hair", "skin"], "elsewhere": True},
        "Bald": of | {"expected": None, "elsewhere": False},
    }
    measured = {"faces": 240, "method": "fill", "characteristics": found}
    plain = arguments | {"figures": plain_figures(), "examples": None}
    with_regions = Page(rendered(plain | {"regions": measured}))
    assert with_regions.open == []
    assert with_regions.sections == [*SECTIONS[:8], "regions", *SECTIONS[8:]]
    words = with_regions.words()
    assert "1 characteristic hangs most on a region where it is not expected:" in words
    assert "on background (expected: hair, skin)." in words
    as_expected = {"Bangs": found["Bangs"] | {"elsewhere": False, "expected": ["background"]}}
    said = rendered(plain | {"regions": measured | {"characteristics": as_expected}})
    assert "not expected:" not in said


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


def test_one_variant_is_enough(report_arguments):
    one = report_arguments | {
        "metrics": {"org": report_arguments["metrics"]["org"]},
        "ablation": report_arguments["ablation"].iloc[:1],
        "characteristics": report_arguments["characteristics"].iloc[:0],
    }
    assert "no difference between variants to judge" in " ".join(Page(rendered(one)).text)


def test_tables_and_figures_may_come_from_files(arguments, report_figures, html):
    tables = ("ablation", "characteristics", "summary", "skipped", "label_violations")
    read = {name: pd.read_csv(io.StringIO(arguments[name].to_csv(index=False))) for name in tables}
    figures = {name: from_json(of.to_json()) for name, of in report_figures.items()}
    assert rendered(arguments | read | {"figures": figures}) == html


def test_without_metrics_it_says_so(arguments):
    with pytest.raises(ParameterError, match="no metrics of any variant"):
        rendered(arguments | {"metrics": {}})
    with pytest.raises(ParameterError, match="figure 'composition' is missing"):
        rendered(arguments | {"figures": {}})


def test_drawn_faces_are_said_to_be_drawn_first_of_all(arguments, page):
    text = Page(rendered(arguments | {"drawn": True})).words()
    assert "drawn by a program" in text
    assert text.index("drawn by a program") < text.index("mAP")
    assert "drawn by a program" not in page.words()


def test_variants_stand_in_the_order_in_which_they_add_up(report_arguments):
    turned = {
        name: dict(reversed(report_arguments[name].items()))
        for name in ("metrics", "curves", "order_effects", "agreements")
    }
    assert rendered(report_arguments | turned) == rendered(report_arguments)


def test_answers_in_words_are_compared_where_they_were_learnt(page, arguments):
    said = page.words().split("Do answers in words say")[1].split("Example faces")[0]
    assert "48 test faces were asked" in said
    assert "+lgc 1,240 777 83.1 81.5 0.0 49.7 12 –" in said
    assert "+lgc 61.2 301 – – – 476" in said  # by kind of question
    assert " org " not in said
    none = {name: {} for name in arguments["agreements"]}
    assert "Do answers in words" not in Page(rendered(arguments | {"agreements": none})).words()


def test_the_order_of_the_characteristics_has_a_verdict(report_arguments, page):
    def told(share, shares=()):
        effects = {
            name: of | {"answers_changed": dict(shares).get(name, share)}
            for name, of in report_arguments["order_effects"].items()
        }
        said = Page(
            rendered(report_arguments | {"order_effects": effects, "examples": None})
        ).words()
        verdict = said.split("Does the order of the characteristics matter?")[1]
        return said.split("at a glance")[0], verdict.split("Do answers")[0]

    summary, verdict = told(0.01)
    assert "hardly matters: another order changes at most 1.0%" in verdict
    assert "characteristics_attend" not in summary
    summary, verdict = told(0.01, {"lgc": 0.05})
    assert "matters somewhat: of all answers another order changes 5.0% for +lgc," in verdict
    assert "characteristics_attend" not in summary
    summary, verdict = told(0.03, {"org": 0.2, "lgc": 0.051})
    assert (
        "It does matter here: of all answers another order changes 20.0% for org, 5.1%" in verdict
    )
    assert (
        "another order changes 20.0% for org, 5.1% for +lgc, and more than 5.0% is much" in summary
    )
    assert "model.characteristics_attend=independent" in summary
    assert "owes" not in verdict
    without = Page(rendered(report_arguments | {"order_effects": {}})).words()
    assert "The order in which" not in without


def test_a_large_loss_is_told_before_anything_else(arguments, page):
    skipped = arguments["skipped"].assign(lost=80, of=100)
    said = Page(rendered(arguments | {"skipped": skipped})).words()
    assert "CelebA: 80 of 100 labelled faces (80 %) were left out (5 photographs: truncated" in said
    assert said.index("A large share of the data was not used") < said.index("mAP, %")
    assert "A large share" not in page.words()


def test_what_has_collapsed_is_told_in_the_first_section(vocabulary, arguments):
    metrics = copy.deepcopy(arguments["metrics"])
    for of in metrics.values():
        for dataset in of["datasets"].values():
            for task in dataset["tasks"].values():
                if task["one_of"]:
                    task["decoded_confusion"] = np.diag(task["positives"]).tolist()
    whole = rendered(arguments | {"metrics": metrics})
    assert "Not everything was learnt" not in whole
    race = metrics["lgc"]["datasets"]["fairface"]["tasks"]["race"]
    first, *_ = race["positives"]
    race["decoded_confusion"][0][:2] = [0, first]  # White, called Black
    again = metrics["lgc"] | {
        "datasets": {"expw": copy.deepcopy(metrics["lgc"]["datasets"]["expw"])}
    }
    again["datasets"]["expw"]["tasks"]["expression"]["decoded_confusion"][0][0] = 0
    said = rendered(arguments | {"metrics": metrics | {"lgc.s1": again}})
    section = said.split('<section id="summary">')[1].split("<table>")[0]
    share = first / race["n"]
    assert (
        f"<li>+lgc, FairFace race: never answers White ({share:.0%} of the faces).</li>" in section
    )
    assert "+lgc with seed 1, ExpW expression: never answers angry" in section
    assert "more</summary>" not in section
    assert said.count("Answers by class") == whole.count("Answers by class")  # seeds add no column
    # More than three are folded.
    for name in ("org", "seg", "corr"):
        metrics[name]["datasets"]["fairface"]["tasks"]["race"] = race
    section = rendered(arguments | {"metrics": metrics}).split('<section id="summary">')[1]
    shown, folded = section.split("<summary>1 more</summary>")
    assert [name in shown for name in ("+lgc, ", "+corr, ", "+seg, ", "org, ")] == [True] * 3 + [
        False
    ]
    assert "<li>org, FairFace race" in folded


def test_the_best_variant_is_marked(arguments, page):
    text = page.words().split("On these test faces")[0]
    assert re.findall(r"(\S+ to \S+) best", text.split("+lgc")[-1])[0]
    assert text.count(" best ") == 2  # by mAP and by mean accuracy
    table = arguments["ablation"].assign(behind_high=[0.001, 0.001, 0.001, None])
    said = Page(rendered(arguments | {"ablation": table})).words().split("Data sets One")[0]
    assert said.count("not told from best") == 3
    assert "Best on these faces: by mAP +lgc (not told from it: org, +seg, +corr)" in said
    step = 100 * table["step"].iloc[-1]
    assert f"+lgc {100 * table['map'].iloc[-1]:.1f}" in said
    assert f"{step:+.1f}" in said
    older = table.loc[:, [c for c in table if "step" not in c and "behind" not in c]]
    said = Page(rendered(arguments | {"ablation": older})).words()
    assert "not told from best" not in said


def test_of_several_seeds_the_spread_is_given_and_single_models_are_named(arguments, page):
    ablation = arguments["ablation"].assign(seeds=3, map_spread=0.021, mean_accuracy_spread=0.034)
    said = Page(rendered(arguments | {"ablation": ablation})).words()
    first = ablation.iloc[0]
    assert f"org {100 * first['map']:.1f} ± 2.1 " in said
    assert f" {100 * first['mean_accuracy']:.1f} ± 3.4 " in said
    assert "one training run with one seed" not in said
    assert said.count("Of the model with the first of 3 seeds") == 5
    assert "seeds" not in page.words().split("Parameters")[0].split("Data sets One vocabulary")[1]


def test_a_lead_says_that_it_is_of_one_seed(page):
    lead = page.words().split("On these test faces")[1].split("Baseline")[0]
    assert "one training run with one seed" in lead


def test_numbers_in_reasons_of_rules_are_explained(page):
    assert "(1,136, 2.7 % of brown)" in page.words()
    assert "label file of all 202,599 images of CelebA" in page.words()


def test_one_definition_of_faces_that_break_a_rule(page, arguments):
    share = arguments["ablation"]["faces_breaking_rules"].iloc[-1] * 100
    other = arguments["metrics"]["lgc"]["rules"]["thresholded"]["faces"]["value"] * 100
    tiles = page.words().split("+lgc at a glance")[1].split("Data sets One vocabulary")[0]
    assert f"{share:.1f}% of faces break a rule by the most probable answers" in tiles
    assert f"{other:.1f}" != f"{share:.1f}"
    assert f"{other:.1f}" not in tiles


def test_rules_left_out_of_shares_are_told(page, arguments):
    assert "leave out" not in page.words().split("Rules Rules hold")[1]
    metrics = copy.deepcopy(arguments["metrics"])
    for of in metrics.values():
        of["rules"]["per_rule"][0]["counted"] = False
    total = len(metrics["lgc"]["rules"]["per_rule"])
    said = Page(rendered(arguments | {"metrics": metrics})).words()
    assert f"Shares of faces leave out the 1 of {total} rules" in said
    first = metrics["lgc"]["rules"]["per_rule"][0]
    assert re.search(rf"{re.escape(first['reason'])} *; not counted", said)
    assert said.count("; not counted") == 1


def test_differences_are_in_points(page, arguments):
    text = page.words()
    assert text.count("difference to org, points") == 2
    assert "mean change of a probability, points answers changed, %" in text
    assert "org 1.2 2.0" in text
    ece = arguments["metrics"]["lgc"]["calibration"]["ece"]["value"]
    assert f"{100 * ece:.1f} points calibration error" in text


def test_every_chart_and_picture_has_words(page):
    tags = [attributes for _, attributes in page.tags]
    images = [a for a in tags if a.get("role") == "img" and "chart" not in a.get("class", "")]
    assert all(a["aria-label"] for a in images)
    figures = [a for tag, a in page.tags if tag == "figure"]
    captions = {a["id"] for tag, a in page.tags if tag == "figcaption"}
    assert {a["aria-labelledby"] for a in figures} == captions
    assert len(captions) == len(FIGURES) - 1  # without that of calibrated models
    assert all(a["alt"] for tag, a in page.tags if tag == "img")
    assert all(a["scope"] in ("row", "col") for tag, a in page.tags if tag == "th")
    for box in (a for a in tags if "scroll" in a.get("class", "").split()):
        assert box["role"] == "region"
        assert box["aria-label"]


def test_the_priors_switch_is_made_of_real_buttons(page):
    updates = [json.loads(a["data-update"]) for tag, a in page.tags if tag == "button"]
    assert updates == [{"visible": [True, False]}, {"visible": [False, True]}]


def test_text_stands_out_from_its_ground(html):
    css = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    colours = dict(re.findall(r"--(\w+): (#\w{6});", css))

    def luminance(colour):
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    def contrast(one, other):
        dark, light = sorted((luminance(one), luminance(other)))
        return (light + 0.05) / (dark + 0.05)

    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for text in (*(colours[n] for n in ("ink", "faint", "accent", "wrong")), INK, FAINT):
        assert contrast(text, "#ffffff") >= 4.5
        assert contrast(text, colours["ground"]) >= 4.5


def test_colours_of_label_maps_have_a_legend(page, arguments):
    shown = [a["style"] for _, a in page.tags if a.get("class") == "swatch"]
    assert len(set(shown)) == len(MAP_CLASSES)
    assert "left brow" in page.words()
    faces = [dataclasses.replace(face, map=None) for face in arguments["examples"]]
    without = Page(rendered(arguments | {"examples": faces}))
    assert not any(a.get("class") == "swatch" for _, a in without.tags)


def test_parameters_are_spelt_as_the_command_line_takes_them(page):
    text = page.words()
    for row in (
        "training.learning_rate 2e-05",
        "training.patience null",
        'training.frozen ["a", "b"]',
        "reporting.show_photographs null",
        "reporting.faces_per_dataset 4",
    ):
        assert row in text


def test_layouts_are_for_the_charts_that_are_there(page):
    for tag, attributes in page.tags:
        if tag == "figure":
            layouts = json.loads(attributes["data-layouts"])
            assert set(layouts) == {"wide", "narrow"}
