"""Saving what was trained, and putting it back on the weights that were not.

A saved model is a folder: `config.json`, `model.safetensors` (trained parts in float32, text
features, prior), `lora/` (where there is LoRA, as peft saves it), `vocabulary.json`, `rules.json`,
`answers.json` (the words of answers), the tokenizer's files, `preprocessor_config.json` (how faces
are cut), and, of a model that training made, its card `README.md` and `provenance.json`. A frozen
part that came from a checkpoint is not in it: it is read from that checkpoint again.

Three files of one line each name the classes for `trust_remote_code`. transformers would copy their
source, and so a second version of what is installed; these take the classes from the package.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from faceinsight.answers.lexicon import Lexicon
from faceinsight.errors import ParameterError, WeightsError
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.coherent import CoherentLayer
from faceinsight.method.losses import LogicalLoss
from faceinsight.method.rules.compiler import RuleSet
from faceinsight.model.configuration import FaceInsightConfig
from faceinsight.model.encoders import one_line
from faceinsight.model.hub import saved_folder, upload_folder
from faceinsight.model.image_processing import FaceInsightImageProcessor
from faceinsight.model.labels import coherent_layer
from faceinsight.model.parts import PARTS, is_attached, load_parts

_Read = TypeVar("_Read")

CONFIG, WEIGHTS = "config.json", "model.safetensors"
VOCABULARY, RULES = "vocabulary.json", "rules.json"
CARD, PROVENANCE = "README.md", "provenance.json"
ANSWERS = "answers.json"
_CODE = {
    "configuration": "FaceInsightConfig",
    "modeling": "FaceInsightModel",
    "image_processing": "FaceInsightImageProcessor",
}
_OF_AUTO_CLASSES = {
    "adapter_kwargs",
    "code_revision",
    "trust_remote_code",
    "_from_auto",
    "_from_pipeline",
}
"""What `AutoModel` and `pipeline` pass on to any model, and what is of no use here."""


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
    tokenizer: PreTrainedTokenizerBase
    ruleset: RuleSet | None
    lexicon: Lexicon | None
    lora: Any
    documents: dict[str, str]
    language_model: PreTrainedModel
    logical_loss: LogicalLoss | None
    coherent: CoherentLayer | None

    def attach(self, **parts: PreTrainedModel) -> None:
        """Put parts that were read from their checkpoints into their places, in place.

        Args:
            parts: by name; see `faceinsight.model.parts`.
        """
        for name, part in parts.items():
            part.requires_grad_(name not in self.config.frozen)
            if name == "language_model":
                self.language_model = part
            else:
                getattr(self, name).backbone = part
        if "language_model" in parts:
            self._add_lora()
        self._leave_out_of_checkpoints()
        self.eval()

    def complete(
        self,
        vocabulary: Vocabulary,
        tokenizer: PreTrainedTokenizerBase,
        ruleset: RuleSet | None = None,
        lexicon: Lexicon | None = None,
    ) -> None:
        """Put beside the network what a checkpoint cannot hold.

        Args:
            vocabulary: the K characteristics.
            tokenizer: of the language model.
            ruleset: the rules; None where no loss needs them and labels are not decoded.
            lexicon: words of answers; None where there are none.

        Raises:
            ParameterError: loss or readout needs rules, and there are none.
            RuleError: the labels that break no rule are too many to list for a coherent model.
        """
        self.vocabulary, self.tokenizer = vocabulary, tokenizer
        self.ruleset, self.lexicon = ruleset, lexicon
        if self.config.logic:
            if ruleset is None:
                raise ParameterError("logic is on, and there are no rules: pass a rule set")
            self.logical_loss = LogicalLoss(ruleset)
        if "coherent" in (self.config.loss, self.config.readout):
            if ruleset is None:
                raise ParameterError(
                    "the variant is coherent, and there are no rules: pass a rule set"
                )
            self.coherent = coherent_layer(self.config, vocabulary, ruleset)

    def _add_lora(self) -> None:
        if self.config.lora is not None:
            from faceinsight.model.lora import add_lora  # nothing of peft is imported without it

            # peft's view of the same modules: as a submodule it would name every tensor twice.
            self.__dict__["lora"] = add_lora(self.language_model, self.config.lora)

    def _leave_out_of_checkpoints(self) -> None:
        # Trainer reads this, and then does not warn that a checkpoint lacks them.
        self._keys_to_ignore_on_save = self._elsewhere(self.state_dict())

    def _elsewhere(self, names: Iterable[str]) -> set[str]:
        """Those tensors that are not in `model.safetensors`: frozen parts' checkpoints or peft's
        file holds them.
        """
        bases = [part for part in PARTS if is_attached(self.config, part)]
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
        if self.config.crops:
            FaceInsightImageProcessor.of_model(self.config).save_pretrained(folder)
        for module, name in _CODE.items():
            line = f"from faceinsight.model.{module} import {name}  # noqa: F401\n"
            (folder / f"{module}.py").write_text(line, encoding="utf-8")
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
        config: FaceInsightConfig | None = None,
        dtype: torch.dtype | str | None = None,
        **hub: Any,
    ) -> Self:
        """Read a saved model back, in evaluation mode.

        Args:
            pretrained_model_name_or_path: the folder that `save_pretrained` wrote, or its name on
                the Hugging Face hub.
            bases: for frozen parts whose checkpoint lies elsewhere now, part to name or folder; of
                a GGUF file, to its folder or path.
            config: in place of the saved one.
            dtype: `auto` or float32; weights are held as they were in training.
            hub: for a name on the hub, what `faceinsight.model.hub.saved_folder` takes: `revision`,
                `cache_dir`, `token`, `local_files_only`, `force_download`.

        Raises:
            ParameterError: another `dtype`.
            WeightsError: a file, a tensor or a frozen part's checkpoint is missing; the message
                says which, and where it should be.
        """
        if dtype not in (None, "auto", torch.float32):
            raise ParameterError(
                f"dtype: {dtype} is not how this model was trained: leave it out (trained weights "
                "are float32, frozen ones as config.json says), and cast the model afterwards"
            )
        hub = {name: value for name, value in hub.items() if name not in _OF_AUTO_CLASSES}
        folder = saved_folder(pretrained_model_name_or_path, **hub)
        for name in (CONFIG, WEIGHTS, VOCABULARY):
            if not (folder / name).is_file():
                raise WeightsError(
                    f"{folder} holds no {name}: give the folder of a model that was saved whole"
                )
        config = _config(folder, bases or {}, config)
        vocabulary = Vocabulary.from_config(_read_json(folder / VOCABULARY))
        if list(vocabulary.ids) != config.characteristics:
            raise WeightsError(
                f"{folder / VOCABULARY} names other characteristics than config.json beside it: "
                "restore the folder of a model that was saved whole"
            )
        rules, answers = folder / RULES, folder / ANSWERS
        tokenizer = _read(folder / "tokenizer.json", lambda _: _tokenizer(folder))
        ruleset = RuleSet.from_config(_read_json(rules)) if rules.is_file() else None
        lexicon = None
        if answers.is_file():
            lexicon = Lexicon.from_config(_read_json(answers), vocabulary)
        parts = load_parts(config, trained=False)
        model = cls(config)
        model.attach(**parts)
        model.complete(vocabulary, tokenizer, ruleset, lexicon)
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


def _config(
    folder: Path, bases: Mapping[str, str], given: FaceInsightConfig | None
) -> FaceInsightConfig:
    """The saved configuration, or a given one, with some frozen parts' checkpoints elsewhere."""
    kind = _read_json(folder / CONFIG).get("model_type")
    if kind != FaceInsightConfig.model_type:
        raise WeightsError(
            f"{folder / CONFIG} is of a '{kind}' model, not of FaceInsight: give the folder of a "
            "saved FaceInsight model"
        )
    config = deepcopy(given) if given else FaceInsightConfig.from_pretrained(folder)
    for part, name in bases.items():
        if part not in PARTS:
            raise WeightsError(f"bases: there is no part '{part}'; there are {list(PARTS)}")
        settings = getattr(config, part)
        settings["pretrained"] = name
        if settings.get("gguf"):
            # Its folder is given, or its own path.
            is_file = name.endswith(".gguf")
            settings["gguf"] = name if is_file else Path(settings["gguf"]).name
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
