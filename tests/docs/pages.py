"""The pages of the documentation, and what is to be typed by them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_BLOCK = re.compile(r'^```bash(?: title="(?P<title>[^"]*)")?\n(?P<lines>.*?)^```', re.M | re.S)


@dataclass(frozen=True)
class Command:
    """A line of a block of `bash`; `needs` is what its block says that it needs."""

    page: str
    line: str
    needs: str | None

    def __str__(self) -> str:
        return f"{self.page}: {self.line}"

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line, comments=True)


def commands() -> list[Command]:
    """All of them, page by page."""
    return [
        Command(path.relative_to(ROOT).as_posix(), line, block["title"])
        for path in PAGES
        for block in _BLOCK.finditer(path.read_text(encoding="utf-8"))
        for line in block["lines"].replace("\\\n", " ").splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]
