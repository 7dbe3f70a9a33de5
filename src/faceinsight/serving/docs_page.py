"""The page at /docs: what OpenAPI says, written here: no other host is asked for anything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """\
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56em; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3em .6em .3em 0;
  border-bottom: 1px solid #8886; }
pre { overflow-x: auto; padding: .6em; border: 1px solid #8886; }
code { overflow-wrap: anywhere; }"""


def docs_page(openapi: Mapping[str, Any]) -> str:
    """A page of HTML.

    Args:
        openapi: the description of an application.
    """
    info = openapi["info"]
    parts = [
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
        *(f"<p>{escape(text)}</p>" for text in info["description"].split("\n\n")),
        '<p>The same for programs: <a href="openapi.json">openapi.json</a>.</p>',
    ]
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            parts += _operation(path, method.upper(), operation)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>"
    )


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2><code>{method} {escape(path)}</code></h2>"
    yield from (f"<p>{escape(text)}</p>" for text in operation["description"].split("\n\n"))
    content = operation.get("requestBody", {}).get("content", {})
    if form := content.get("multipart/form-data", {}).get("schema"):
        files = [name for name in form["properties"] if name.startswith("photograph")]
        needed = [f"-F {name}=Smiling" for name in form["required"] if name not in files]
        fields = " ".join([f"-F {files[0]}=@photo.jpg", *needed])
        yield f"<pre>curl http://localhost:8000{path} {fields}</pre>"
        yield "<p>As multipart, or as JSON with files in base64:</p>"
        rows = (
            (name, _kind(of), of.get("description", "")) for name, of in form["properties"].items()
        )
        yield _table(("field", "what", "meaning"), rows)
    else:
        yield f"<pre>curl http://localhost:8000{path}</pre>"
    answers = ((status, of["description"]) for status, of in operation["responses"].items())
    yield _table(("status", "meaning"), answers)


def _kind(schema: Mapping[str, Any]) -> str:
    """What a field may be, in short."""
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if schema.get("format") == "binary":
        return "file"
    if schema["type"] == "array":
        return f"{'files' if 'format' in schema['items'] else 'texts'}, the field repeated"
    ends = [f"{name} {schema[name]:g}" for name in ("minimum", "maximum") if name in schema]
    default = [f"default {json.dumps(schema['default'])}"] if schema.get("default") else []
    return ", ".join([schema["type"], *ends, *default])


def _table(heads: tuple[str, ...], rows: Any) -> str:
    def row(cells: Any, tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"

    body = "".join(row(cells, "td") for cells in rows)
    return f"<table><thead>{row(heads, 'th')}</thead><tbody>{body}</tbody></table>"
