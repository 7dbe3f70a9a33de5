"""Pictures as text, within a page or a JSON answer."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image


def jpeg_base64(picture: Image, quality: int = 90) -> str:
    """A JPEG file in base64."""
    stream = BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return b64encode(stream.getvalue()).decode()


def jpeg_uri(picture: Image, quality: int = 90) -> str:
    """The source of an `img` that holds its picture: no file beside it, no second request."""
    return f"data:image/jpeg;base64,{jpeg_base64(picture, quality)}"
