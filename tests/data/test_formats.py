"""Which files are photographs: many formats, and no camera raw; and what is said of others."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, TiffImagePlugin

from faceinsight.data.photographs import decode_photograph, image_pixels, load_photograph
from faceinsight.errors import PhotographError

MARKED = np.zeros((64, 96, 3), np.uint8)
MARKED[:24, :32] = (250, 10, 20)
MARKED[40:, :32] = (20, 240, 30)
PICTURE = Image.fromarray(MARKED)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(stream, quality=90, **options)
    else:
        image.save(stream, format=kind, **options)
    return stream.getvalue()


def refused(content: bytes, name: str = "photo") -> PhotographError:
    with pytest.raises(PhotographError) as caught:
        decode_photograph(io.BytesIO(content), name)
    assert str(caught.value).startswith(name)
    return caught.value


@pytest.mark.parametrize("kind", ["JPEG", "HEIF", "AVIF", "JPEG2000", "WEBP", "TIFF", "BMP"])
def test_a_photograph_of_each_format_is_read(kind: str) -> None:
    pixels = decode_photograph(io.BytesIO(encoded(PICTURE, kind)), "photo")
    assert pixels.shape == MARKED.shape
    assert np.abs(pixels.astype(int) - MARKED).mean() < 8


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "JPEG2000"])
def test_transparency_is_laid_over_white(kind: str) -> None:
    clear = Image.new("RGBA", (64, 64), (10, 20, 30, 0))
    assert decode_photograph(io.BytesIO(encoded(clear, kind)), "photo").min() > 250


def test_ten_bits_are_scaled_to_eight() -> None:
    deep = np.linspace(0, 65535, 64 * 64 * 3).reshape(64, 64, 3).astype(np.uint16)
    stream = io.BytesIO()
    pillow_heif.encode("RGB;16", (64, 64), deep.tobytes(), stream, quality=95)
    pixels = decode_photograph(io.BytesIO(stream.getvalue()), "photo")
    assert np.abs(pixels.astype(int) - deep // 257).mean() < 4


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_of_several_pictures_the_main_one_is_read(kind: str) -> None:
    white = Image.new("RGB", (64, 64), "white")
    stream = io.BytesIO()
    if kind == "AVIF":
        white.save(stream, "AVIF", save_all=True, append_images=[PICTURE.resize((64, 64))])
    else:
        several = pillow_heif.from_pillow(PICTURE)
        several.add_from_pillow(white)
        several.save(stream, primary_index=1)
    assert decode_photograph(io.BytesIO(stream.getvalue()), "photo").min() > 245


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_a_picture_is_turned_once(kind: str, orientation: int) -> None:
    """The container says how, and an EXIF tag that says the same is not heeded again."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    tagged = decode_photograph(io.BytesIO(encoded(PICTURE, kind, exif=exif.tobytes())), "a")
    same = decode_photograph(io.BytesIO(encoded(PICTURE, "PNG", exif=exif.tobytes())), "a")
    assert tagged.shape == same.shape
    assert np.abs(tagged.astype(int) - same).mean() < 8


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "JPEG2000"])
def test_what_is_cut_off_or_too_large_is_told(kind: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    content = encoded(noise, kind)
    assert refused(content[: len(content) * 2 // 3]).reason == "truncated"
    assert refused(content[:40]).reason == "truncated"
    with pytest.raises(PhotographError, match="max_pixels") as caught:
        decode_photograph(io.BytesIO(content), "photo", max_pixels=64 * 64 - 1)
    assert caught.value.reason == "too large"


def tiff(**tags: object) -> bytes:
    """A TIFF of a small picture, as the first page of a camera raw is one."""
    ifd = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, (kind, value) in tags.items():
        ifd.tagtype[int(tag[1:])] = kind
        ifd[int(tag[1:])] = value
    return encoded(PICTURE, "TIFF", tiffinfo=ifd)


RAW = {
    "dng": (tiff(t50706=(1, b"\1\4\0\0")), "photo"),
    "nef": (tiff(t254=(4, 1), t271=(2, "NIKON CORPORATION")), "photo"),
    "cr2": (b"II*\0\x10\0\0\0CR\2\0" + bytes(99), "photo"),
    "cr3": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(99), "photo"),
    "raf": (b"FUJIFILMCCD-RAW 0201" + bytes(99), "photo"),
    "orf": (b"IIRO\x08\0\0\0" + bytes(99), "photo"),
    "rw2": (b"IIU\0\x18\0\0\0" + bytes(99), "photo"),
    "named NEF": (tiff(), "DSC_0001.NEF"),
    "named arw": (tiff(), "folder/DSC0001.arw"),
    "named dng, of unknown bytes": (bytes(100), "photo.dng"),
}


@pytest.mark.parametrize(("content", "name"), RAW.values(), ids=RAW)
def test_a_camera_raw_is_refused_by_name(content: bytes, name: str) -> None:
    error = refused(content, name)
    assert error.reason == "camera raw"
    assert "is a camera raw" in str(error)
    assert "develop it to JPEG" in str(error)


def test_a_camera_raw_that_pillow_has_opened_is_refused_as_well(tmp_path: Path) -> None:
    with pytest.raises(PhotographError, match="camera raw"):
        image_pixels(Image.open(io.BytesIO(RAW["dng"][0])), "photo")
    (tmp_path / "a.nef").write_bytes(tiff())
    with pytest.raises(PhotographError, match="camera raw"):
        image_pixels(Image.open(tmp_path / "a.nef"), "photo")


def test_the_ending_alone_is_no_raw() -> None:
    pixels = decode_photograph(io.BytesIO(encoded(PICTURE, "JPEG")), "photo.dng")
    assert pixels.shape == MARKED.shape
    pages = encoded(PICTURE, "TIFF", save_all=True, append_images=[Image.new("RGB", (9, 9))])
    assert decode_photograph(io.BytesIO(pages), "photo.tif").shape == MARKED.shape


def twelve_bits() -> bytes:
    """A JPEG that says it has 12 bits a sample, which Pillow does not read."""
    content = bytearray(encoded(PICTURE, "JPEG"))
    content[content.index(b"\xff\xc0") + 4] = 12
    return bytes(content)


def strange_tiff(compression: int) -> bytes:
    content = bytearray(encoded(PICTURE, "TIFF"))
    place = content.index(struct.pack("<HHI", 259, 3, 1))
    content[place + 8 : place + 10] = struct.pack("<H", compression)
    return bytes(content)


@pytest.mark.parametrize("content", [twelve_bits(), strange_tiff(34712), strange_tiff(65000)])
def test_what_is_whole_but_not_supported_is_not_called_damaged(content: bytes) -> None:
    error = refused(content)
    assert error.reason == "unsupported"
    assert "damaged" not in str(error)
    assert "convert it" in str(error)
    assert refused(content[: len(content) // 2]).reason == "truncated"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\x0a" + bytes(40), "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40), "JPEG XL"),
        (b"8BPS\0\1" + bytes(40), "PSD"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video"),
    ],
)
def test_other_formats_are_named(content: bytes, kind: str) -> None:
    error = refused(content)
    assert error.reason == "not an image"
    assert f"is a file of {kind}, none of JPEG" in str(error)


@pytest.mark.parametrize("kind", ["PNG", "HEIF"])
def test_more_pixels_than_pillow_allows_are_read_where_max_pixels_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    (tmp_path / "a").write_bytes(encoded(PICTURE, kind))
    assert load_photograph(tmp_path, "a", max_pixels=64 * 96).shape == MARKED.shape
    with pytest.raises(PhotographError, match="more than the 5000 of max_pixels"):
        load_photograph(tmp_path, "a", max_pixels=5000)
