"""A face that cannot be seen is wrong in everything, whatever its labels are."""

import numpy as np
import pytest

from faceinsight.rivals.faces import Face
from faceinsight.rivals.finetuning.examples import Sample, tasks_of
from faceinsight.rivals.finetuning.training import validation_accuracy
from faceinsight.rivals.local import LocalRival


@pytest.mark.parametrize("tiny", ["llava"], indirect=True)
@pytest.mark.parametrize("name", ["fairface/gender", "celeba/attributes"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_photograph_that_is_gone_is_wrong(tiny, vocabulary, crops, tmp_path, name, first):
    rivals = tiny.rivals
    given = {name.partition("/")[0]: crops["fairface"]}
    (task,) = tasks_of(vocabulary, given, name, rivals.questions)
    labels = np.zeros((1, len(task.members)), np.int8)
    labels[0, first] = 1
    gone = Face(task.dataset, "gone.png", 0, None, tmp_path, 0.25, 1e6)
    rival = LocalRival.load(rivals.rival, rivals.local, "likelihood")
    sample = Sample([gone], labels)
    assert validation_accuracy(rival, task, sample, vocabulary, None) == 0.0
