"""Servers' own words, and whom a refusal concerns."""

import json

import pytest

from faceinsight.rivals.refusals import is_same_model, reach_of, reason_of, shown_model


def as_json(**body):
    return json.dumps(body)


BODIES = {
    "OpenAI": as_json(error={"message": "Use 'max_completion_tokens' instead.\nMore.", "code": 1}),
    "vLLM of old": as_json(object="error", message="Use 'max_completion_tokens' instead."),
    "Ollama": as_json(error="Use 'max_completion_tokens' instead."),
    "FastAPI": as_json(detail=[{"loc": ["body"], "msg": "Use 'max_completion_tokens' instead."}]),
    "FastAPI, text": as_json(detail="Use 'max_completion_tokens' instead."),
    "Gemini": json.dumps([{"error": {"message": "Use 'max_completion_tokens' instead."}}]),
    "proxy": "<html><title>Use &#39;max_completion_tokens&#39; instead.</title></html>",
    "page without a title": "<html><h1>Use 'max_completion_tokens' instead.</h1></html>",
    "plain text": "\n  Use 'max_completion_tokens' instead.\ntraceback",
    "OpenRouter": as_json(
        error={
            "message": "Provider returned error",
            "metadata": {"raw": as_json(error={"message": "Use 'max_completion_tokens' instead."})},
        }
    ),
}


@pytest.mark.parametrize("server", BODIES)
def test_the_first_line_of_a_servers_own_message_is_found(server):
    assert reason_of(BODIES[server]) == "Use 'max_completion_tokens' instead."


@pytest.mark.parametrize(
    "body",
    [
        as_json(detail=[{"loc": ["body", "max_tokens"], "msg": "Input should be less than 9"}]),
        as_json(error={"message": "[{'type': 'less', 'loc': ('body', 'max_tokens'), "
            "'msg': 'Input should be less than 9', 'input': 64}]"}),
        as_json(message="1 validation error:\n {'loc': ('body', 'max_tokens'), "
            "'msg': 'Input should be less than 9'}"),
        as_json(detail="1 validation error for Request\nmax_tokens\n  Input should be less than 9"),
    ],
)  # fmt: skip
def test_a_field_that_is_refused_is_told_with_its_name(body):
    assert reason_of(body) == "max_tokens: Input should be less than 9"


def test_a_gateway_that_hands_on_an_error_is_looked_into():
    inner = as_json(error={"message": "You have no credits left."})
    body = as_json(error={"message": f"litellm.BadRequestError: OpenAIException - {inner}"})
    assert reason_of(body) == "You have no credits left."


@pytest.mark.parametrize("body", ["", "{}", "null", "[]", '{"error": {}}', "  "])
def test_what_says_nothing_has_no_reason(body):
    assert reason_of(body) == ""


def test_neither_key_nor_picture_nor_address_is_told_on():
    said = f"Incorrect key sk-proj-abc123456789 of Zq7 at host.example: data:{'A' * 500} end"
    reason = reason_of(as_json(error={"message": said}), ("Zq7", "host.example"))
    assert reason == "Incorrect key … of … at …: data:… end"
    assert len(reason_of("word " * 500)) <= 300


@pytest.mark.parametrize(
    ("status", "said", "reach"),
    [
        (400, "Unsupported parameter: 'max_tokens' is not supported with this model.", "all"),
        (400, "Unsupported value: 'temperature' does not support 0.0 with this model.", "all"),
        (400, "API key not valid. Please pass a valid API key.", "all"),
        (400, "logit_bias is not supported", "all"),
        (400, "Invalid value: 'developer'. Supported values are: 'system', 'user'", "all"),
        (400, "The model `some-vision-preview` has been deprecated", "all"),
        (401, "no", "all"),
        (402, "Insufficient credits", "all"),
        (403, "no", "all"),
        (404, 'model "x" not found, try pulling it first', "all"),
        (404, "No endpoints found that support image input", "all"),
        (429, "You exceeded your current quota, please check your plan", "all"),
        (500, "image input is not supported - hint: you may need to provide the mmproj", "all"),
        (400, "At most 0 image(s) may be provided in one request.", "all"),
        (400, "x is not a multimodal model", "all"),
        (400, "max_tokens is too large: 512. At most 100 completion tokens.", "all"),
        (400, "temperature: Input should be less than 1", "all"),
        (400, "[{'type': 'extra_forbidden', 'msg': 'Extra inputs are not permitted'}]", "all"),
        (400, "'max_tokens' is too large: 512. This model's maximum context length", "question"),
        (429, "Rate limit reached on tokens per min. Add a payment method at /billing", "moment"),
        (503, "Loading model", "moment"),
        (429, "Rate limit reached", "moment"),
        (429, "You exceeded your current quota. Please retry in 27s.", "moment"),
        (408, "", "moment"),
        (504, "", "moment"),
        (413, "too large", "question"),
        (400, "The response was filtered by the content management policy.", "question"),
        (403, "Your input was flagged by moderation", "question"),
        (400, "This model's maximum context length is 4096 tokens.", "question"),
        (400, "cannot identify image file", "question"),
        (400, "what?", "question"),
        (422, '{"detail": [{"loc": ["body", "messages"], "msg": "Field required"}]}', "all"),
        (422, "messages.0.content: Input should be a valid string", "all"),
        (422, "messages[0]: unknown variant `image_url`, expected `text`", "all"),
        (400, "Invalid type for 'messages[0].content': expected a string", "all"),
        (400, "Conversation roles must alternate user/assistant", "all"),
        (422, "messages.0.content: failed to decode image", "question"),
        (400, "Please reduce the length of the messages: context length is 4096", "question"),
        (422, "what?", "question"),
        (400, "You uploaded an unsupported image. Make sure your image is valid.", "question"),
        (500, "Failed to load image or audio file", "question"),
        (400, "unsupported image format", "question"),
        (400, "logprobs are not supported with reasoning models.", "all"),
        (400, "This is not a chat model and thus not supported here", "all"),
        (400, "default chat template is no longer allowed", "all"),
        (400, "No models loaded. Please load a model", "all"),
        (400, "foo/bar is not a valid model ID", "all"),
        (400, "The operation does not work with the specified model, davinci.", "all"),
        (400, "'messages' must only have a 'content' field that is a string.", "all"),
        (500, "[json.exception.type_error.302] type must be string, but is array", "all"),
        (400, "User location is not supported for the API use.", "all"),
        (422, "`max_new_tokens` must be strictly positive", "all"),
    ],
)
def test_whom_a_refusal_concerns(status, said, reach):
    assert reach_of(status, said) == reach


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("openai/gpt-4o", "gpt-4o-2024-08-06"),
        ("gpt-4", "gpt-4-0613"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"),
        ("gemini-1.5-pro", "models/gemini-1.5-pro-002"),
        ("llava", "llava:latest"),
        ("mistral-small", "mistral-small-2503"),
        ("anthropic/claude-3.5-sonnet", "claude-3-5-sonnet-20241022"),
        ("llava-hf/llava-1.5-7b-hf", "models/llava-1.5-7b-hf"),
        ("llava-hf/llava-1.5-7b-hf", "workspace/models/llava-1.5-7b-hf"),
        ("qwen/qwen2.5-vl-7b-instruct:free", "qwen/qwen2.5-vl-7b-instruct"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "qwen2.5-vl-7b-instruct"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "/data/models/Qwen2.5-VL-7B-Instruct/"),
        ("Qwen/Qwen2-VL", "/root/hub/models--Qwen--Qwen2-VL/snapshots/0123abc"),
        ("llava-v1.5-7b", r"C:\models\llava-v1.5-7b.gguf"),
        ("/home/me/llava", "/home/me/llava@main"),
        ("llava-hf/llava-1.5-7b-hf", "llava-hf/llava-1.5-7b-hf@0123abc"),
        ("llava-v1.5-7b", "llava-v1.5-7b-Q4_K_M.gguf"),
        ("llava-v1.5-7b", "/models/llava-v1.5-7b.IQ3_XXS.gguf"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "Qwen2.5-VL-7B-Instruct-Q4_K_M-00001-of-00002.gguf"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "Qwen/Qwen2.5-VL-7B-Instruct-AWQ"),
        ("gemma3:12b", "gemma3:12b-fp16"),
        ("gpt-4o", "azure/gpt-4o-2024-08-06"),
        ("azure/gpt-4o", "openai/gpt-4o"),
        ("openai/llava-1.5-7b-hf", "llava-hf/llava-1.5-7b-hf"),
        ("gemini-2.5-flash-preview", "models/gemini-2.5-flash-preview-04-17"),
        ("qwen2.5-vl-7b-instruct", "qwen2.5-vl-7b-instruct:2"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "/m/Qwen2.5-VL-7B-Instruct-quantized.w4a16"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "/m/Qwen2.5-VL-7B-Instruct-FP8-dynamic"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "/m/Qwen2.5-VL-7B-Instruct-bnb-4bit"),
        ("gemma3:4b-it", "gemma3:4b-it-qat"),
        ("llava-hf/llava-1.5-7b-hf", "llava-hf--llava-1.5-7b-hf"),
        ("hosted_vllm/llava-hf/llava-1.5-7b-hf", "llava-hf/llava-1.5-7b-hf"),
    ],
)
def test_harmless_differences_of_a_models_name(asked, answered):
    assert is_same_model(asked, answered)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("gpt-4o", "gpt-4o-mini"),
        ("gpt-4o", "gpt-4o-mini-2024-07-18"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-08-06"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "Qwen/Qwen2.5-VL-72B-Instruct"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "other/Qwen2.5-VL-7B-Instruct"),
        ("llava:7b", "llava:13b"),
        ("gemini-2.5-pro-preview-05-06", "gemini-2.5-pro-preview-06-05"),
        ("llava-hf/llava-1.5-7b-hf", "someone--llava-1.5-7b-hf"),
        ("gpt-4.1", "gpt-4.1-nano"),
        ("mistral-small-2503", "mistral-small-2506"),
        ("org/model", "model-1999"),
        ("llava-v1.5-7b", "llava-v1.5-13b-Q4_K_M.gguf"),
        ("llava-v1.5-7b-Q8_0", "llava-v1.5-7b-Q4_0"),
        ("azure/gpt-4o", "azure/gpt-4o-mini"),
        ("llava-hf/llava-1.5-7b-hf", "/models/some-tune"),
        ("llava-hf/llava-1.5-7b-hf", "gpt-3.5-turbo"),
    ],
)
def test_another_model(asked, answered):
    assert not is_same_model(asked, answered)


def test_folders_of_a_served_model_are_not_told_on():
    assert shown_model("/home/someone/llava") == "llava"
    assert shown_model("/home/someone/models--Qwen--Qwen2-VL/snapshots/1a") == "Qwen/Qwen2-VL"
    assert shown_model("llava-hf/llava-1.5-7b-hf") == "llava-hf/llava-1.5-7b-hf"
