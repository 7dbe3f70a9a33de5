"""A page for a browser; Kedro-Viz previews what it says first."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, cast

from kedro_datasets.text import TextDataset

if TYPE_CHECKING:
    from kedro_datasets._typing import JSONPreview

_PARAGRAPHS = 4


class PageDataset(TextDataset):
    """HTML as text, with a preview of its title, its first paragraphs and its sections.

    Example catalog entry:

    ```yaml
    report:
      type: faceinsight.datasets.PageDataset
      filepath: data/08_reporting/report.html
      versioned: true
    ```
    """

    def preview(self) -> JSONPreview:
        """The page is large, and draws its charts by itself: only its words are shown."""
        words = _Words()
        words.feed(self.load())
        found = {
            "title": " ".join(words.of["h1"]),
            "says": words.of["p"][:_PARAGRAPHS],
            "sections": words.of["h2"],
            "open": str(self._get_load_path()),
        }
        return cast("JSONPreview", json.dumps(found, ensure_ascii=False))


class _Words(HTMLParser):
    """Texts of headings and paragraphs, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.of: dict[str, list[str]] = {"h1": [], "h2": [], "p": []}
        self._within: str | None = None

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Begin a text."""
        if tag in self.of:
            self._within = tag
            self.of[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        """End a text."""
        if tag == self._within:
            self._within = None
            self.of[tag][-1] = " ".join(self.of[tag][-1].split())

    def handle_data(self, data: str) -> None:
        """Add to a text."""
        if self._within is not None:
            self.of[self._within][-1] += data
