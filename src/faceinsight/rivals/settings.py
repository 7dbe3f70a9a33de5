"""The nine rivals and how they are asked, as they stand in `parameters_rivals.yml`."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, JsonValue, field_validator, model_validator

from faceinsight.common.devices import known_device
from faceinsight.common.messages import no_such
from faceinsight.common.settings import Settings

WayIn = Literal["transformers", "server"]
ScoredBy = Literal["text", "likelihood"]


class RivalSettings(Settings):
    """One rival.

    Attributes:
        title: its name in tables.
        checkpoint: repository on the Hugging Face hub, or a folder.
        revision: branch, tag or commit of the repository.
        way: `transformers` in this process, or an OpenAI-compatible `server`.
        model_class: the native transformers class that loads the checkpoint; null where there is
            none, and the way in is a server.
        licence: of the weights.
        prompt: what is sent, with `{question}`; a chat template, the checkpoint's own or the
            server's, is laid around it.
        documented: the whole prompt that the model's documentation asks for, with `{question}`.
        source: where `documented` was read.
        served_by: servers that can serve the checkpoint, and how each is started.
        served_as: the model's name at the server; null is `checkpoint`.
        request: fields of a request to a server, e.g. stop tokens, also nested ones; they replace
            `max_tokens` (so does `max_completion_tokens`) and `temperature`, and null leaves out.
        trust_remote_code: whether Python code that comes with the checkpoint may be run, with all
            rights of the user. Nothing but `true` here runs it.
        note: what else is to be known.
    """

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    title: str = Field(min_length=1)
    checkpoint: str = Field(min_length=1)
    revision: str | None = None
    way: WayIn
    model_class: str | None = None
    licence: str = Field(min_length=1)
    prompt: str = "{question}"
    documented: str
    source: str = Field(min_length=1)
    served_by: dict[str, str] = {}
    served_as: str | None = None
    request: dict[str, JsonValue] = {}
    trust_remote_code: bool = False
    note: str = ""

    @field_validator("prompt", "documented")
    @classmethod
    def _has_a_place(cls, text: str) -> str:
        if text.count("{question}") != 1:
            raise ValueError("needs {question} exactly once, where the question goes")
        return text

    @model_validator(mode="after")
    def _can_be_loaded(self) -> RivalSettings:
        if self.way == "transformers" and not (self.model_class or self.trust_remote_code):
            raise ValueError(
                "way: transformers needs model_class, the native class that loads the checkpoint; "
                "without one the way in is a server, or trust_remote_code: true"
            )
        if reserved := sorted(set(self.request) & _RESERVED):
            raise ValueError(f"request: '{reserved[0]}' is set by how the rival is asked")
        return self


_RESERVED = {"messages", "model", "logprobs", "top_logprobs", "stream"}


class QuestionSettings(Settings, frozen=True):
    """What is asked.

    Attributes:
        attributes: `each` asks about every characteristic by itself, `list` once about all.
        each: the question about one, with `{phrase}`.
        list: the question about all; `{options}` becomes their names. Without `{options}` it is an
            open question.
        choice: the question of a group, by task.
        choice_form: around it, with `{question}` and `{options}`, a line each: "A. 0-2".
        words: a characteristic's word in questions, where a data set's file has only a number.
        max_tokens: most new tokens of an answer, by kind of question.
    """

    attributes: Literal["each", "list"] = "each"
    each: str
    list: str
    choice: dict[str, str]
    choice_form: str
    words: dict[str, str] = {}
    max_tokens: dict[Literal["each", "list", "choice"], int]

    @field_validator("each")
    @classmethod
    def _names_the_phrase(cls, text: str) -> str:
        if "{phrase}" not in text:
            raise ValueError("needs {phrase}, where the characteristic goes")
        return text

    @field_validator("choice_form")
    @classmethod
    def _names_both(cls, text: str) -> str:
        if "{question}" not in text or "{options}" not in text:
            raise ValueError("needs {question} and {options}")
        return text

    @field_validator("max_tokens")
    @classmethod
    def _all_kinds(cls, most: dict[str, int]) -> dict[str, int]:
        if missing := sorted({"each", "list", "choice"} - set(most)):
            raise ValueError(f"says nothing of '{missing[0]}'")
        if min(most.values()) < 1:
            raise ValueError("must be 1 or more")
        return most


class LocalSettings(Settings, frozen=True):
    """How a checkpoint is run in this process.

    Attributes:
        path: a folder that holds the checkpoint; null takes it from the hub (or its cache).
        device: auto, or a torch device such as cpu.
        dtype: of the weights; `auto` is the checkpoint's own.
        batch_size: questions a generation.
        attention: `attn_implementation` of transformers; null is its default.
    """

    path: str | None = None
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    batch_size: int = Field(default=16, ge=1)
    attention: str | None = None

    _device = field_validator("device")(known_device)


class ServerSettings(Settings, frozen=True):
    """How a server is asked. Address and key are never kept with answers and never logged.

    Attributes:
        base_url: e.g. `http://localhost:8000/v1`; null reads it from the environment.
        base_url_variable: environment variable with the address.
        api_key_variable: environment variable with the key; servers of one's own need none.
        software: what serves the model, e.g. "vllm 0.11"; part of what names the answers.
        concurrency: requests under way at once.
        requests_per_minute: limit on rate, retries included; null has none.
        timeout: seconds for one request.
        attempts: tries a question before it counts as failed.
        backoff: seconds before the first retry; doubled each time, at random between half and all.
        longest_wait: seconds, of a back-off and of a server's `Retry-After`.
        give_up_after: failed questions in a row after which the run stops.
        jpeg_quality: of the pictures sent, without chroma subsampling.
        top_logprobs: how many first tokens are asked for when scored by likelihood.
    """

    base_url: str | None = None
    base_url_variable: str = "OPENAI_BASE_URL"
    api_key_variable: str = "OPENAI_API_KEY"
    software: str | None = None
    concurrency: int = Field(default=8, ge=1, le=256)
    requests_per_minute: float | None = Field(default=None, gt=0)
    timeout: float = Field(default=120.0, gt=0)
    attempts: int = Field(default=6, ge=1)
    backoff: float = Field(default=1.0, ge=0)
    longest_wait: float = Field(default=60.0, ge=0)
    give_up_after: int = Field(default=20, ge=1)
    jpeg_quality: int = Field(default=95, ge=1, le=100)
    top_logprobs: int = Field(default=20, ge=1)


class RivalsSettings(Settings, frozen=True):
    """The rivals, and which of them is asked how.

    Attributes:
        chosen: the rival that is asked.
        scored_by: the answer's `text`, or the `likelihood` of the possible answers.
        split: which split's faces.
        longest_side: a larger picture is reduced to this; null keeps the photograph's resolution.
        unanswered: probability of a characteristic about which an answer says nothing.
        questions: what is asked.
        local: for the way in `transformers`.
        server: for the way in `server`.
        rivals: all of them.
    """

    chosen: str
    scored_by: ScoredBy = "text"
    split: str = Field(default="test", pattern="^(train|val|test)$")
    longest_side: int | None = Field(default=None, ge=16)
    unanswered: float = Field(default=0.0, ge=0, lt=0.5)
    questions: QuestionSettings
    local: LocalSettings = LocalSettings()
    server: ServerSettings = ServerSettings()
    rivals: dict[str, RivalSettings]

    @model_validator(mode="after")
    def _chosen_is_there(self) -> RivalsSettings:
        if self.chosen not in self.rivals:
            raise ValueError(no_such("rival", self.chosen, set(self.rivals)))
        if self.scored_by == "likelihood" and self.questions.attributes == "list":
            raise ValueError(
                "scored_by: likelihood needs questions.attributes: each, since a list has no one "
                "token that answers"
            )
        return self

    @property
    def rival(self) -> RivalSettings:
        """The one that is asked."""
        return self.rivals[self.chosen]


class FaceXBenchSettings(Settings):
    """What is answered and scored.

    Attributes:
        folder: FaceXBench's folder `benchmark`, question files with their pictures.
        replies: a folder of results of another model, as FaceXBench's `evaluate.py` writes them:
            they are scored, and no question is answered.
    """

    folder: str | None = None
    replies: str | None = None
