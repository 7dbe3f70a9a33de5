"""Pictures as the bytes of a file, and as text within a page or a JSON answer."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image


def encoded(picture: Image, kind: str, **options: Any) -> bytes:
    """The bytes of a picture's file, to be written at once.

    Pillow itself writes less than all of a JPEG file where a disk is full, and does not say so.

    Args:
        picture: to be encoded.
        kind: Pillow's name of a format, such as JPEG.
        options: of that format.
    """
    stream = BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def jpeg_base64(picture: Image, quality: int = 90) -> str:
    """A JPEG file in base64."""
    return b64encode(encoded(picture, "JPEG", quality=quality)).decode()


def jpeg_uri(picture: Image, quality: int = 90) -> str:
    """The source of an `img` that holds its picture: no file beside it, no second request."""
    return f"data:image/jpeg;base64,{jpeg_base64(picture, quality)}"
