"""Saving what was trained, and putting it back on the weights that were not.

A saved model is a folder: `config.json`, `model.safetensors` (trained parts in float32, text
features, prior), `lora/` (where there is LoRA, as peft saves it), `vocabulary.json`, `rules.json`,
`answers.json` (the words of answers), the tokenizer's files, and, of a model that training made,
its card `README.md` and `provenance.json`. A frozen part that came from a checkpoint is not in it:
it is read from that checkpoint again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from faceinsight.answers.lexicon import Lexicon
from faceinsight.errors import WeightsError
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.model.configuration import FaceInsightConfig
from faceinsight.model.encoders import one_line, vision_config, vision_model
from faceinsight.model.hub import saved_folder, upload_folder
from faceinsight.model.pretrained import load_language_model, load_vision_model

_Read = TypeVar("_Read")

CONFIG, WEIGHTS = "config.json", "model.safetensors"
VOCABULARY, RULES = "vocabulary.json", "rules.json"
CARD, PROVENANCE = "README.md", "provenance.json"
ANSWERS = "answers.json"
PARTS = ("image_encoder", "segmentation_encoder", "language_model")


def make_part(config: FaceInsightConfig, part: str, *, weights: bool) -> PreTrainedModel | None:
    """Make one of `PARTS` as the configuration says.

    Args:
        config: the model's configuration.
        part: name of the part.
        weights: whether a part that has a checkpoint is read from it even if it is not frozen
            (a new model), or only shaped like it (its trained weights come from elsewhere).

    Returns:
        The part; None for the segmentation encoder of a model that reads no maps.

    Raises:
        WeightsError: the checkpoint is not there, or is not of this model.
    """
    settings = getattr(config, part)
    if not settings:
        return None
    frozen = part in config.frozen
    dtype = getattr(torch, config.frozen_dtype) if frozen else torch.float32
    is_language = part == "language_model"
    if settings["pretrained"] is not None and (weights or frozen):
        load = load_language_model if is_language else load_vision_model
        return load(part, settings["pretrained"], settings["revision"], dtype)
    if is_language:
        architecture = AutoConfig.for_model(**settings["architecture"])
        return AutoModelForCausalLM.from_config(architecture, dtype=dtype)
    return vision_model(vision_config(settings["architecture"], config.image_size, part), dtype)


def make_parts(config: FaceInsightConfig, *, weights: bool) -> dict[str, Any]:
    """All of `PARTS`, by name, as arguments of `FaceInsightModel`; see `make_part`."""
    return {part: make_part(config, part, weights=weights) for part in PARTS}


class SavedModel(PreTrainedModel):
    """`save_pretrained`, `from_pretrained` and `push_to_hub` of `FaceInsightModel`.

    Attributes:
        lora: peft's view of the language model, a `PeftModel`; None without LoRA.
        documents: texts that are saved beside the weights, by file name: `README.md`, the model
            card, and `provenance.json`. Training writes them, and who loads a model and saves it
            again keeps them.
    """

    config: FaceInsightConfig
    vocabulary: Vocabulary
    ruleset: RuleSet | None
    lexicon: Lexicon | None
    tokenizer: PreTrainedTokenizerBase
    lora: Any
    documents: dict[str, str]

    def _elsewhere(self, names: Iterable[str]) -> set[str]:
        """Those tensors that are not in `model.safetensors`: frozen parts' checkpoints or peft's
        file holds them.
        """
        config = self.config
        bases = [p for p in config.frozen if getattr(config, p)["pretrained"] is not None]
        elsewhere = {name for name in names if name.split(".")[0] in bases}
        if self.lora is not None:
            from faceinsight.model.lora import is_lora

            elsewhere |= {name for name in names if is_lora(name)}
        return elsewhere

    def trained_state(self, state_dict: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """The tensors of `model.safetensors`, in float32 where they are floating point.

        Args:
            state_dict: the whole state; the model's own if not given.
        """
        state = self.state_dict() if state_dict is None else state_dict
        elsewhere = self._elsewhere(state)
        return {
            name: tensor.float() if tensor.is_floating_point() else tensor
            for name, tensor in state.items()
            if name not in elsewhere
        }

    def save_pretrained(  # type: ignore[override]
        self,
        save_directory: str | Path,
        is_main_process: bool = True,
        state_dict: Mapping[str, Tensor] | None = None,
        push_to_hub: bool = False,
        max_shard_size: int | str | None = None,
        **upload: Any,
    ) -> None:
        """Save what was trained, and everything that goes with it, into one folder.

        Files are written in place; a caller that may be interrupted writes into a folder beside
        the final one and renames it (`faceinsight.common.work.write_beside`).

        Args:
            save_directory: the folder.
            is_main_process: False on all but one of several processes.
            state_dict: the whole state, where it had to be gathered from several processes.
            push_to_hub: upload the folder afterwards.
            max_shard_size: not heeded: the weights are one file, which `from_pretrained` reads.
            upload: `repo_id` (the folder's name if not given) and further arguments of
                `faceinsight.model.hub.upload_folder`.
        """
        state = self.state_dict() if state_dict is None else state_dict
        super().save_pretrained(
            save_directory,
            is_main_process=is_main_process,
            state_dict=self.trained_state(state),
            save_original_format=False,
            max_shard_size=2**62,
        )
        if not is_main_process:
            return
        folder = Path(save_directory)
        if self.lora is not None:
            from faceinsight.model.lora import save_lora

            save_lora(self.lora, folder, state)
        _write_json(folder / VOCABULARY, self.vocabulary.to_config())
        if self.ruleset is not None:
            _write_json(folder / RULES, self.ruleset.to_config())
        if self.lexicon is not None:
            _write_json(folder / ANSWERS, self.lexicon.to_config())
        self.tokenizer.save_pretrained(folder)
        for name, text in self.documents.items():
            (folder / name).write_text(text, encoding="utf-8")
        if push_to_hub:
            upload_folder(folder, **{"repo_id": folder.name, **upload})

    def push_to_hub(self, repo_id: str, **kwargs: Any) -> str:  # type: ignore[override]
        """Upload the model, as `save_pretrained` saves it, with its own card.

        Args:
            repo_id: name on the Hugging Face hub; made if it is not there.
            kwargs: further arguments of `faceinsight.model.hub.upload_folder`: `private`, `token`,
                `revision`, `create_pr`, `commit_message`, `commit_description`.

        Returns:
            The address of the commit.
        """
        with TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            return upload_folder(Path(folder), repo_id, **kwargs)

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        bases: Mapping[str, str] | None = None,
        **hub: Any,
    ) -> Self:
        """Read a saved model back, in evaluation mode.

        Args:
            pretrained_model_name_or_path: the folder that `save_pretrained` wrote, or its name on
                the Hugging Face hub.
            bases: for frozen parts whose checkpoint lies elsewhere now, part to name or folder.
            hub: for a name on the hub, what `faceinsight.model.hub.saved_folder` takes: `revision`,
                `cache_dir`, `token`, `local_files_only`, `force_download`.

        Raises:
            WeightsError: a file, a tensor or a frozen part's checkpoint is missing; the message
                says which, and where it should be.
        """
        folder = saved_folder(pretrained_model_name_or_path, **hub)
        for name in (CONFIG, WEIGHTS, VOCABULARY):
            if not (folder / name).is_file():
                raise WeightsError(
                    f"{folder} holds no {name}: give the folder of a model that was saved whole"
                )
        config = _config(folder, bases or {})
        vocabulary = Vocabulary.from_config(_read_json(folder / VOCABULARY))
        if list(vocabulary.ids) != config.characteristics:
            raise WeightsError(
                f"{folder / VOCABULARY} names other characteristics than config.json beside it: "
                "restore the folder of a model that was saved whole"
            )
        rules, answers = folder / RULES, folder / ANSWERS
        model = cls(
            config,
            vocabulary=vocabulary,
            tokenizer=_read(folder / "tokenizer.json", lambda _: _tokenizer(folder)),
            ruleset=RuleSet.from_config(_read_json(rules)) if rules.is_file() else None,
            lexicon=Lexicon.from_config(_read_json(answers), vocabulary)
            if answers.is_file()
            else None,
            **make_parts(config, weights=False),
        )
        model.load_trained(folder)
        for name in (CARD, PROVENANCE):
            if (folder / name).is_file():
                model.documents[name] = _read(folder / name, _read_text)
        return model

    def load_trained(self, folder: str | Path) -> None:
        """Put what `save_pretrained` wrote into `folder` back onto this model, in place.

        Raises:
            WeightsError: a tensor is missing, too many, or of another shape.
        """
        path = Path(folder) / WEIGHTS
        saved = _read(path, load_file)
        own = self.state_dict()
        tied = self.all_tied_weights_keys
        faults = {
            "lacks": (own.keys() - saved.keys() - tied.keys()) - self._elsewhere(own),
            "has too many:": saved.keys() - own.keys(),
            "has in another shape:": {
                k for k in saved.keys() & own.keys() if saved[k].shape != own[k].shape
            },
        }
        for fault, names in faults.items():
            if names:
                raise WeightsError(
                    f"{path} {fault} {', '.join(sorted(names)[:5])}; it was not saved with the "
                    "config.json beside it by this version of the model"
                )
        self.load_state_dict(saved, strict=False)
        if self.lora is not None:
            from faceinsight.model.lora import load_lora

            load_lora(self.lora, Path(folder))


def _config(folder: Path, bases: Mapping[str, str]) -> FaceInsightConfig:
    """The saved configuration, with some frozen parts' checkpoints elsewhere."""
    kind = _read_json(folder / CONFIG).get("model_type")
    if kind != FaceInsightConfig.model_type:
        raise WeightsError(
            f"{folder / CONFIG} is of a '{kind}' model, not of FaceInsight: give the folder of a "
            "saved FaceInsight model"
        )
    config = FaceInsightConfig.from_pretrained(folder)
    for part, name in bases.items():
        if part not in PARTS:
            raise WeightsError(f"bases: there is no part '{part}'; there are {list(PARTS)}")
        getattr(config, part)["pretrained"] = name
    return config


def _tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def _read_json(path: Path) -> Any:
    return _read(path, lambda path: json.loads(_read_text(path)))


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _read(path: Path, read: Callable[[Path], _Read]) -> _Read:
    try:
        return read(path)
    except Exception as error:
        raise WeightsError(f"{path} cannot be read: {one_line(error)}") from error
