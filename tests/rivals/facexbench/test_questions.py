"""Question files: what is read, and what is said of malformed ones."""

import json

import pytest

from faceinsight.rivals.facexbench.questions import FaceXBenchError, files_in, read_file


def test_questions_are_read(benchmark_folder):
    questions = [q for path in files_in(benchmark_folder) for q in read_file(path)]
    assert [(q.file, q.id) for q in questions] == [
        ("ages.json", "1"),
        ("ages.json", "2"),
        ("counts.json", "1"),
        ("tools.json", "1"),
    ]
    count = questions[2]
    assert count.options == ("0", "13", "1", "3")  # whole numbers in the file
    assert (count.answer, count.reply) == ("B", None)
    assert (count.category, count.subcategory) == ("attributes_expression", "expression")
    assert count.num_images == "multiple"
    assert [image.name for image in count.images] == ["1.png", "2.png", "3.png"]
    assert all(image.is_file() for image in count.images)


def spoil(path, change):
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["questions"]["2"].pop("options"), r"questions\.2\.options: Field required"),
        (lambda c: c["questions"]["1"].update(correct_answer_option="E"), "the options are A, B"),
        (lambda c: c["questions"]["1"].update(image_paths=["../x.png"]), "below the folder"),
        (lambda c: c["questions"]["1"].update(prediction=3), r"questions\.1\.prediction"),
        (lambda c: c.pop("questions"), "questions: Field required"),
        (lambda c: c.update(questions={}), "questions"),
    ],
)
def test_malformed_files_are_one_sentence(benchmark_folder, change, said):
    path = benchmark_folder / "ages.json"
    spoil(path, change)
    with pytest.raises(FaceXBenchError, match=said) as raised:
        read_file(path)
    assert "ages.json" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_or_no_json(tmp_path):
    with pytest.raises(FaceXBenchError, match="is missing"):
        read_file(tmp_path / "ages.json")
    (tmp_path / "ages.json").write_text("{", encoding="utf-8")
    with pytest.raises(FaceXBenchError, match="no JSON file"):
        read_file(tmp_path / "ages.json")
    with pytest.raises(FaceXBenchError, match="holds no question file"):
        files_in(tmp_path / "nothing")
