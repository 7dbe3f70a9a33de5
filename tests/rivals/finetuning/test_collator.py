"""Only the answer and its end are learnt."""

import numpy as np
import pytest
import torch

from faceinsight.errors import PhotographError
from faceinsight.model.conversation import NOT_LEARNT
from faceinsight.rivals.faces import Face, faces_of
from faceinsight.rivals.finetuning.collator import AnswerCollator, end_token
from faceinsight.rivals.finetuning.examples import Example, right_answer
from faceinsight.rivals.local import load_checkpoint
from faceinsight.rivals.questions import questions_of
from faceinsight.rivals.reading import read_given
from tests.rivals.making import configured


@pytest.fixture(scope="module")
def loaded(tiny):
    return load_checkpoint(tiny.rivals.rival, tiny.rivals.local)


@pytest.fixture(scope="module")
def collator(tiny, loaded):
    processor, model = loaded
    return AnswerCollator(
        processor, tiny.rivals.rival, end_token(model, processor.tokenizer), longest_side=None
    )


@pytest.fixture(scope="module")
def examples(crops, vocabulary):
    """Questions of several lengths, each with its answer, about different faces."""
    settings = configured().questions
    asked = questions_of(vocabulary, "fairface", settings)
    asked += questions_of(vocabulary, "celeba", settings)[:2]
    faces = faces_of(crops, "train")
    answers = {"age": "C", "gender": "B", "race": "G"}
    return [
        Example(face, question, answers.get(question.task, "Yes"))
        for face, question in zip(faces, asked, strict=False)
    ]


def test_what_is_learnt_is_the_answer_and_its_end(collator, loaded, examples):
    processor, _ = loaded
    batch = collator(examples)
    ids, labels = batch["input_ids"], batch["labels"]
    assert labels.shape == ids.shape == batch["attention_mask"].shape
    for row, example in enumerate(examples):
        learnt = labels[row] != NOT_LEARNT
        assert torch.equal(labels[row][learnt], ids[row][learnt])
        assert processor.tokenizer.decode(ids[row][learnt]).strip() == f"{example.answer}</s>"
        # In one piece, right behind the prompt and before the padding.
        places = learnt.nonzero()[:, 0].tolist()
        assert places == list(range(places[0], places[-1] + 1))
        assert places[-1] + 1 == int(batch["attention_mask"][row].sum())
        prompt = processor.tokenizer.decode(ids[row][: places[0]])
        assert prompt.endswith(("ASSISTANT:", "<|im_start|>assistant\n"))
        assert example.question.text.splitlines()[0] in prompt


def test_the_loss_is_that_of_the_answer(collator, loaded, examples):
    """The model's own loss is the mean over answers' tokens, computed here from its logits."""
    _, model = loaded
    batch = collator(examples)
    with torch.no_grad():
        out = model(**batch)
    log_p = torch.log_softmax(out.logits[:, :-1].double(), dim=-1)
    wanted = []
    for row in range(len(examples)):
        for place in range(batch["labels"].shape[1] - 1):
            if (token := int(batch["labels"][row, place + 1])) >= 0:
                wanted.append(float(log_p[row, place, token]))
    assert float(out.loss) == pytest.approx(-np.mean(wanted), rel=1e-4)


def test_a_batch_does_not_change_an_example(collator, examples):
    one = collator(examples[1:2])
    several = collator(examples)
    kept = several["attention_mask"][1].bool()
    assert torch.equal(several["input_ids"][1][kept], one["input_ids"][0])
    assert torch.equal(several["labels"][1][kept], one["labels"][0])


def test_a_photograph_that_is_gone_is_left_out(collator, examples, tmp_path):
    gone = Example(
        Face("fairface", "gone.png", 0, None, tmp_path, 0.25, 1e6), examples[0].question, "A"
    )
    assert len(collator([gone, *examples[:2]])["labels"]) == 2
    with pytest.raises(PhotographError):
        collator([gone])


def test_right_answers_are_read_as_their_labels(vocabulary):
    for dataset in ("fairface", "celeba", "expw"):
        for question in questions_of(vocabulary, dataset, configured().questions):
            k = len(question.members)
            wanted = np.eye(k, dtype=int) if k > 1 else np.array([[0], [1]])
            for labels in wanted:
                answer = right_answer(question, labels)
                if k == 1:
                    assert answer == ("Yes" if labels[0] else "No")
                else:
                    read = read_given(answer, question)
                    assert [read[m] for m in question.members] == labels.astype(bool).tolist()


def test_an_unknown_label_has_no_right_answer(vocabulary):
    each = questions_of(vocabulary, "celeba", configured().questions)[0]
    choice = questions_of(vocabulary, "fairface", configured().questions)[1]
    assert right_answer(each, [-1]) is None
    assert right_answer(choice, [-1, -1]) is None
    assert right_answer(choice, [1, 1]) is None
