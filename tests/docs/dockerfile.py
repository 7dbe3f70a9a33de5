"""What the Dockerfile says."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def steps() -> list[tuple[str, str]]:
    """Instructions and what stands behind them, in order."""
    lines = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", lines)
    return [
        (name, rest) for name, _, rest in (of.partition(" ") for of in lines.split("\n")) if name
    ]


def only(name: str) -> str:
    (found,) = (rest for step, rest in steps() if step == name)
    return found
