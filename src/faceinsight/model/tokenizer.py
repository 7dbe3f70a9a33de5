"""A word-level tokenizer of the project's own texts, where nothing pretrained is at hand."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, pre_tokenizers, processors
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

BOS, EOS, UNKNOWN, PADDING = "<s>", "</s>", "<unk>", "<pad>"

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ message['content'] }}"
    "{% elif message['role'] == 'user' %}{{ ' USER: ' + message['content'] }}"
    "{% else %}{{ ' ASSISTANT: ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ ' ASSISTANT:' }}{% endif %}"
)
"""LLaVA-1.5's layout of a conversation."""


def build_tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """Build a tokenizer that knows exactly the words of `texts`; any other word is `<unk>`.

    A word carries the space before it, as in Llama's tokenizer, and punctuation stands by itself,
    so that decoding gives a known text back. The same texts in any order give the same ids.

    Args:
        texts: everything that the model will read or write: phrases, prompts, answers.

    Returns:
        A tokenizer with begin, end, unknown and padding tokens and a chat template. It puts the
        begin token before a text, as Llama's does.
    """
    pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation("isolated")]
    )
    words = set()
    for text in [*texts, "USER: ASSISTANT:"]:
        words |= {word for word, _ in pre_tokenizer.pre_tokenize_str(text)}
    ids = {token: i for i, token in enumerate([UNKNOWN, BOS, EOS, PADDING, *sorted(words)])}
    tokenizer = Tokenizer(WordLevel(ids, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A $B", special_tokens=[(BOS, ids[BOS])]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=EOS,
        unk_token=UNKNOWN,
        pad_token=PADDING,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast
