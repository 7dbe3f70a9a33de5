"""One photograph, however it is given: a path, bytes, a picture of Pillow's, an array."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, TypeGuard

import numpy as np

from faceinsight.common.paths import at_home
from faceinsight.data.photographs import decode_photograph, image_pixels, load_photograph
from faceinsight.errors import ParameterError, PhotographError

if TYPE_CHECKING:
    from PIL.Image import Image

Photo: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | np.ndarray | Image | BinaryIO"
)
"""A photograph: a path, the bytes of a file, a file that is open for reading, an array [H, W],
[H, W, 3] or [H, W, 4] of uint8 (grey, RGB, RGBA), or one of Pillow's images."""

_opening = Lock()
"""Pillow reads an image's pixels when they are first wanted, and a list may hold it twice."""


def is_one_photograph(photos: Any) -> bool:
    """Whether this is one photograph, or else an iterable of them.

    Raises:
        ParameterError: it is neither.
    """
    if _is_photograph(photos):
        return True
    if isinstance(photos, Iterable) and not hasattr(photos, "__array__"):
        return False
    raise ParameterError(
        f"photos: a {type(photos).__name__} is no photograph; give a path, an image of Pillow's, "
        "an array of uint8, the bytes of a file, or a list of these"
    )


def _is_photograph(photo: Any) -> bool:
    return (
        isinstance(photo, str | os.PathLike | bytes | bytearray | memoryview | np.ndarray)
        or _is_image(photo)
        or hasattr(photo, "read")
    )


def _is_image(photo: Any) -> bool:
    return hasattr(photo, "getexif") and hasattr(photo, "convert")


def is_path(photo: Photo) -> TypeGuard[str | os.PathLike[str]]:
    """Whether a photograph is given by its path."""
    return isinstance(photo, str | os.PathLike)


def path_of(photo: Photo) -> Path | None:
    """The file that a photograph is read from, absolute; None where it is given otherwise."""
    return Path(at_home(os.fspath(photo))).absolute() if is_path(photo) else None


def read_photograph(photo: Photo, name: str, max_pixels: float) -> np.ndarray:
    """The pixels of a photograph as it is meant to be seen, see `load_photograph`.

    Args:
        photo: in any of its forms.
        name: what messages call it where it is no file.
        max_pixels: width times height beyond which it is refused.

    Returns:
        [H, W, 3] uint8, RGB.

    Raises:
        PhotographError: it cannot be used.
    """
    if (path := path_of(photo)) is not None:
        return _read_file(path, max_pixels)
    if isinstance(photo, np.ndarray):
        return _array_pixels(photo, name, max_pixels)
    if _is_image(photo):
        with _opening:
            return image_pixels(photo, name, max_pixels)  # type: ignore[arg-type]
    if not _is_photograph(photo):
        raise PhotographError(
            "not an image",
            f"{name} is a {type(photo).__name__}; give a path, an image of Pillow's, an array of "
            "uint8, or the bytes of a file.",
        )
    data = photo.read() if hasattr(photo, "read") else bytes(photo)  # type: ignore[arg-type]
    if not data:
        raise PhotographError("empty", f"{name} has no bytes: give those of a whole file.")
    try:
        return decode_photograph(BytesIO(data), name, max_pixels)
    except PhotographError as error:
        raise _reworded(error, name) from None


def _read_file(path: Path, max_pixels: float) -> np.ndarray:
    """Read a file; links to files elsewhere are followed."""
    with suppress(OSError, RuntimeError, ValueError):  # gone, or a loop of links: said below
        path = path.resolve(strict=True)
    try:
        return load_photograph(path.parent, path.name, max_pixels=max_pixels)
    except PhotographError as error:
        raise _reworded(error, str(path)) from None


def _reworded(error: PhotographError, name: str) -> PhotographError:
    """The same error, without talk of data sets."""
    messages = {
        "missing": f"there is no file {name}; name a photograph.",
        "folder": f"{name} is a folder: name a photograph, or have the folder analysed as one.",
    }
    return PhotographError(error.reason, messages.get(error.reason, str(error)))


def _array_pixels(array: np.ndarray, name: str, max_pixels: float) -> np.ndarray:
    from PIL import Image

    if array.dtype != np.uint8:
        raise PhotographError(
            "not an image",
            f"{name} is an array of {array.dtype}; give uint8 from 0 to 255.",
        )
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise PhotographError(
            "not an image",
            f"{name} is an array of shape {list(array.shape)}; give [height, width, 3] in the "
            "order red, green, blue, or [height, width] for grey (several photographs as a list).",
        )
    if 0 in array.shape:
        raise PhotographError("empty", f"{name} is an array without pixels.")
    return image_pixels(Image.fromarray(np.ascontiguousarray(array)), name, max_pixels)
