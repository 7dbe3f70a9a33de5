"""What the documentation site adds to the pages when it is built.

- README, changelog and the other pages at the root are pages of the site as well.
- A link to a file of the project leads to a page with its text; where the link names what is
  defined there (`losses.py#masked_bce`, `prior.py#correlation_prior.conditional`), to that line.
- A fenced block of `math`, in TeX, becomes MathML, which browsers draw by themselves.
- `<!-- parameters: training -->` and `<!-- command: analyze -->` become tables, made from the typed
  settings and from the command line itself.

Whatever is not understood is a warning, with which a strict build fails.
"""

from __future__ import annotations

import ast
import logging
import posixpath
import re
from pathlib import Path
from typing import Any

from generated import filled
from mathml import fence
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
"""Pages at the root of the project, and what they are called on the site."""

LINK = re.compile(r"(?<=\]\()(?P<path>[^)\s#:]+)(?:#(?P<name>[^)\s]*))?\)")
"""Target of a link that names no host, and is more than an anchor."""

_FENCE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2[ ]*$", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r'data-line="(?P<line>\d+)" href="(?P<place>[^"#]+)"')
_LANGUAGES = {".py": "python", ".yml": "yaml", ".toml": "toml", ".cff": "yaml", ".lark": "text"}
_log = logging.getLogger("mkdocs.hooks")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read blocks of `math`."""
    superfences = config.mdx_configs.setdefault("pymdownx.superfences", {})
    superfences.setdefault("custom_fences", []).append(
        {"name": "math", "class": "math", "format": fence}
    )
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages at the root, and one for each file that a page links to."""
    for name, place in PAGES.items():
        if (ROOT / name).is_file():
            files.append(File.generated(config, place, abs_src_path=str(ROOT / name)))
    linked = {
        path
        for file in files.documentation_pages()
        for path in _linked(_source(file))
        if path not in PAGES and not path.startswith("docs/") and (ROOT / path).is_file()
    }
    for path in sorted(linked):
        files.append(File.generated(config, _place(path), content=_code_page(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links to files of the project into links of the site."""
    source = _source(page.file)
    if not source.is_file():
        return markdown

    def rewritten(match: re.Match[str]) -> str:
        path = _resolved(source, match["path"])
        if not (ROOT / path).exists() or (ROOT / path).is_dir():
            return match[0]  # mkdocs warns
        place = posixpath.relpath(_place(path), posixpath.dirname(page.file.src_uri) or ".")
        if match["name"] is None:
            return f"{place})"
        if path.endswith(".py"):
            return f"{place}){{data-line={line_of(ROOT / path, match['name'])}}}"
        return f"{place}#{match['name']})"

    return _outside_fences(filled(markdown), lambda text: LINK.sub(rewritten, text))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to the lines that they mean: mkdocs does not know these anchors of its own."""
    return _LINE.sub(r'href="\g<place>#__codelineno-0-\g<line>"', html)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Name the theme's dialog for those who hear the page."""
    return output.replace('role="dialog"', 'role="dialog" aria-label="Search"', 1)


def line_of(file: Path, name: str) -> int:
    """The line at which a name is defined: a function, a class, or what is assigned in one.

    Raises:
        LookupError: the file does not define it.
    """
    inside: Any = ast.parse(file.read_text(encoding="utf-8"))
    for part in name.split("."):
        found = next((node for node in ast.walk(inside) if part in _defines(node)), None)
        if found is None or found is inside:
            raise LookupError(f"{file.name} does not define {name}")
        inside = found
    return inside.lineno


def _defines(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Return):
        return ["return"]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _outside_fences(markdown: str, change: Any) -> str:
    parts, end = [], 0
    for block in _FENCE.finditer(markdown):
        parts += [change(markdown[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*parts, change(markdown[end:])])


def _source(file: File) -> Path:
    """Where a page was written; no file for the text of one."""
    at_root = {place: name for name, place in PAGES.items()}
    return ROOT / at_root.get(file.src_uri, f"docs/{file.src_uri}")


def _linked(source: Path) -> set[str]:
    """Files of the project, from its root, to which a page links."""
    found: set[str] = set()

    def note(text: str) -> str:
        found.update(_resolved(source, match["path"]) for match in LINK.finditer(text))
        return text

    if source.is_file():
        _outside_fences(source.read_text(encoding="utf-8"), note)
    return found


def _resolved(source: Path, link: str) -> str:
    folder = source.parent.relative_to(ROOT).as_posix()
    return posixpath.normpath(posixpath.join(folder, link))


def _place(path: str) -> str:
    """Where the site has a file of the project."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return PAGES.get(path, f"code/{path}.md")


def _code_page(path: str) -> str:
    text = (ROOT / path).read_text(encoding="utf-8")
    language = _LANGUAGES.get(Path(path).suffix, "text")
    head = f"---\ntitle: {path}\nsearch: {{exclude: true}}\nhide: [toc]\n---\n\n# `{path}`\n\n"
    return f'{head}````{language} linenums="1"\n{text.rstrip()}\n````\n'
