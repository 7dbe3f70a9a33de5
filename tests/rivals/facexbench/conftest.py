"""A hand-made benchmark in FaceXBench's layout; its words are ours."""

import json

import pytest
from PIL import Image


def question(options, answer, images, text="Which one is it?", **more):
    return {
        "image_paths": [f"images/made/{name}" for name in images],
        "question_text": text,
        "options": options,
        "correct_answer_option": answer,
        "answer": options["ABCD".index(answer)],
    } | more


@pytest.fixture
def benchmark_folder(tmp_path):
    """Two files: ages on one picture, counts (whole numbers) on several; and one about tools."""
    folder = tmp_path / "benchmark"
    (folder / "images/made").mkdir(parents=True)
    for number in range(1, 4):
        Image.new("RGB", (8, 8)).save(folder / f"images/made/{number}.png")
    ages = {
        "category": "bias_fairness",
        "sub-category": "age",
        "dataset": "made",
        "question_type": "MCQ",
        "num_images": "single",
        "prepend_text": "Ages are estimated.",
        "postpend_text": "Answer with a letter.",
        "questions": {
            "1": question(["0-9", "20-29", "None of the above", "50-60"], "B", ["1.png"]),
            "2": question(["0-9", "20-29", "30-39", "50-60"], "D", ["2.png"]),
        },
    }
    counts = ages | {
        "category": "attributes_expression",
        "sub-category": "expression",
        "num_images": "multiple",
        "questions": {"1": question([0, 13, 1, 3], "B", ["1.png", "2.png", "3.png"], "How many?")},
    }
    tools = ages | {
        "category": "tools_use",
        "sub-category": "tools_retrieval",
        "num_images": "zero",
        "context": "There are two tools.",
        "questions": {"1": question(["x, y", "y, x"], "A", ["1.png"])},
    }
    for name, content in (("ages", ages), ("counts", counts), ("tools", tools)):
        (folder / f"{name}.json").write_text(json.dumps(content, indent=4), encoding="utf-8")
    return folder
