"""Saving what was trained, and putting it back on the weights that were not.

A saved model is a folder: `config.json`, `model.safetensors` (trained parts in float32, text
features, prior), `vocabulary.json`, `rules.json` and the tokenizer's files. A frozen part that came
from a checkpoint is not in it: it is read from that checkpoint again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

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

from faceinsight.characteristics import Vocabulary
from faceinsight.errors import WeightsError
from faceinsight.logic.compiler import RuleSet
from faceinsight.model.configuration import FaceInsightConfig
from faceinsight.model.encoders import one_line, vision_config, vision_model
from faceinsight.model.pretrained import load_language_model, load_vision_model

VOCABULARY, RULES, WEIGHTS = "vocabulary.json", "rules.json", "model.safetensors"
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
    is_language = part == "language_model"
    if settings["pretrained"] is not None and (weights or frozen):
        load = load_language_model if is_language else load_vision_model
        dtype = getattr(torch, config.frozen_dtype) if frozen else torch.float32
        return load(part, settings["pretrained"], settings["revision"], dtype)
    if is_language:
        return AutoModelForCausalLM.from_config(AutoConfig.for_model(**settings["architecture"]))
    return vision_model(vision_config(settings["architecture"], config.image_size, part))


def make_parts(config: FaceInsightConfig, *, weights: bool) -> dict[str, Any]:
    """All of `PARTS`, by name, as arguments of `FaceInsightModel`; see `make_part`."""
    return {part: make_part(config, part, weights=weights) for part in PARTS}


class SavedModel(PreTrainedModel):
    """`save_pretrained` and `from_pretrained` of `FaceInsightModel`."""

    config: FaceInsightConfig
    vocabulary: Vocabulary
    ruleset: RuleSet | None
    tokenizer: PreTrainedTokenizerBase

    def _from_bases(self, names: Iterable[str]) -> list[str]:
        """Those tensors that are not saved, since a frozen part's checkpoint holds them."""
        config = self.config
        bases = [p for p in config.frozen if getattr(config, p)["pretrained"] is not None]
        return [name for name in names if name.split(".")[0] in bases]

    def trained_state(self, state_dict: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """The tensors that are saved, in float32 where they are floating point.

        Args:
            state_dict: the whole state; the model's own if not given.
        """
        state = self.state_dict() if state_dict is None else state_dict
        elsewhere = set(self._from_bases(state))
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
        **kwargs: Any,
    ) -> None:
        """Save what was trained, and everything that goes with it, into one folder.

        Args:
            save_directory: the folder.
            is_main_process: False on all but one of several processes.
            state_dict: the whole state, where it had to be gathered from several processes.
            kwargs: further arguments of `PreTrainedModel.save_pretrained`.
        """
        super().save_pretrained(
            save_directory,
            is_main_process=is_main_process,
            state_dict=self.trained_state(state_dict),
            save_original_format=False,
            **kwargs,
        )
        if not is_main_process:
            return
        folder = Path(save_directory)
        _write_json(folder / VOCABULARY, self.vocabulary.to_config())
        if self.ruleset is not None:
            _write_json(folder / RULES, self.ruleset.to_config())
        self.tokenizer.save_pretrained(folder)

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls, folder: str | Path, *, bases: Mapping[str, str] | None = None
    ) -> Self:
        """Read a saved model back, in evaluation mode.

        Args:
            folder: where `save_pretrained` put it.
            bases: for frozen parts whose checkpoint lies elsewhere now, part to name or folder.

        Raises:
            WeightsError: a file, a tensor or a frozen part's checkpoint is missing; the message
                says which, and where it should be.
        """
        folder = Path(folder)
        for name in ("config.json", WEIGHTS, VOCABULARY):
            if not (folder / name).is_file():
                raise WeightsError(
                    f"{folder} holds no {name}: give the folder of a model that was saved whole"
                )
        config = FaceInsightConfig.from_pretrained(folder)
        for part, name in (bases or {}).items():
            if part not in PARTS:
                raise WeightsError(f"bases: there is no part '{part}'; there are {list(PARTS)}")
            getattr(config, part)["pretrained"] = name
        vocabulary = Vocabulary.from_config(_read_json(folder / VOCABULARY))
        if list(vocabulary.ids) != config.characteristics:
            raise WeightsError(
                f"{folder / VOCABULARY} names other characteristics than config.json beside it: "
                "restore the folder of a model that was saved whole"
            )
        rules = folder / RULES
        model = cls(
            config,
            vocabulary=vocabulary,
            tokenizer=AutoTokenizer.from_pretrained(folder),
            ruleset=RuleSet.from_config(_read_json(rules)) if rules.is_file() else None,
            **make_parts(config, weights=False),
        )
        model.load_trained(folder)
        return model

    def load_trained(self, folder: str | Path) -> None:
        """Put what `save_pretrained` wrote into `folder` back onto this model, in place.

        Raises:
            WeightsError: a tensor is missing, too many, or of another shape.
        """
        path = Path(folder) / WEIGHTS
        try:
            saved = load_file(path)
        except Exception as error:
            raise WeightsError(f"{path} cannot be read: {one_line(error)}") from error
        own = self.state_dict()
        tied = self.all_tied_weights_keys
        faults = {
            "lacks": (own.keys() - saved.keys() - tied.keys()) - set(self._from_bases(own)),
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


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
