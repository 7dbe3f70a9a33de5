"""Figures as parts of the page: captions, buttons, and a layout for narrow windows."""

import json
import re

import plotly.graph_objects as go
import pytest
from plotly.subplots import make_subplots

from faceinsight.reports.charts import style
from faceinsight.reports.page import embed, layouts


def panels(rows, columns, **options):
    titles = [f"panel {n}" for n in range(rows * columns)]
    figure = make_subplots(rows=rows, cols=columns, subplot_titles=titles, **options)
    for row in range(rows):
        for column in range(columns):
            figure.add_scatter(x=[1, 2], y=[1, 2], row=row + 1, col=column + 1, name="line")
    return style(figure, "Several &lt;panels&gt;", 400, top=80, alt="Lines.")


@pytest.mark.parametrize(("rows", "columns"), [(1, 2), (1, 3), (2, 2), (2, 3)])
def test_panels_stand_one_below_the_other_in_a_narrow_window(rows, columns):
    figure = panels(rows, columns, shared_yaxes=rows == 1)
    narrow = layouts(figure)["narrow"]
    inner = narrow["height"] - narrow["margin.t"] - figure.layout.margin.b
    above = 1.0
    for number in range(rows * columns):
        n = number + 1 if number else ""
        low, high = narrow[f"yaxis{n}.domain"]
        assert narrow[f"xaxis{n}.domain"] == [0.0, 1.0]
        assert narrow[f"yaxis{n}.showticklabels"] is True
        assert narrow[f"annotations[{number}].y"] == high  # its title
        assert high <= above + 1e-9
        if number:
            assert (above - high) * inner >= 60  # room for an axis and a title
        # As high as beside each other.
        was = figure.layout[f"yaxis{n}"].domain
        assert (high - low) * inner == pytest.approx((was[1] - was[0]) * (400 - 80 - 50))
        above = low
    assert above == pytest.approx(0, abs=1e-9)


def test_a_figure_may_ask_for_more_room_between_its_panels():
    figure = panels(1, 3)
    before = layouts(figure)["narrow"]["height"]
    figure.update_layout(meta=figure.layout.meta | {"gap": 100})
    assert layouts(figure)["narrow"]["height"] - before == 2 * (100 - 72)


def test_a_wide_window_takes_everything_back(report_figures):
    for figure in report_figures.values():
        both = layouts(figure)
        assert set(both["wide"]) == set(both["narrow"])
        before = figure.to_dict()["layout"]
        after = go.Figure(figure).update_layout(
            {k.replace(".", "_"): v for k, v in both["wide"].items() if "[" not in k}
        )
        assert after.layout.height == before["height"]
        for axis, of in before.items():
            if axis.startswith(("xaxis", "yaxis")) and "domain" in of:
                assert after.layout[axis].domain == tuple(of["domain"])


def test_one_panel_only_makes_room_for_its_legend():
    figure = go.Figure()
    for name in ("one long entry of a legend", "another long entry", "a third"):
        figure.add_scatter(x=[1], y=[1], name=name)
    style(figure, "Legend", 300, top=80)
    assert layouts(figure) == {
        "wide": {"height": 300, "margin.t": 80},
        "narrow": {"height": 300 + 2 * 19, "margin.t": 80 + 2 * 19},
    }


def test_a_chart_brings_its_words_and_buttons(report_figures):
    figure = report_figures["prior"]
    before = figure.to_json()
    chart = embed(figure, "prior")
    assert figure.to_json() == before
    assert chart.caption == figure.layout.title.text
    assert chart.alt.startswith(f"{chart.caption}. Heat map")
    assert [label for label, _ in chart.buttons] == ["conditional probability P", "graph weights Ĉ"]
    assert json.loads(chart.buttons[1][1]) == {"visible": [False, True]}
    assert "updatemenus" not in chart.html
    assert figure.layout.title.text not in chart.html
    assert chart.min_width > 640


def test_a_caption_is_text_not_what_plotly_escaped():
    assert embed(panels(1, 1), "x").caption == "Several <panels>"


def test_no_column_of_a_page_is_wider_than_a_telephone(project_root):
    pages = project_root / "src/faceinsight"
    files = [path for kind in ("css", "j2") for path in pages.rglob(f"*.{kind}")]
    columns = [
        column
        for path in files
        for column in re.findall(r"repeat\(auto-\w+, minmax\((.+?), 1fr\)", path.read_text("utf-8"))
    ]
    assert len(columns) > 2
    assert all(re.fullmatch(r"min\(.+, 100%\)", column) for column in columns)
