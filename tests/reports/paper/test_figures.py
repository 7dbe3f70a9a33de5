"""Figures 1 and 3 to 6: what was run is drawn, what was not is named."""

import pytest

from faceinsight.reports.paper.figures import AXES, PAPER, RUN, bars, radar
from faceinsight.reports.paper.numbers import BAR_FIGURES, TRAINING_FREE
from faceinsight.reports.paper.results import together
from tests.reports.paper.results import result


def drawn(figure):
    return {trace.name: trace for trace in figure.data}


def test_the_radar_without_results_shows_the_paper_alone():
    figure = radar(together([]))
    assert list(drawn(figure)) == [PAPER]
    said = " ".join(a.text for a in figure.layout.annotations).replace("<br>", " ")
    assert said == "Not run: " + ", ".join([*TRAINING_FREE, RUN])


def test_a_name_says_where_the_weights_are_not_the_models_own():
    """Marked in Figures 1 and 3 to 6; colours, places and the names of others stay."""
    of = {name: result(name, "training-free", "celeba", "attributes", accuracy=0.5)
          for name in ("LLaVA-v1.5-7B", "NVILA-8B")}  # fmt: skip
    tiny = of["LLaVA-v1.5-7B"].assign(weights="tiny, random weights")
    tuned = tiny.assign(setting="fine-tuned", weights="of another kind")
    plain, marked = together(of.values()), together([tuned, tiny, of["NVILA-8B"]])
    before, after = radar(plain), radar(marked)
    assert [t.name for t in before.data] == [PAPER, "LLaVA-v1.5-7B", "NVILA-8B"]
    assert [t.name for t in after.data] == [
        PAPER,
        "LLaVA-v1.5-7B (tiny, random weights)",
        "NVILA-8B",
    ]
    assert [t.line.color for t in after.data] == [t.line.color for t in before.data]
    assert "(tiny, random weights)" in after.data[1].hovertemplate
    before, after = (bars(3, results).data[0] for results in (plain, marked))
    bare, label = "LLaVA-v1.5-<br>7B", "LLaVA-v1.5-<br>7B (tiny,<br>random<br>weights)"
    assert bare in before.x
    assert list(after.x) == [label if x == bare else x for x in before.x]
    assert after.y == before.y


def test_the_radar_shows_what_was_run_where_it_was_run():
    results = together(
        [
            result("FaceInsight", "trained", "celeba", "attributes", accuracy=0.91),
            result("NVILA-8B", "training-free", "expw", "expression", accuracy=0.55),
            result("NVILA-8B", "fine-tuned", "expw", "expression", accuracy=0.75),
        ]
    )
    traces = drawn(radar(results))
    assert set(traces) == {PAPER, RUN, "NVILA-8B"}
    place = [name for *_, name in AXES].index("ExpW")
    assert traces["NVILA-8B"].r[place] == pytest.approx(55)
    assert [v for v in traces["NVILA-8B"].r if v is not None] == [pytest.approx(55)]
    celeba = [name for *_, name in AXES].index("CelebA")
    assert traces[PAPER].r[celeba] == 92.58
    assert traces[RUN].r[celeba] == pytest.approx(91)
    assert traces[PAPER].r[0] == traces[PAPER].r[-1]  # closed


@pytest.mark.parametrize("spec", BAR_FIGURES, ids=lambda s: f"figure {s.number}")
def test_bars(spec):
    dataset, task = spec.panels[0]
    results = together(
        [
            result("monkey chat", "training-free", dataset, task, accuracy=(0.4, 0.3, 0.5), f1=0.2),
            result("FaceInsight", "trained", dataset, task, accuracy=0.9),
        ]
    )
    figure = bars(spec.number, results)
    assert len(figure.data) == 2 * 4 * len(spec.panels)  # this run's and the paper's
    accuracy, printed = figure.data[:2]
    by_model = dict(zip(accuracy.x, accuracy.y, strict=True))
    assert by_model["Monkey-Chat"] == pytest.approx(40)
    assert by_model["FaceInsight,<br>this run"] == pytest.approx(90)
    assert printed.x == ("FaceInsight,<br>paper",)
    assert printed.y[0] > 70
    assert printed.marker.pattern.shape == "/"
    assert accuracy.error_y.array[list(accuracy.x).index("Monkey-Chat")] == pytest.approx(10)
    not_run = [a for a in figure.layout.annotations if a.text == "not run"]
    # The first panel lacks eight rivals; the others all nine and this run.
    assert len(not_run) == 8 + 10 * (len(spec.panels) - 1)
    assert sum(value is not None for value in accuracy.y) == 2
