"""The multimodal language model: photograph and label map in, one logit a characteristic out.

One sequence of embeddings (Eq. 2): system prompt, image tokens E_i(I), segmentation tokens
E_s(I_s), query T_q, K characteristic tokens A(T_p, C). At characteristic token j the language
model's next-token logits of "yes" and "no" give P(y_j) = sigmoid(z_yes - z_no), so all K come from
one forward pass, and the logits of the whole vocabulary are never formed.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import AutoModel, DynamicCache
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.utils import ModelOutput

from faceinsight.data.classes import MAP_COLOURS
from faceinsight.errors import ParameterError
from faceinsight.method.gcn import CorrelationGCN
from faceinsight.method.losses import masked_bce
from faceinsight.model.configuration import FaceInsightConfig
from faceinsight.model.conversation import answer_loss
from faceinsight.model.encoders import Encoder
from faceinsight.model.parts import is_attached, new_parts
from faceinsight.model.saving import SavedModel


@dataclass
class FaceInsightOutput(ModelOutput):
    """What a forward pass gives.

    Attributes:
        loss: bce + logic_weight * logic (Eq. 4), or coherent; + answer_weight * answer; where
            labels were given.
        bce: Eq. 3 over the known labels, where labels were given.
        logic: Eq. 9, where labels were given and the switch is on.
        coherent: -log P(annotation) (`method.coherent`), where labels were given and this is the
            loss.
        answer: cross-entropy of the answers' tokens, where they were given.
        logits: z_yes - z_no, float32 [B, K]; their sigmoid is P where the readout is independent
            (`model.labels`).
    """

    loss: Tensor | None = None
    bce: Tensor | None = None
    logic: Tensor | None = None
    coherent: Tensor | None = None
    answer: Tensor | None = None
    logits: Tensor | None = None


class Adapter(nn.Module):
    """The two-layer MLP from an encoder's tokens [..., n, w] to the language model's width D.

    It computes what LLaVA-1.5's projector does.
    """

    def __init__(self, width: int, hidden: int, out: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, hidden)
        self.activation = nn.GELU()
        self.out = nn.Linear(hidden, out)

    @property
    def widths(self) -> tuple[int, int, int]:
        """In, hidden, out."""
        return self.hidden.in_features, self.hidden.out_features, self.out.out_features

    def forward(self, tokens: Tensor) -> Tensor:
        """Map [..., n, w] to [..., n, D]."""
        return self.out(self.activation(self.hidden(tokens.to(self.hidden.weight.dtype))))


class FaceInsightModel(SavedModel):
    """FaceInsight. `faceinsight.model.build_model` makes one, `from_pretrained` reads one back.

    The constructor makes what a checkpoint holds, with random weights; of a part that is frozen and
    comes from a checkpoint of its own, the shape (`attach` puts it into its place). Vocabulary,
    rules, words of answers and tokenizer are put beside it.

    Args:
        config: its shape.
    """

    config_class = FaceInsightConfig
    base_model_prefix = "faceinsight"
    main_input_name = "photographs"
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_flex_attn = True

    image_encoder: Encoder
    image_adapter: Adapter
    segmentation_encoder: Encoder
    segmentation_adapter: Adapter
    map_colours: Tensor

    def __init__(self, config: FaceInsightConfig) -> None:
        super().__init__(config)
        self.lora = None
        self.documents = {}
        self.logical_loss = self.coherent = None
        parts = new_parts(config)
        language_model = parts["language_model"]
        width = language_model.config.hidden_size
        self.language_model = language_model
        for name in ("image", "segmentation"):
            if (encoder := parts.get(f"{name}_encoder")) is None:
                continue
            settings = getattr(config, f"{name}_encoder")
            read = (
                *(settings[key] for key in ("feature_layer", "mean", "std")),
                settings.get("grid"),
            )
            setattr(self, f"{name}_encoder", Encoder(encoder, *read))
            adapter = Adapter(settings["width"], config.adapter_width, width)
            setattr(self, f"{name}_adapter", adapter)
        if config.segmentation:
            self.register_buffer("map_colours", torch.from_numpy(MAP_COLOURS.copy()))
        text_width = config.text_encoder["width"]
        shape = (len(config.characteristics), text_width)
        if config.learns_text_features:
            # Rows of about unit length, as text encoders give, and distinct from the start, so that
            # each token can find its characteristic's prevalence.
            self.text_features = nn.Parameter(torch.randn(shape) / text_width**0.5)
        else:
            self.register_buffer("text_features", torch.zeros(shape))
        if config.correlation:
            self.gcn = CorrelationGCN(text_width, config.gcn_layers, config.gcn_edges)
        self.text_adapter = Adapter(text_width, config.adapter_width, width)
        for name in ("system_ids", "query_ids"):
            ids = torch.tensor(getattr(config, name), dtype=torch.int64)
            self.register_buffer(name, ids, persistent=False)
        for part in config.frozen:
            getattr(self, part).requires_grad_(False)
        self.post_init()
        if not is_attached(config, "language_model"):
            self._add_lora()
        self._leave_out_of_checkpoints()
        self.eval()

    def _init_weights(self, module: nn.Module) -> None:
        """Every module of ours starts as PyTorch and torch-geometric make it; nothing to do."""

    def train(self, mode: bool = True) -> FaceInsightModel:
        """Switch to training mode, except for frozen parts, which stay in evaluation mode."""
        super().train(mode)
        for part in self.config.frozen:
            getattr(self, part).eval()
        if self.lora is not None:
            from faceinsight.model.lora import train_dropout

            train_dropout(self.language_model, mode)
        if mode and "language_model" in self.config.frozen:
            # A layer is checkpointed only if it says it trains. Its children, which hold dropout,
            # stay in evaluation mode.
            for layer in self.language_model.modules():
                if isinstance(layer, GradientCheckpointingLayer):
                    layer.training = layer.gradient_checkpointing
        return self

    def get_input_embeddings(self) -> nn.Module:
        """The language model's token embeddings."""
        return self.language_model.get_input_embeddings()

    def image_tokens(self, photographs: Tensor) -> Tensor:
        """E_i and its adapter: uint8 [B, S, S, 3] to [B, n, D]."""
        frozen = "image_encoder" in self.config.frozen
        with torch.set_grad_enabled(torch.is_grad_enabled() and not frozen):
            tokens = self.image_encoder(photographs)
        return self.image_adapter(tokens)

    def segmentation_tokens(self, maps: Tensor) -> Tensor:
        """E_s of the maps drawn in colour, and its adapter: uint8 [B, S, S] to [B, n, D]."""
        frozen = "segmentation_encoder" in self.config.frozen
        with torch.set_grad_enabled(torch.is_grad_enabled() and not frozen):
            tokens = self.segmentation_encoder(self.map_colours[maps.int()])
        return self.segmentation_adapter(tokens)

    def characteristic_tokens(self) -> Tensor:
        """A(T_p, C): the K characteristic tokens, the same for all images, [K, D]."""
        features = self.text_features
        if self.config.correlation:
            # K rows cost nothing in full precision, and scattered sums lose much in half.
            with torch.autocast(features.device.type, enabled=False):
                features = self.gcn(features)
        return self.text_adapter(features)

    def embed(
        self, photographs: Tensor, maps: Tensor | None, order: Tensor | None = None
    ) -> Tensor:
        """The sequence of Eq. 2 as embeddings, [B, T, D]; the last K are the characteristics.

        With `order`, int64 [K], characteristic order[i] stands at place i of the last K.

        Raises:
            ParameterError: label maps are part of the input, and there are none.
        """
        words = self.get_input_embeddings()
        batch = len(photographs)
        pieces = [words(self.system_ids), self.image_tokens(photographs)]
        if self.config.segmentation:
            if maps is None:
                raise ParameterError("maps: this model reads label maps beside photographs")
            pieces.append(self.segmentation_tokens(maps))
        characteristics = self.characteristic_tokens()
        if order is not None:
            characteristics = characteristics[order]
        pieces += [words(self.query_ids), characteristics]
        dtype = words.weight.dtype
        return torch.cat([p.to(dtype).expand(batch, -1, -1) for p in pieces], dim=1)

    def attention(self, length: int, answer: int = 0) -> dict[str, Tensor]:
        """Mask and positions for the sequence of Eq. 2 and an answer's tokens after it.

        Empty where the language model's own causal mask is meant. Where characteristics are
        independent, each sees everything before the first of them, and itself; an answer sees all.

        Args:
            length: T, of the sequence that ends with the characteristics.
            answer: number of tokens after it.

        Returns:
            `attention_mask`, added to attention scores, [1, 1, T + answer, T + answer], and
            `position_ids`, [1, T + answer].
        """
        if self.config.characteristics_attend == "causal":
            return {}
        device, dtype = self.language_model.device, self.language_model.dtype
        place = torch.arange(length + answer, device=device)
        first = length - len(self.config.characteristics)
        of_list = (place >= first) & (place < length)
        apart = of_list[:, None] & of_list[None, :] & (place[:, None] != place[None, :])
        seen = (place[None, :] <= place[:, None]) & ~apart
        mask = torch.zeros(1, 1, *seen.shape, dtype=dtype, device=device)
        mask.masked_fill_(~seen, torch.finfo(dtype).min)
        return {"attention_mask": mask, "position_ids": place.where(~of_list, first)[None]}

    def _states(self, sequence: Tensor, answer: int = 0) -> Tensor:
        """Final hidden states of a sequence, at least of what follows the system prompt.

        Args:
            sequence: embeddings, [B, T + answer, D].
            answer: number of tokens after the characteristics.

        Returns:
            [B, n, D], of the last n tokens.
        """
        body = self.language_model.base_model
        attention = self.attention(sequence.shape[1] - answer, answer)
        system = len(self.config.system_ids)
        if not (system and self._shares_system_prompt(sequence)):
            return body(inputs_embeds=sequence, use_cache=False, **attention).last_hidden_state
        prompt = DynamicCache(config=self.language_model.config)
        with torch.no_grad():
            body(
                inputs_embeds=sequence[:1, :system].detach(), use_cache=True, past_key_values=prompt
            )
        prompt.batch_repeat_interleave(len(sequence))
        if attention:
            attention["attention_mask"] = attention["attention_mask"][:, :, system:]
            attention["position_ids"] = attention["position_ids"][:, system:]
        rest = sequence[:, system:]
        return body(
            inputs_embeds=rest, use_cache=True, past_key_values=prompt, **attention
        ).last_hidden_state

    def _shares_system_prompt(self, sequence: Tensor) -> bool:
        """Whether the keys and values of the system prompt, which no picture changes, are computed
        once a batch, and not for each image.

        No gradient may be needed of them; and only on a CPU, since attention to what was computed
        before takes a mask, and with a mask a GPU's fastest attention is out.
        """
        frozen = "language_model" in self.config.frozen
        if not frozen or sequence.device.type != "cpu":
            return False
        layers = list(self.language_model.modules())
        if any(getattr(layer, "_compiled_call_impl", None) is not None for layer in layers):
            return False  # a graph more for each length
        recomputes = any(getattr(layer, "gradient_checkpointing", False) for layer in layers)
        return not (self.training and (self.lora is not None or recomputes))

    def read_out(self, hidden: Tensor) -> Tensor:
        """z_yes - z_no at each position, from two rows of the output matrix, in float32.

        Args:
            hidden: final hidden states, [..., D].
        """
        head = self.language_model.get_output_embeddings()
        yes, no = self.config.yes_id, self.config.no_id
        direction = head.weight[yes].float() - head.weight[no].float()
        # A product and a sum, which autocast leaves in float32.
        logits = (hidden.float() * direction).sum(-1)
        if getattr(head, "bias", None) is not None:
            logits = logits + head.bias[yes].float() - head.bias[no].float()
        return logits

    def forward(
        self,
        photographs: Tensor,
        maps: Tensor | None = None,
        labels: Tensor | None = None,
        order: Tensor | None = None,
        answer_ids: Tensor | None = None,
        answer_labels: Tensor | None = None,
        answer_tokens: float | None = None,
    ) -> FaceInsightOutput:
        """Estimate every characteristic.

        Args:
            photographs: uint8 [B, S, S, 3], RGB.
            maps: uint8 [B, S, S], class numbers; ignored where the segmentation switch is off.
            labels: [B, K]: 1 present, 0 absent, -1 unknown.
            order: int64 [K], another order for the characteristics to stand in, to measure how much
                it matters; the logits are in the vocabulary's order all the same.
            answer_ids: int64 [A, L], questions and answers about the first A photographs.
            answer_labels: int64 [A, L], what is learnt of them (`collate_answers`).
            answer_tokens: tokens that the loss on answers is the mean over, if not those of this
                batch (as `num_items_in_batch` of transformers).

        Raises:
            ParameterError: label maps are part of the input, and there are none; or labels are
                given to a model with a loss over rules that has none beside it.
        """
        sequence = self.embed(photographs, maps, order)
        characteristics = len(self.config.characteristics)
        spoken = 0 if answer_ids is None else len(answer_ids)
        states = []
        if answer_ids is not None:
            answers = self.get_input_embeddings()(answer_ids)
            said = self._states(torch.cat([sequence[:spoken], answers], dim=1), answers.shape[1])
            states.append(said[:, : -answers.shape[1]][:, -characteristics:])
        if spoken < len(sequence):
            states.append(self._states(sequence[spoken:])[:, -characteristics:])
        elif answer_tokens is not None:
            # Processes that share sharded layers must call them equally often, forward and back.
            idle = self._states(sequence[:1])[:, -characteristics:]
            states.append(states.pop() + 0 * idle)
        logits = self.read_out(torch.cat(states))
        if order is not None:
            logits = logits[:, order.argsort()]
        if labels is None:
            return FaceInsightOutput(logits=logits)
        bce = logic = coherent = answer = None
        if self.config.loss == "coherent":
            if self.coherent is None:
                raise ParameterError(
                    "loss is coherent, and there are no rules: `complete` the model"
                )
            loss = coherent = self.coherent(logits, labels)
        else:
            loss = bce = masked_bce(logits, labels)
        if self.config.logic:
            if self.logical_loss is None:
                raise ParameterError("logic is on, and there are no rules: `complete` the model")
            logic = self.logical_loss(logits)
            loss = loss + self.config.logic_weight * logic
        if answer_labels is not None:
            # The token before it predicts each token of an answer.
            head = self.language_model.get_output_embeddings()
            before = said[:, -answers.shape[1] - 1 : -1]
            answer = answer_loss(head, before, answer_labels, answer_tokens)
            loss = loss + self.config.answer_weight * answer
        return FaceInsightOutput(loss, bce, logic, coherent, answer, logits)


AutoModel.register(FaceInsightConfig, FaceInsightModel, exist_ok=True)
FaceInsightModel.register_for_auto_class()
