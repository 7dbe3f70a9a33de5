import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from faceinsight.model import build_tokenizer

TEXTS = ["A face with bushy eyebrows.", "yes", "no", "Is it so? He's 70+, no doubt."]


@pytest.mark.parametrize("text", [*TEXTS, "no bushy face.", "yes, no doubt it"])
def test_gives_a_known_text_back(text):
    tokenizer = build_tokenizer(TEXTS)
    ids = tokenizer(text, add_special_tokens=False).input_ids
    assert tokenizer.unk_token_id not in ids
    assert tokenizer.decode(ids) == text


@given(st.permutations(TEXTS))
def test_order_of_texts_does_not_matter(texts):
    assert build_tokenizer(texts).get_vocab() == build_tokenizer(TEXTS).get_vocab()


def test_begins_as_llama_does_and_words_are_one_token():
    tokenizer = build_tokenizer(TEXTS)
    assert tokenizer("yes").input_ids[0] == tokenizer.bos_token_id
    assert len(tokenizer("yes", add_special_tokens=False).input_ids) == 1
    assert tokenizer("zebra", add_special_tokens=False).input_ids == [tokenizer.unk_token_id]


def test_has_a_conversation_layout():
    tokenizer = build_tokenizer(TEXTS)
    messages = [
        {"role": "system", "content": "A face."},
        {"role": "user", "content": "Is it so?"},
        {"role": "assistant", "content": "yes"},
    ]
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    assert text == "<s>A face. USER: Is it so? ASSISTANT: yes</s>"
    cue = tokenizer.apply_chat_template(messages[:2], tokenize=False, add_generation_prompt=True)
    assert cue.endswith(" ASSISTANT:")


def test_survives_saving(tmp_path):
    tokenizer = build_tokenizer(TEXTS)
    tokenizer.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert again(TEXTS).input_ids == tokenizer(TEXTS).input_ids
    assert again.chat_template == tokenizer.chat_template
    assert again.decode(again(TEXTS[0]).input_ids, skip_special_tokens=True) == TEXTS[0]
