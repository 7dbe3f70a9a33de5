"""How the page becomes part of a server: its path, its look, and what it does without.

    mount_page(app, create_page(app.state.engine))

Everything that a browser needs comes from Gradio's own wheel and from here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr
from starlette.responses import JSONResponse, RedirectResponse, Response

from faceinsight.serving.assets import ICON, read

if TYPE_CHECKING:
    import fastapi

_FONTS = ("system-ui", "Segoe UI", "Helvetica", "Arial", "sans-serif")
_MONO = ("ui-monospace", "Menlo", "Consolas", "monospace")


def mount_page(app: fastapi.FastAPI, page: gr.Blocks, path: str = "/page") -> Callable[[], None]:
    """Put the page under a path of a server; its root leads there.

    Args:
        app: the server.
        page: from `create_page`.
        path: where.

    Returns:
        What lets go of the tabs that are open, without which a server waits for them at its end.
    """
    for at, answer in (
        ("/", lambda: RedirectResponse(f"{path}/")),
        ("/favicon.ico", lambda: Response(ICON, media_type="image/svg+xml")),
        ("/manifest.json", lambda: JSONResponse({"name": "FaceInsight", "start_url": f"{path}/"})),
    ):
        app.add_api_route(at, answer, include_in_schema=False)
    gr.mount_gradio_app(
        app,
        page,
        path,
        theme=_theme(),
        head=f"<style>{read('page.css')}</style>",
        footer_links=[],
        run_history=False,  # It would keep photographs in the browser.
        show_error=False,
        ssr_mode=False,
        enable_monitoring=False,
        max_file_size=1,  # Nothing on the page sends files.
    )
    mount: Any = next(route for route in app.routes if getattr(route, "path", None) == path)
    return mount.app.stop_event.set


def _theme() -> gr.themes.Base:
    """Gradio's own parts in the colours of `page.css`, in the fonts of the visitor's system."""
    theme = gr.themes.Base(font=_FONTS, font_mono=_MONO)
    colours = {
        "body_background_fill": "ground",
        "body_text_color": "ink",
        "block_background_fill": "card",
        "block_border_color": "line",
        "block_info_text_color": "faint",
        "block_title_text_color": "ink",
        "input_background_fill": "ground",
        "input_border_color": "bar",
        "input_placeholder_color": "faint",
        "button_primary_background_fill": "accent",
        "button_primary_background_fill_hover": "accent",
        "button_primary_text_color": "on-accent",
        "checkbox_background_color_selected": "accent",
        "checkbox_border_color_selected": "accent",
        "checkbox_label_background_fill": "ground",
        "checkbox_label_background_fill_selected": "soft",
        "checkbox_label_text_color": "ink",
        "checkbox_label_text_color_selected": "ink",
        "loader_color": "accent",
    }
    both = {
        f"{name}{dark}": f"var(--fi-{of})" for name, of in colours.items() for dark in ("", "_dark")
    }
    return theme.set(
        block_radius="14px",
        block_border_width="1px",
        block_padding="1.15rem",
        input_radius="9px",
        input_border_width="1px",
        button_large_radius="9px",
        **both,
    )
