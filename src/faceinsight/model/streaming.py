"""Words of an answer, given on while they are generated."""

from __future__ import annotations

from collections.abc import Callable

from transformers import PreTrainedTokenizerBase, TextStreamer


class Pieces(TextStreamer):
    """Calls a function with each piece of an answer, e.g. `sys.stdout.write`.

    Args:
        tokenizer: of the model.
        on_text: gets whole words as they come; together they are the answer.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, on_text: Callable[[str], object]
    ) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self._on_text = on_text
        self._begun = False

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Give a piece on; the blank before an answer is not part of it."""
        piece = text if self._begun else text.lstrip()
        self._begun = self._begun or bool(piece)
        if piece:
            self._on_text(piece)
