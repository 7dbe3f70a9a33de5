"""Formats of pictures: which are read, and what to say of a file that is none of them.

A file that ends too early is damaged and can be copied again; one that is whole but of a kind that
is not read has to be converted. A camera raw is refused by its name: Pillow would read the small
preview that stands before the photograph.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from faceinsight.errors import PhotographError

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "JPEG2000", "AVIF", "HEIF")
"""Formats that are read. Others that Pillow knows are left out: EPS would start a program."""

_CONTAINERS = ("JPEG2000", "AVIF", "HEIF")
"""Formats that are a row of boxes, each with its length before it."""

PICTURE_NAME = re.compile(
    r".*\.(jpg|jpeg|jpe|jfif|png|webp|bmp|gif|tif|tiff|ppm|pgm|jp2|j2k|jpx|avif|heic|heif|hif)",
    re.IGNORECASE,
)
"""How the names of their files end."""

RAW_NAME = re.compile(
    r".*\.(3fr|arw|cr[23w]|dcr|dng|erf|fff|iiq|k25|kdc|mef|mos|mrw|nef|nrw|orf|pef|raf|raw|rw[2l]"
    r"|sr[2fw]|x3f)",
    re.IGNORECASE,
)
"""How the names of cameras' raw files end."""

_RAW_STARTS = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW", b"FOVb", b"\0MRM")
_RAW_TAGS = (50706, 50707, 33421, 33422)  # DNG's version, and the pattern of a sensor's colours
_RAW_COLOURS = (32803, 34892)  # TIFF's PhotometricInterpretation: a sensor's colours, linear raw
_REDUCED = 1  # a bit of TIFF's NewSubfileType: a smaller version of another picture of the file

_OTHERS = {
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"II\xbc\x01": "JPEG XR",
    b"%PDF": "PDF",
    b"<svg": "SVG",
    b"\x1aE\xdf\xa3": "Matroska video",
}
"""How files of some formats begin that Pillow does not know."""


def open_image(stream: BinaryIO, name: Path | str) -> Image.Image:
    """Open a picture of one of `FORMATS`; its pixels are not decoded yet.

    Pillow's own `open` refuses pictures of more than 178,956,970 pixels, whatever its caller
    allows; here it is the caller who looks at the size.

    Args:
        stream: the bytes of a file.
        name: what messages call it; its ending tells a camera raw.

    Raises:
        PhotographError: with reason `camera raw`, `unsupported`, `truncated` or `not an image`.
    """
    from PIL import Image

    _register()
    start = stream.read(64)
    is_raw = RAW_NAME.fullmatch(str(name)) is not None
    if start.startswith(_RAW_STARTS) or start[4:11] == b"ftypcrx" or start[8:10] == b"CR":
        raise _camera_raw(name)
    error: Exception | None = None
    failed = ""
    for kind in FORMATS:
        factory, accept = Image.OPEN.get(kind, (None, None))
        if factory is None or accept is None or accept(start) is not True:
            continue
        stream.seek(0)
        try:
            image = factory(stream, "")
        except Exception as failure:  # Pillow raises nearly anything on nearly any bytes
            error, failed = failure, kind
            continue
        refuse_raw(image, name)
        return image
    if is_raw:
        raise _camera_raw(name)
    if error is not None:
        raise unreadable(stream, failed, name, error)
    raise PhotographError(
        "not an image",
        f"{name} is {_other_format(start)}none of {', '.join(FORMATS)}; if it is a photograph, "
        "convert it.",
    )


def unreadable(
    stream: BinaryIO | None, kind: str, name: Path | str, error: Exception
) -> PhotographError:
    """The error for a picture that begins like one and cannot be read.

    Args:
        stream: its file, where there is one.
        kind: its format.
        name: what messages call it.
        error: what Pillow raised.
    """
    if stream is not None and is_whole(stream, kind):
        return _unsupported(name, kind, str(error))
    return PhotographError("truncated", f"{name} is truncated or damaged ({error}): copy it again.")


def is_whole(stream: BinaryIO, kind: str) -> bool:
    """Whether nothing is missing at the end of a file, as its format tells; False if unknown."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - 64))
    end = stream.read()
    stream.seek(0)
    start = stream.read(16)
    if kind in _CONTAINERS and start[:4] != b"\xff\x4f\xff\x51":
        return _boxes_end_at(stream, size)
    if kind == "TIFF":
        return _strips_end_before(stream, size)
    if kind == "WEBP":
        return int.from_bytes(start[4:8], "little") + 8 <= size
    if kind == "BMP":
        return 0 < int.from_bytes(start[2:6], "little") <= size
    last = {"JPEG": b"\xff\xd9", "JPEG2000": b"\xff\xd9", "PNG": b"IEND", "GIF": b";"}.get(kind)
    return last is not None and last in end


def _boxes_end_at(stream: BinaryIO, size: int) -> bool:
    """Whether the boxes of a container, each with its length before it, fill the file."""
    at = 0
    while at < size:
        stream.seek(at)
        head = stream.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:  # the length follows, in eight bytes
            length = int.from_bytes(head[8:16], "big")
        if length == 0:  # to the end
            return True
        if length < 8:
            return False
        at += length
    return at == size


def _strips_end_before(stream: BinaryIO, size: int) -> bool:
    """Whether the first page of a TIFF lies inside the file."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    try:
        stream.seek(0)
        head = stream.read(8)
        if head[2] == 43:  # BigTIFF
            head += stream.read(8)
        tags = ImageFileDirectory_v2(head)
        stream.seek(tags.next)
        tags.load(stream)
        offsets, lengths = (tags.get(a, tags.get(b, ())) for a, b in ((273, 324), (279, 325)))
        return all(o + n <= size for o, n in zip(offsets, lengths, strict=True))
    except Exception:
        return False


def refuse_raw(image: Image.Image, name: Path | str) -> None:
    """Refuse a TIFF whose first page is not the photograph: a raw, or a smaller version of it.

    Raises:
        PhotographError: with reason `camera raw`.
    """
    tags = getattr(image, "tag_v2", {})
    if image.format == "TIFF" and (
        RAW_NAME.fullmatch(str(name))
        or any(tag in tags for tag in _RAW_TAGS)
        or tags.get(262) in _RAW_COLOURS
        or (tags.get(254) or 0) & _REDUCED
    ):
        raise _camera_raw(name)


def _camera_raw(name: Path | str) -> PhotographError:
    return PhotographError(
        "camera raw",
        f"{name} is a camera raw, of which only a small preview could be read: develop it to JPEG "
        "or TIFF.",
    )


def _unsupported(name: Path | str, kind: str, why: str) -> PhotographError:
    return PhotographError(
        "unsupported",
        f"{name} is a kind of {kind} that cannot be read ({why}): convert it to JPEG or PNG.",
    )


def _other_format(start: bytes) -> str:
    """ "a file of X, " for a file that is none of `FORMATS`, where its format can be told."""
    from PIL import Image

    named = [name for begins, name in _OTHERS.items() if start.startswith(begins)]
    if start[4:8] == b"ftyp":
        named.append("video")
    for kind, (_, accept) in Image.OPEN.items():
        with suppress(Exception):  # what a plug-in does with strange bytes is its own matter
            if accept is not None and accept(start) is True:
                named.append(kind)
    return f"a file of {named[0]}, " if named else ""


@cache
def _register() -> None:
    """Make the plug-ins of `FORMATS` known to Pillow, HEIF's among them."""
    from PIL import Image

    Image.init()
    with suppress(ImportError):  # of an older environment; everything else is read without it
        from pi_heif import register_heif_opener

        register_heif_opener()
