import pytest
import torch
from transformers import TextStreamer

from faceinsight.model import build_tokenizer
from faceinsight.model.conversation import (
    NOT_LEARNT,
    answer_loss,
    chat_text,
    collate_answers,
    reply_text,
)
from faceinsight.model.generation import answer_from_picture, question_ids, write_on
from tests.model import tiny

MASKS = ["causal", "independent"]


def pictures(images=3):
    batch = tiny.batch(images)
    return batch["photographs"], batch["maps"], batch["labels"]


def answers():
    return collate_answers(
        [[([5, 6, 7], [8, 2])], [([5], [9, 2]), ([6], [10])], [([5], [11, 2])]], padding=3
    )


def test_questions_and_padding_are_not_learnt():
    ids, labels = answers()
    assert ids.tolist() == [[5, 6, 7, 8, 2], [5, 9, 2, 6, 10], [5, 11, 2, 3, 3]]
    skip = NOT_LEARNT
    assert labels.tolist() == [
        [skip, skip, skip, 8, 2],
        [skip, 9, 2, skip, 10],
        [skip, 11, 2, skip, skip],
    ]


@torch.no_grad()
def test_the_loss_is_that_of_transformers_over_the_whole_sequence():
    model = tiny.model(answer_weight=0.5)
    photographs, maps, labels = pictures()
    ids, learnt = answers()
    out = model(photographs, maps, labels, answer_ids=ids, answer_labels=learnt)

    before = model.embed(photographs, maps)
    sequence = torch.cat([before, model.get_input_embeddings()(ids)], dim=1)
    nothing = torch.full(before.shape[:2], NOT_LEARNT)
    expected = model.language_model(
        inputs_embeds=sequence, labels=torch.cat([nothing, learnt], dim=1)
    ).loss
    torch.testing.assert_close(out.answer, expected, rtol=1e-5, atol=1e-6)
    total = out.bce + model.config.logic_weight * out.logic + 0.5 * out.answer
    torch.testing.assert_close(out.loss, total)


def test_nothing_to_learn_is_no_loss_and_no_gradient():
    model = tiny.model()
    hidden = torch.randn(2, 3, model.language_model.config.hidden_size, requires_grad=True)
    head = model.language_model.get_output_embeddings()
    loss = answer_loss(head, hidden, torch.full((2, 3), NOT_LEARNT), None)
    loss.backward()
    assert loss.item() == 0
    assert not hidden.grad.any()


@pytest.mark.parametrize("attend", MASKS)
@torch.no_grad()
def test_an_answer_changes_no_probability(attend):
    model = tiny.model(characteristics_attend=attend)
    photographs, maps, labels = pictures()
    ids, learnt = answers()
    alone = model(photographs, maps).logits
    beside = model(photographs, maps, labels, answer_ids=ids, answer_labels=learnt).logits
    torch.testing.assert_close(beside, alone, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("attend", MASKS)
@torch.no_grad()
def test_direct_answers_are_those_of_the_whole_sequence_token_by_token(attend):
    model = tiny.model(characteristics_attend=attend)
    photographs, maps, _ = pictures()
    question = "What is it like?"
    texts, logits = answer_from_picture(model, photographs, maps, question, max_new_tokens=6)

    asked = torch.tensor(question_ids(model, question)).expand(len(photographs), -1)
    before = model.embed(photographs, maps)
    ids = asked
    for _ in range(6):
        sequence = torch.cat([before, model.get_input_embeddings()(ids)], dim=1)
        hidden = model.language_model.base_model(
            inputs_embeds=sequence, **model.attention(before.shape[1], ids.shape[1])
        ).last_hidden_state
        after = model.language_model.get_output_embeddings()(hidden[:, -1]).argmax(-1)
        ids = torch.cat([ids, after[:, None]], dim=1)
    expected = []
    for row in ids[:, asked.shape[1] :].tolist():
        end = row.index(2) if 2 in row else len(row)
        expected.append(model.tokenizer.decode(row[:end], skip_special_tokens=True).strip())
    assert texts == expected
    torch.testing.assert_close(logits, model(photographs, maps).logits, rtol=1e-5, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize(
    "texts", [["What is it like?"], ["What is it like?", "bald"], ["bald"] * 2]
)
def test_what_is_written_without_a_picture_is_the_language_models_own(texts):
    model = tiny.model()
    prompts = [chat_text(model.tokenizer, text, "a face") for text in texts]
    expected = []
    for prompt in prompts:
        given = model.tokenizer(prompt, add_special_tokens=False, return_tensors="pt")
        made = model.language_model.generate(
            **given, max_new_tokens=5, eos_token_id=2, pad_token_id=3
        )
        own = made[0, given.input_ids.shape[1] :]
        expected.append(model.tokenizer.decode(own, skip_special_tokens=True).strip())
    assert write_on(model, prompts, max_new_tokens=5) == expected


def test_answers_stream_without_the_question(capsys):
    model = tiny.model()
    photographs, maps, _ = pictures(1)
    streamer = TextStreamer(model.tokenizer, skip_prompt=True, skip_special_tokens=True)
    texts, _ = answer_from_picture(
        model, photographs, maps, "What is it like?", max_new_tokens=6, streamer=streamer
    )
    assert capsys.readouterr().out.strip() == texts[0]


def test_the_chat_template_is_the_tokenizers_own():
    tokenizer = build_tokenizer(["What is it like?"])
    assert chat_text(tokenizer, "What is it like?") == "<s> USER: What is it like? ASSISTANT:"
    assert reply_text(tokenizer) == " ASSISTANT:"
    tokenizer.chat_template = (
        "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )
    assert reply_text(tokenizer) == "<|end|><|assistant|>"
    tokenizer.chat_template = None
    assert reply_text(tokenizer) == " ASSISTANT:"
