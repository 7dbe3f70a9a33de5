"""What a server says where it does not answer, and whether it would say so to every question."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

Reach = Literal["moment", "question", "all"]
"""Whom a refusal concerns: this moment alone, this one question, or every question like it."""

_LONGEST = 300
"""Characters of a server's message that are told."""

_KEYS = ("error", "message", "msg", "detail", "error_message", "errors", "reason", "title")
"""Where servers put their message, within each other too."""

_OF_A_FIELD = re.compile(
    r"""["']loc["']: [\[(](?P<place>[^\])]*)[\])].*?["']msg["']: (["'])(?P<said>.*?)\2"""
    r"|\A\s*\d+ validation errors? for \w+\n(?P<field>\S+)\n\s*(?P<fault>[^\n]+)",
    re.DOTALL,
)
"""A fault that pydantic found, as servers that are written in Python print it."""

_OF_ALL = re.compile(
    r"insufficient.{0,3}quota|exceeded your current quota|billing|\bcredits?\b|payment|"
    r"balance is|model.{0,120}(not.found|does not exist|not exist|deprecated|decommissioned)|"
    r"unknown model|invalid model|api.?key.{0,20}(not valid|invalid|incorrect|expired|missing)|"
    r"(invalid|incorrect|expired|missing).{0,20}api.?key|"
    r"no such model|(image|vision|multi-?modal|mmproj).{0,60}(not support|unsupported|disabled)|"
    r"(not support|unsupported|no endpoints).{0,60}(image|vision|multi-?modal)|"
    r"not a (multi-?modal|vision)|at most 0 image|image_url is only|"
    r"missing data required for image|requires more system memory|"
    r"unsupported (parameter|value|fields?)|no models? (is |are )?loaded|failed to load model|"
    r"not a (valid|chat) model|specified model|chat template|jinja|unexpected endpoint|"
    r"(location|region|country|territory).{0,20}not supported",
    re.IGNORECASE | re.DOTALL,
)
"""Faults of the request's form, the account or the model, whatever status they come with."""

_OF_ONE_PICTURE = re.compile(
    r"(invalid|valid|unsupported).{0,3}image.{0,3}(format|type|data|file)|image is (valid|invalid)|"
    r"failed to load image",
    re.IGNORECASE,
)

_OF_ONE = re.compile(
    r"content.{0,20}(filter|policy|management)|moderation|safety|flagged|"
    r"context.{0,3}(length|window|size)|too many (tokens|pixels)|tokens.{0,3} \+ |"
    r"(image|picture|file|input|prompt|request|payload|text).{0,60}too (long|large|small|big)|"
    r"(invalid|corrupt|broken|cannot identify|could not (process|decode|load)|"
    r"failed to (process|decode|load)).{0,30}image|image.{0,30}(dimension|pixels|size|corrupt)",
    re.IGNORECASE | re.DOTALL,
)
"""Faults of one picture or one text."""

_OF_FIELDS = re.compile(
    r"max_tokens|max_(completion|new)_tokens|temperature|logprobs|extra_forbidden|extra inputs|"
    r"(unknown|unrecognized|unexpected|unsupported|not permitted).{0,30}"
    r"(field|parameter|argument|name)|supported values are|"
    r"\b[a-z]+_[a-z_]+\b.{0,4} is not supported|"
    # The form of the messages, which is the same in every question.
    r"should be a valid|field required|value is not a valid|\b\w+ type expected|"
    r"must be (an? )?(valid )?(string|str|list|array|object|dict)\b|invalid type for|"
    r"content.{0,12} that is a string|unsupported content|unknown variant|"
    r"deserializ|roles must alternate|(system|user|assistant) role|role.{0,20}not supported",
    re.IGNORECASE | re.DOTALL,
)
"""Faults of fields that every request has; where a text is too long they may be named as well."""

_OF_A_RATE = re.compile(
    r"rate.?limit|per.?(minute|second|day)|\b[rt]pm\b|retryDelay|(retry|try again) in",
    re.IGNORECASE,
)
"""Limits that pass, whose messages may advise to pay."""


def reach_of(status: int, said: str) -> Reach:
    """Whom a refusal concerns; what no rule knows is taken to be about the one question.

    Args:
        status: of HTTP.
        said: the whole body of the response.
    """
    if status == 429 and _OF_A_RATE.search(said) and "insufficient_quota" not in said:
        return "moment"
    if _OF_ONE_PICTURE.search(said):
        return "question"
    if _OF_ALL.search(said) and status != 413:
        return "all"
    if status >= 500 and _OF_FIELDS.search(said) and not _OF_ONE.search(said):
        return "all"
    if status in (408, 409, 425, 429) or (status >= 500 and status not in (501, 505)):
        return "moment"
    if status == 413 or _OF_ONE.search(said):
        return "question"
    if _OF_FIELDS.search(said):
        return "all"
    if status in (401, 402, 403, 404, 405, 410, 501, 505):
        return "all"
    return "question"


def is_about_fields(said: str) -> bool:
    """Whether a refusal is about fields of the request, which may be replaced or left out."""
    return bool(_OF_FIELDS.search(said))


def reason_of(body: str, secrets: tuple[str, ...] = ()) -> str:
    """The first line of a server's own message; empty where it says nothing.

    Args:
        body: a JSON error of OpenAI, vLLM, llama.cpp, Ollama, LiteLLM, FastAPI; a proxy's page; or
            plain text.
        secrets: what must not be told on: the key, the address.
    """
    try:
        said = next(_messages(json.loads(body)), "")
    except (ValueError, RecursionError):
        said = (
            _of_page(body)
            if re.search(r"<\s*(html|head|body|title|!doctype)", body, re.I)
            else body
        )
    # A gateway hands on what it was told, as JSON within its own sentence.
    inner = re.search(r"""["']message["']\s*:\s*["'](.+?)["']\s*[,}]""", said)
    said = (inner.group(1) if inner else said).replace("\\n", "\n")
    if found := _OF_A_FIELD.search(said):
        place = found["field"] or found["place"]
        said = _of_field(re.findall(r"[^\s,'\"]+", place), found["fault"] or found["said"])
    lines = said.splitlines()
    line = next((" ".join(line.split()) for line in lines if line.strip()), "")
    for secret in secrets:
        line = line.replace(secret, "…")
    line = re.sub(r"\b(sk|hf|gsk|key)[-_][\w*.-]{6,}|[\w+/=]{120,}", "…", line)
    line = "".join(c for c in line if c.isprintable())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1].rstrip() + "…"


def _messages(said: Any) -> Iterator[str]:
    """Texts of an error, the most telling first."""
    if isinstance(said, str):
        if said.strip():
            yield said
    elif isinstance(said, list):
        for one in said:
            yield from _messages(one)
    elif isinstance(said, dict):
        metadata = said.get("metadata")
        if isinstance(metadata, dict) and isinstance(metadata.get("raw"), str):
            yield reason_of(metadata["raw"])  # what OpenRouter's provider said
        if isinstance(said.get("loc"), list) and isinstance(said.get("msg"), str):
            yield _of_field(said["loc"], said["msg"])
        for name in _KEYS:
            yield from _messages(said.get(name))


def _of_field(place: Sequence[object], fault: str) -> str:
    """A fault with the field of the request that has it: "max_tokens: Input should be ..."."""
    field = ".".join(str(part) for part in place if part not in ("body", "query"))
    return f"{field}: {fault}" if field else fault


def _of_page(page: str) -> str:
    """Title of an HTML page, or its first heading, or its first words."""
    for tag in ("title", "h1", "h2", "body"):
        found = re.search(rf"<{tag}\b[^>]*>(.*?)</{tag}", page, re.IGNORECASE | re.DOTALL)
        text = html.unescape(re.sub(r"<[^>]+>", " ", found.group(1))) if found else ""
        if text.strip():
            return text
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


_VERSION = re.compile(
    r"[-@:](\d{4}-\d{2}-\d{2}|20\d{6}|2\d[01]\d[0-3]\d|[01]\d-?[0-3]\d|2\d[01]\d|00\d|latest|"
    r"(?<=:)\d)$"
)
"""What names a version of a model behind its name: a date, also MMDD, MM-DD or YYMM, 002, `latest`;
or which of several copies that are loaded answered (LM Studio's `:2`)."""


_QUANTISED = re.compile(
    r"[-:@](?:ud-)?(i?q\d(?:-(?:k|\d|nl|xxs|xs|s|m|l|xl))*|b?f(?:p)?(?:16|32|8)|int[48]|nf4|[48]-?bit|"
    r"w\d+a\d+|awq|gptq|exl2|mlx|gguf|bnb|qat|dwq|mxfp4|nvfp4|dynamic|quantized)$"
)
"""How a copy's weights are rounded, as files and tags are called: `-Q4_K_M`, `-AWQ`, `:fp16`."""

_ROUTES = frozenset(
    {
        *("openai", "azure", "azure-ai", "hosted-vllm", "vllm", "ollama", "ollama-chat"),
        *("openrouter", "litellm", "litellm-proxy", "together", "together-ai", "bedrock"),
        *("vertex-ai", "huggingface", "lm-studio", "fireworks-ai", "groq", "deepinfra"),
    }
)
"""What gateways write before a model to say where it is served; no organisation that made it."""


def is_same_model(asked: str, answered: str) -> bool:
    """Whether a response's `model` is the one that was asked for.

    Upper and lower case, an organisation or gateway before the name, a folder that it is served
    from, a revision of the hub behind it (`@main`), and a dated version or a way of rounding the
    weights where one side names none make no difference.
    """
    one, other = _parts(asked), _parts(answered)
    (name, *marks), (other_name, *other_marks) = _named(one.pop()), _named(other.pop())
    pairs = zip(marks, other_marks, strict=True)
    if name != other_name or any(a and b and a != b for a, b in pairs):
        return False
    if _is_folder(asked) or _is_folder(answered) or max(len(one), len(other)) > 1:
        return True
    shared = min(len(one), len(other))
    return shared == 0 or one[-shared:] == other[-shared:]


def shown_model(name: str) -> str:
    """A served model's name without the folders it lies in, which may name a user."""
    if hub := re.search(r"models--([^/]+)/snapshots/", name):
        return hub.group(1).replace("--", "/")
    return re.split(r"[/\\]", name.strip().rstrip("/\\"))[-1] if _is_folder(name) else name


def _is_folder(name: str) -> bool:
    starts = ("/", ".", "~", "models/", "model/", "weights/", "checkpoints/")
    return name.startswith(starts) or "\\" in name or name.endswith(".gguf")


def _parts(name: str) -> list[str]:
    name = name.strip().replace("\\", "/").rstrip("/")
    if hub := re.search(r"models--([^/]+)/snapshots/", f"{name}/"):
        name = hub.group(1).replace("--", "/")
    name = re.sub(r"@[\w.-]+$", "", name)
    name = re.sub(r"(\.gguf|\.safetensors|:free)$", "", name.lower())
    # A folder that a download made has the organisation in its name: `org--name`.
    first, *rest = re.sub(r"[_.]", "-", name.replace("--", "/")).split("/")
    return rest if rest and first in _ROUTES else [first, *rest]


def _named(name: str) -> tuple[str, str, str]:
    """A name without what follows it, its version, and how its weights are rounded."""
    rounded = ""
    name = re.sub(r"-\d{5}-of-\d{5}$", "", name)
    while found := _QUANTISED.search(name):
        name, rounded = name[: found.start()], found[1] + rounded
    found = _VERSION.search(name)
    if found is None:
        return name, "", rounded
    said = found[1]
    return name[: found.start()], "" if said == "latest" else said.replace("-", ""), rounded
