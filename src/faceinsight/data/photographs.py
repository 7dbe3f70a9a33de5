"""Reading one photograph, whatever the bytes are.

`load_photograph` gives RGB in the orientation in which the photograph is meant to be seen, or
raises `PhotographError` with a short reason that can be counted. Nothing else escapes it.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from faceinsight.data.formats import open_image, refuse_raw, unreadable
from faceinsight.data.geometry import TURNS, UPRIGHT, upright
from faceinsight.errors import PhotographError

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 50_000_000
"""Largest photograph that is decoded unless told otherwise, in pixels."""

_ORIENTATION = 0x0112
_UNSUPPORTED = re.compile(
    "not support|unsupported|unknown|unrecognized|cannot handle|not available", re.I
)


def load_photograph(root: Path, relative: str, *, max_pixels: float = MAX_PIXELS) -> np.ndarray:
    """Read a photograph as it is meant to be seen.

    The EXIF orientation is applied; 10 to 16 bits a channel are scaled to 8; transparency is laid
    over white; of an animation the first picture is taken; colour profiles are not applied.

    Args:
        root: folder that the photograph must lie in, links followed.
        relative: POSIX path below `root`.
        max_pixels: width times height beyond which it is refused, by its header, undecoded.

    Returns:
        [H, W, 3] uint8, RGB.

    Raises:
        PhotographError: with reason `outside`, `missing`, `folder`, `unreadable`, `empty`,
            `not an image`, `camera raw`, `unsupported`, `too large` or `truncated`.
    """
    return _load(root, relative, max_pixels)[0]


def inspect_photograph(
    root: Path, relative: str, *, max_pixels: float = MAX_PIXELS
) -> tuple[int, int, int]:
    """Width and height of a photograph as it is meant to be seen, and its EXIF orientation.

    It is decoded whole, since a truncated one looks sound until then.

    Raises:
        PhotographError: as `load_photograph`.
    """
    pixels, orientation = _load(root, relative, max_pixels)
    return pixels.shape[1], pixels.shape[0], orientation


def _load(root: Path, relative: str, max_pixels: float) -> tuple[np.ndarray, int]:
    path = locate(root, relative)
    try:
        with path.open("rb") as stream:
            return _decode(stream, path, max_pixels)
    except OSError as error:
        raise PhotographError(
            "unreadable", f"{path} cannot be read ({error.strerror}): see to its permissions."
        ) from None


def locate(root: Path, relative: str) -> Path:
    """The regular, non-empty file at `relative` below `root`.

    Raises:
        PhotographError: there is none, or the path leads out of `root`; links may, as people
            have their photographs on another disk.
    """
    if "\0" in relative or PurePosixPath(relative).is_absolute() or ".." in Path(relative).parts:
        raise PhotographError(
            "outside",
            f"{relative!r} is no path below {root}: name photographs relative to that folder.",
        )
    path = root / relative
    try:
        status = path.stat()
    except FileNotFoundError:
        if path.is_symlink():
            raise PhotographError(
                "missing", f"{path} is a link to what is not there: put the file itself there."
            ) from None
        raise PhotographError(
            "missing", f"{path} does not exist: unpack the data set there."
        ) from None
    except NotADirectoryError:
        raise PhotographError(
            "missing", f"{path} does not exist, since a part of its path is a file."
        ) from None
    except (OSError, RuntimeError, ValueError) as error:  # name too long, loop of links, no UTF-8
        raise PhotographError("unreadable", f"{path} cannot be reached ({error}).") from None
    if stat.S_ISDIR(status.st_mode):
        raise PhotographError("folder", f"{path} is a folder where a photograph is expected.")
    if not stat.S_ISREG(status.st_mode):
        raise PhotographError("unreadable", f"{path} is not a regular file.")
    if status.st_size == 0:
        raise PhotographError("empty", f"{path} is empty: copy it again.")
    return path


def decode_photograph(
    stream: BinaryIO, name: Path | str, max_pixels: float = MAX_PIXELS
) -> np.ndarray:
    """Decode the bytes of a photograph, as `load_photograph` does those of a file.

    Args:
        stream: the bytes.
        name: what messages call it.
        max_pixels: width times height beyond which it is refused.

    Returns:
        [H, W, 3] uint8, RGB.

    Raises:
        PhotographError: with reason `camera raw`, `unsupported`, `not an image`, `too large` or
            `truncated`.
    """
    return _decode(stream, name, max_pixels)[0]


def _decode(stream: BinaryIO, name: Path | str, max_pixels: float) -> tuple[np.ndarray, int]:
    """The pixels of a photograph, and its EXIF orientation before it was turned."""
    with open_image(stream, name) as image:
        orientation = _orientation(image)  # Pillow forgets a TIFF's when it has read its pixels
        return image_pixels(image, name, max_pixels, stream), orientation


def image_pixels(
    image: Image.Image,
    name: Path | str,
    max_pixels: float = MAX_PIXELS,
    stream: BinaryIO | None = None,
) -> np.ndarray:
    """The pixels of one of Pillow's images as it is meant to be seen, see `load_photograph`.

    Returns:
        [H, W, 3] uint8, RGB.

    Raises:
        PhotographError: with reason `too large`, `truncated`, `unsupported` or `camera raw`.
    """
    refuse_raw(image, getattr(image, "filename", None) or name)
    width, height = image.size
    if width * height > max_pixels:
        raise PhotographError(
            "too large",
            f"{name} has {width} x {height} pixels, more than the {max_pixels:.0f} of max_pixels.",
        )
    try:
        image.load()
        pixels = upright(np.asarray(_to_rgb(image)), _orientation(image))
    except Exception as error:
        unknown = _UNSUPPORTED.search(str(error)) or isinstance(error, NotImplementedError)
        kind = image.format or "image"
        raise unreadable(stream if unknown else None, kind, name, error) from None
    return np.ascontiguousarray(pixels)


def _orientation(image: Any) -> int:
    """How the picture must be turned, by its EXIF tag; unreadable EXIF data says nothing."""
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except Exception:
        return UPRIGHT
    return orientation if orientation in TURNS else UPRIGHT


def _to_rgb(image: Any) -> Any:
    """Any of Pillow's modes as 8-bit RGB."""
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        values = np.nan_to_num(np.asarray(image).astype(np.float64), posinf=0.0, neginf=0.0)
        if image.mode.startswith("I"):
            values = values / 257  # 65535 becomes 255
        elif values.max(initial=0) <= 1:
            values = values * 255
        grey = np.clip(np.rint(values), 0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if image.has_transparency_data:
        over = image.convert("RGBA")
        white = Image.new("RGBA", over.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, over).convert("RGB")
    return image.convert("RGB")


def stamp_files(
    root: Path, relatives: Iterable[str], *, workers: int = 8
) -> tuple[np.ndarray, np.ndarray]:
    """Size in bytes and time of change in nanoseconds of files, [N] int64 each; -1 where absent.

    Two equal stamps mean that the file need not be looked at again.
    """

    def one(relative: str) -> tuple[int, int]:
        try:
            status = (root / relative).stat()
        except (OSError, ValueError):
            return -1, -1
        return status.st_size, status.st_mtime_ns

    with ThreadPoolExecutor(workers) as pool:
        stamps = np.array(list(pool.map(one, relatives, chunksize=256)), dtype=np.int64)
    stamps = stamps.reshape(-1, 2)
    return stamps[:, 0], stamps[:, 1]
