"""The nine rivals: each has a configuration, and is asked as its documentation asks.

For a native class the prompt is what the checkpoint's own chat template makes of the question. For
a server it is what the server makes of our request: the rules by which vLLM, VILA and
openedai-vision turn a request into a prompt are written down here from their sources, and the chat
templates are those of the checkpoints' tokenizers, or of the language models they are built on.
"""

import jinja2
import pytest
from pydantic import ValidationError
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from faceinsight.rivals.local import chat_prompt
from faceinsight.rivals.questions import questions_of
from faceinsight.rivals.server import chat_request
from faceinsight.rivals.settings import RivalSettings, ServerSettings
from tests.rivals import tiny
from tests.rivals.making import configured

RIVALS = configured().rivals
PAPER = {
    "LLaVA-v1.5-7B",
    "LLaVA-OneVision-7B-SI",
    "InternVL2.5-8B",
    "Qwen2.5-VL-7B-Instruct",
    "Mantis-SIGLIP-8B",
    "Phi-3.5-Vision-Instruct",
    "MiniCPM-Llama3-V2.5",
    "Monkey-Chat",
    "NVILA-8B",
}
NATIVE = {
    "llava_1_5_7b": "llava",
    "llava_onevision_7b_si": "llava_onevision",
    "qwen2_5_vl_7b": "qwen2_5_vl",
}
LLAMA_3 = (
    "{% for message in messages %}{% set content = '<|start_header_id|>' + message['role'] + "
    "'<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}"
    "{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}"
    "{% endif %}"
)
CHATML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
QWEN_2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful assistant<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
PHI_3 = (
    "{% for message in messages %}{{'<|' + message['role'] + '|>' + '\n' + message['content'] + "
    "'<|end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{- '<|assistant|>\n' -}}{% endif %}"
)


@pytest.fixture
def question(vocabulary):
    return questions_of(vocabulary, "fairface", configured().questions)[2]


def request_of(name, question, scored_by="text"):
    return chat_request(RIVALS[name], ServerSettings(), scored_by, b"jpeg", question)


def rendered(template, content, bos=""):
    """A chat template around one turn, as tokenizers of transformers render it."""
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    message = {"role": "user", "content": content}
    return environment.from_string(template).render(
        messages=[message], add_generation_prompt=True, bos_token=bos
    )


def by_vllm(request, placeholder, template, bos=""):
    """vLLM: the pictures' placeholders, a line each, before the text; then the chat template."""
    (message,) = request["messages"]
    texts = [part["text"] for part in message["content"] if part["type"] == "text"]
    return rendered(template, "\n".join([placeholder, *texts]), bos)


def by_vila(request, template):
    """VILA's server: the parts one behind the other in their order; then the chat template."""
    (message,) = request["messages"]
    parts = ["<image>" if p["type"] == "image_url" else p["text"] for p in message["content"]]
    return rendered(template, "".join(parts))


def by_openedai_vision(request):
    """openedai-vision's backend of Monkey: the picture's file before everything else."""
    (message,) = request["messages"]
    prompt = ""
    for part in message["content"]:
        if part["type"] == "image_url":
            prompt = "<img>{image}</img> " + prompt
        else:
            prompt += part["text"] + "\n\n"
    return prompt + "Answer:"


def test_all_nine_are_there():
    assert {rival.title for rival in RIVALS.values()} == PAPER


@pytest.mark.parametrize("name", RIVALS)
def test_it_says_how_it_is_reached(name):
    rival = RIVALS[name]
    assert rival.licence
    assert rival.source
    assert not rival.trust_remote_code
    if rival.way == "server":
        assert rival.served_by
        assert rival.model_class is None
    else:
        assert rival.model_class in set(MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES.values())


@pytest.mark.parametrize("name", NATIVE)
def test_the_prompt_of_a_native_class_is_the_documented_one(name, question, tmp_path):
    from transformers import AutoProcessor

    tiny.save(NATIVE[name], tmp_path)
    rival = RIVALS[name]
    prompt = chat_prompt(AutoProcessor.from_pretrained(tmp_path), rival, question.text)
    assert prompt == rival.documented.replace("{question}", question.text)


@pytest.mark.parametrize(
    ("name", "placeholder", "template", "bos"),
    [
        ("internvl2_5_8b", "<image>", CHATML, ""),
        ("mantis_siglip_8b", "<image>", LLAMA_3, ""),
        ("phi_3_5_vision", "<|image_1|>", PHI_3, ""),
        ("minicpm_llama3_v2_5", "(<image>./</image>)", LLAMA_3, "<|begin_of_text|>"),
    ],
)
def test_what_vllm_makes_of_the_request_is_the_documented_prompt(
    name, placeholder, template, bos, question
):
    prompt = by_vllm(request_of(name, question), placeholder, template, bos)
    assert prompt == RIVALS[name].documented.replace("{question}", question.text)


def test_what_vila_makes_of_the_request_is_the_documented_prompt(question):
    prompt = by_vila(request_of("nvila_8b", question), QWEN_2)
    assert prompt == RIVALS["nvila_8b"].documented.replace("{question}", question.text)
    assert request_of("nvila_8b", question)["model"] == "NVILA-8B"


def test_what_openedai_vision_makes_of_the_request_is_monkeys_prompt(question):
    """But for the white space around "Answer:", which that server sets."""
    prompt = by_openedai_vision(request_of("monkey_chat", question))
    documented = RIVALS["monkey_chat"].documented.replace("{question}", question.text)
    assert prompt.split() == documented.split()


@pytest.mark.parametrize("name", RIVALS)
@pytest.mark.parametrize("scored_by", ["text", "likelihood"])
def test_every_request_is_one_picture_and_one_question(name, scored_by, question):
    rival = RIVALS[name]
    request = request_of(name, question, scored_by)
    (message,) = request["messages"]
    assert message["role"] == "user"
    assert [part["type"] for part in message["content"]] == ["image_url", "text"]
    assert message["content"][1]["text"] == question.text
    assert request["temperature"] == 0
    assert request["model"] == (rival.served_as or rival.checkpoint)
    assert request.get("extra_body", {}) == rival.request


def test_llama_3s_end_of_turn_stops_the_models_that_are_built_on_it(question):
    assert 128009 in request_of("mantis_siglip_8b", question)["extra_body"]["stop_token_ids"]
    assert 128009 in request_of("minicpm_llama3_v2_5", question)["extra_body"]["stop_token_ids"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prompt": "What?"}, "{question}"),
        ({"documented": "{question}{question}"}, "exactly once"),
        ({"way": "carrier pigeon"}, "transformers"),
        ({"model_class": None}, "native class"),
        ({"request": {"messages": []}}, "messages"),
        ({"licence": ""}, "licence"),
        ({"checkpont": "x"}, "checkpont"),
        ({"trust_remote_code": "if you like"}, "trust_remote_code"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_bad_configuration_is_named(change, said):
    plain = RIVALS["llava_1_5_7b"].model_dump() | change
    with pytest.raises(ValidationError, match=said):
        RivalSettings.model_validate(plain)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"chosen": "llava_1_5_7"}, "did you mean 'llava_1_5_7b'"),
        ({"scored_by": "length"}, "likelihood"),
        ({"scored_by": "likelihood", "questions__attributes": "list"}, "each"),
        ({"questions__each": "Is it?"}, "{phrase}"),
        ({"questions__choice_form": "{question}"}, "{options}"),
        ({"questions__max_tokens": {"each": 1, "list": 1}}, "choice"),
        ({"questions__max_tokens": {"each": 0, "list": 1, "choice": 1}}, "1 or more"),
        ({"local__device": "banana"}, "banana"),
        ({"server__concurrency": 0}, "concurrency"),
        ({"server__api_key": "a-secret"}, "api_key"),
        ({"unanswered": 0.5}, "unanswered"),
        ({"split": "all"}, "split"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else None,
)
def test_a_bad_parameter_is_named(change, said):
    with pytest.raises(ValidationError, match=said):
        configured(**change)
