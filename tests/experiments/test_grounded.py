"""The page of grounded answers counts what was the language model's own, and how it read."""

import numpy as np
import pandas as pd
import pytest

from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.questions import questions
from grounded import VERDICTS, drawn_questions, render


def answers(**changes):
    row = {"kind": "yes_no", "question": "Bald?", "facts": "yes, bald", "answer": "Yes."}
    row |= {"way": "grounded", "reason": "", "attempts": 1, "holds": True, "seconds": 1.5}
    row |= {"verdict": VERDICTS[0], "remark": "", "made": "a.gguf, test, seed 3, commit abc"}
    table = pd.DataFrame([row] * 4)
    return table.assign(**changes)


def test_own_are_those_of_the_language_model_that_hold():
    page = "\n".join(
        render(
            answers(
                kind=["group", "group", "yes_no", "yes_no"],
                way=["grounded", "template", "grounded", "grounded"],
                holds=[True, True, True, False],
                attempts=[1, 2, 1, 1],
            )
        )
    )
    assert "| group | 2 | 50.0 [9.5, 90.5] | 100.0 [34.2, 100.0] | 50 | 0 | 1.5 |" in page
    assert "| all | 4 | 50.0 [15.0, 85.0] | 75.0 [30.1, 95.4] | 25 | 0 | 1.5 |" in page
    assert "with a.gguf and code of commit abc" in page
    assert "drawn with seed 3" in page


def test_verdicts_are_counted_and_a_slip_is_told():
    page = "\n".join(render(answers(verdict=[VERDICTS[1], VERDICTS[0], "", VERDICTS[1]])))
    assert "holds and reads well: 1; holds but clumsy: 2; wrong: 0" in page
    assert "| 1 | Bald? | yes, bald | Yes. | grounded | holds but clumsy |" in page
    page = "\n".join(render(answers(remark="too short")))
    assert "| holds and reads well: too short |" in page
    with pytest.raises(SystemExit, match="'fine' is none of holds and reads well"):
        render(answers(verdict="fine"))


def test_questions_are_about_what_something_is_known_of(lexicon: Lexicon):
    faces = [{"Bald": True, "Female": True, "Male": False}] * 50
    asked = drawn_questions(questions(lexicon), faces, np.random.default_rng(0))
    assert len(asked) == 50
    assert {question.kind for question in asked} == {"describe", "group", "topic", "yes_no"}
    assert all(set(question.about) & set(faces[0]) for question in asked)
