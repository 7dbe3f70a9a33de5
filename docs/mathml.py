"""TeX, as far as the pages need it, to MathML: browsers draw it without a script or a font of ours.

A code host draws the same fenced blocks of `math` by itself.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

_TOKEN = re.compile(r"\\[a-zA-Z]+|\\[\\{},;| ]|\d+(?:\.\d+)?|\S")
_SIGNS = {
    "cdot": "⋅", "ge": "≥", "in": "∈", "infty": "∞", "land": "∧", "le": "≤", "log": "log",
    "lnot": "¬", "max": "max", "ne": "≠", "exp": "exp", "prod": "∏", "propto": "∝", "sum": "∑",
    "to": "→", "times": "×", "{": "{", "}": "}", "mid": "∣",
}  # fmt: skip
_LETTERS = {"omega": "ω", "rho": "ρ", "sigma": "σ", "tau": "τ", "theta": "θ"}
_SPACES = {",": 0.17, ";": 0.28, " ": 0.33, "quad": 1.0}
_WORDS = {"log", "max", "exp"}
_CALLIGRAPHIC = {"L": "ℒ", "V": "𝒱"}
_LARGE = {"∑", "∏"}


def mathml(tex: str) -> str:
    """A formula in a block of its own.

    Raises:
        ValueError: it has a command that is not known here.
    """
    tokens = _TOKEN.findall(tex)
    body = _row(tokens, "}")
    if tokens:
        raise ValueError(f"math: '{tokens[0]}' is not expected in {tex!r}")
    return f'<math display="block" xmlns="http://www.w3.org/1998/Math/MathML">{body}</math>'


def fence(source: str, language: str, class_name: str, options: Any, md: Any, **_: Any) -> str:
    """As superfences calls it."""
    return f'<div class="formula">{mathml(source)}</div>'


def _row(tokens: list[str], *ends: str) -> str:
    """Everything up to one of `ends`, which is left."""
    parts: list[str] = []
    while tokens and tokens[0] not in ends:
        base = _one(tokens)
        scripts = {}
        while tokens and tokens[0] in "_^":
            place = tokens.pop(0)
            scripts[place] = _one(tokens)
        parts.append(_with_scripts(base, scripts))
    return f"<mrow>{''.join(parts)}</mrow>"


def _with_scripts(base: str, scripts: dict[str, str]) -> str:
    under = any(sign in base for sign in _LARGE)
    names = ("munder", "mover", "munderover") if under else ("msub", "msup", "msubsup")
    below, above = scripts.get("_", ""), scripts.get("^", "")
    if not scripts:
        return base
    name = names[2] if below and above else names[0] if below else names[1]
    return f"<{name}>{base}{below}{above}</{name}>"


def _one(tokens: list[str]) -> str:
    token = tokens.pop(0)
    if token == "{":
        return _closed(tokens)
    if not token.startswith("\\") or len(token) < 2:
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        if token.isalpha():
            return f"<mi>{token}</mi>"
        fixed = ' stretchy="false"' if token in "()[]|" else ""
        return f"<mo{fixed}>{escape('−' if token == '-' else token)}</mo>"
    name = token[1:]
    if name in _SPACES:
        return f'<mspace width="{_SPACES[name]}em"/>'
    if name in _LETTERS:
        return f"<mi>{_LETTERS[name]}</mi>"
    if name in _SIGNS:
        tag = "mi" if name in _WORDS else "mo"
        stretchy = ' stretchy="false"' if name in "{}" else ""
        return f"<{tag}{stretchy}>{_SIGNS[name]}</{tag}>"
    if name in ("frac", "hat", "mathcal", "text", "mathrm"):
        return _command(name, tokens)
    if name == "begin" and _word(tokens) == "cases":
        return _cases(tokens)
    raise ValueError(f"math: there is no \\{name} here")


def _closed(tokens: list[str]) -> str:
    row = _row(tokens, "}")
    tokens.pop(0)
    return row


def _word(tokens: list[str]) -> str:
    """What stands in braces, as it is."""
    end = tokens.index("}")
    letters = tokens[1:end]
    del tokens[: end + 1]
    return "".join(" " if letter in ("\\ ", "~") else letter for letter in letters)


def _command(name: str, tokens: list[str]) -> str:
    if name == "frac":
        return f"<mfrac>{_one(tokens)}{_one(tokens)}</mfrac>"
    if name == "hat":
        return f'<mover accent="true">{_one(tokens)}<mo stretchy="false">^</mo></mover>'
    word = _word(tokens)
    if name == "mathcal":
        return f"<mi>{_CALLIGRAPHIC[word]}</mi>"
    return f"<mtext>{escape(word)}</mtext>"


def _cases(tokens: list[str]) -> str:
    rows = []
    while True:
        cells = [_row(tokens, "&", "\\\\", "\\end")]
        while tokens[0] == "&":
            tokens.pop(0)
            cells.append(_row(tokens, "&", "\\\\", "\\end"))
        rows.append("".join(f"<mtd>{cell}</mtd>" for cell in cells))
        if tokens.pop(0) == "\\end":
            _word(tokens)
            break
    inner = "".join(f"<mtr>{row}</mtr>" for row in rows)
    return f'<mrow><mo class="brace">{{</mo><mtable columnalign="left">{inner}</mtable></mrow>'
