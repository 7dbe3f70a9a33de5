"""Figures 1 and 3 to 6: what was run is drawn, what was not is named."""

import pytest

from faceinsight.reports.charts import NOTE
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
    assert said == "Not run: " + ", ".join([*TRAINING_FREE, RUN]) + "."


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
    before, after = (bars(3, results).data[4] for results in (plain, marked))  # CelebA
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
    assert len(figure.data) == 4 * len(spec.panels)
    accuracy = figure.data[0]
    names = ["Monkey-Chat", "FaceInsight,<br>this run", "FaceInsight,<br>paper"]
    assert list(accuracy.x) == names
    assert accuracy.y[0] == pytest.approx(40)
    assert accuracy.y[1] == pytest.approx(90)
    assert accuracy.y[2] > 70
    assert accuracy.marker.pattern.shape == ("", "", "/")
    assert accuracy.error_y.array[0] == pytest.approx(10)
    # Where nothing was run the paper's bars stand alone.
    assert [list(trace.x) for trace in figure.data[4::4]] == [names[2:]] * (len(spec.panels) - 1)


def test_what_was_not_run_takes_no_place_and_one_line():
    rivals = [result(m, "training-free", "expw", "expression", f1=0.4) for m in TRAINING_FREE[:2]]
    ours = result("FaceInsight", "trained", "rafdb", "expression", accuracy=0.9)
    figure = bars(6, together([*rivals, ours]))
    assert [len(trace.x) for trace in figure.data] == [3] * 4 + [2] * 4
    (note,) = (a for a in figure.layout.annotations if a.name == NOTE)
    assert note.text.replace("<br>", " ") == (
        f"Not run: {', '.join(TRAINING_FREE[2:])}. Not run on ExpW · expression: FaceInsight, this "
        f"run. Not run on RAF-DB · expression: {', '.join(TRAINING_FREE[:2])}."
    )
    everything = [
        result(model, setting, dataset, "expression", accuracy=0.5)
        for dataset in ("expw", "rafdb")
        for model, setting in [("FaceInsight", "trained")]
        + [(m, "training-free") for m in TRAINING_FREE]
    ]
    figure = bars(6, together(everything))
    assert not any(a.name == NOTE for a in figure.layout.annotations)
    assert figure.layout.meta["min_width"] > 700  # eleven names side by side


@pytest.mark.parametrize("number", [3, 4, 5, 6])
def test_bars_without_any_result_show_the_paper(number):
    figure = bars(number, together([]))
    assert {name for trace in figure.data for name in trace.x} == {"FaceInsight,<br>paper"}
