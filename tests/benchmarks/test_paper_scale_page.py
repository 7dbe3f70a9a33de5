import pytest

import costs
import paper_scale_page
import write_page


def measured(kind, rate, *, batch=8, variation=None, **more):
    row = {"status": "ok", "kind": kind, "batch": batch, "variation": variation or {}}
    return row | {"images_per_second": rate, "peak_gib": 70.0} | more


def results():
    """Ten times a matrix rate of 500 TFLOP/s, and round numbers throughout."""
    return {
        "facts": {
            "scale": "7B",
            "device": "Some GPU",
            "memory_gib": 80.0,
            "cuda": "13.0",
            "python": "3.12",
            "dtype": "bfloat16",
            "packages": {"torch": "2.11"},
            "commands": ["python benchmarks/paper_scale.py"],
        },
        "measurements": {
            "matrix rate": {"status": "ok", "kind": "rate", "flops": 4e14},
            "matrix rate, at the end": {"status": "ok", "kind": "rate", "flops": 5e14},
            "train, batch 8": measured("train", 30.0, flops=3.5e14),
            "train, batch 64": {"status": "out of memory"},
            "score, batch 8": measured("score", 50.0, flops=3e14),
            "score, batch 8, layers compiled": measured(
                "score", 60.0, variation={"compiled": "layers"}, flops=3.6e14
            ),
            "score, batch 8, math attention": measured(
                "score", 99.0, variation={"attention": "math"}, flops=5.9e14
            ),
            "one": measured("generate", 2.0, batch=1, image_tokens=576),
            "many": measured("generate", 12.0, batch=64, image_tokens=576),
            "few tokens": measured("generate", 30.0, batch=64, image_tokens=196),
            "question": measured("questions", 0.5, batch=1, image_tokens=576, extrapolated=True),
            "once": measured(
                "questions",
                6.0,
                batch=82,
                image_tokens=576,
                extrapolated=False,
                variation={"photograph": "once"},
            ),
            "encoders": measured("encoders", 3000.0),
        },
    }


def cells(page, start):
    """The cells of the one row of a table that begins so."""
    (line,) = [line for line in page.splitlines() if line.startswith(f"| {start}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_shares_are_of_the_best_matrix_rate_of_the_run():
    page = paper_scale_page.section(results())
    assert cells(page, "train, batch 8 ") == [
        "train, batch 8",
        "30",
        "350 TFLOP/s",
        "70 %",
        "70.0 GiB",
    ]
    assert cells(page, "score, batch 8, layers compiled")[3] == "72 %"
    assert cells(page, "train, batch 64")[1] == "out of memory"


def test_ratios_are_of_scoring_as_it_is_used():
    page = paper_scale_page.section(results())
    assert cells(page, "100 tokens, greedily, one photograph")[3:] == ["30 times", "20 times"]
    own, ours = [
        line for line in page.splitlines() if line.startswith("| 100 tokens, greedily, best")
    ]
    assert "5 times" in own
    assert "2 times" in ours
    question = cells(page, "a question a characteristic, one at a time")
    assert question[3] == "120 times"
    assert "1 of 82" in question[0]
    assert cells(page, "a question a characteristic, the photograph's")[3] == "10 times"
    assert cells(page, "a question a characteristic, in batches")[2] == "not measured"
    assert "2.0 % of scoring and 1.0 % of a training step" in page


def test_costs_come_from_full_size_measurements_alone():
    page = costs.section(results(), None)
    train = 162_770 / 30 / 3600
    assert cells(page, "celeba")[4] == "70 GiB"
    assert cells(page, "celeba")[6] == f"{train:.3g} h"
    validation = 8 * 19_867 / 60 / 3600
    assert cells(page, "celeba")[7] == f"{validation:.3g} h"
    assert cells(page, "celeba")[5] == cells(page, "celeba")[9] == "not measured"
    assert "Some GPU" in page
    assert "segmentation: not measured" in page
    small = results()
    small["facts"]["scale"] = "small"
    for nothing in (costs.section(small, None), costs.section(None, None)):
        assert cells(nothing, "all six")[4:] == ["not measured"] * 6
        assert "Some GPU" not in nothing


def test_costs_prefer_segmentation_as_a_whole_to_its_network():
    given = results()
    network = {"status": "ok", "kind": "parser network", "images_per_second": 200.0}
    given["measurements"]["parser network"] = network
    alone = cells(costs.section(given, None), "celeba")[5]
    assert alone == f"{202_599 / 200 / 3600:.3g} h"
    whole = {"in batches, images/s": 50.0, "machine": "Some GPU", "device": "cuda"}
    page = costs.section(given, whole)
    assert cells(page, "celeba")[5] == f"{202_599 / 50 / 3600:.3g} h"
    assert "network alone" not in page


def test_page_says_when_the_full_size_is_missing(tmp_path):
    assert "was not measured" in write_page.page(tmp_path)


def test_page_in_the_repository_is_what_the_results_give():
    assert write_page.PAGE.read_text(encoding="utf-8") == write_page.page(write_page.RESULTS)


@pytest.mark.parametrize("load", [0.2, 7.9])
def test_a_busy_machine_is_called_so(load):
    facts = results()["facts"]
    del facts["memory_gib"]
    facts |= {"threads": 1, "cores": 2, "load_average": load}
    assert ("busy" in paper_scale_page.machine(facts)) == (load > 1)
