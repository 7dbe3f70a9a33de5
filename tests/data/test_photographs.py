"""A photograph is read as it is meant to be seen, or refused with a reason; nothing else."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from faceinsight.data.photographs import load_photograph, stamp_files
from faceinsight.errors import PhotographError

RAMP = np.linspace(0, 255, 24 * 16 * 3).reshape(16, 24, 3).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format=kind, **options)
    return stream.getvalue()


def png_with_header(width: int, height: int) -> bytes:
    """A PNG of which only the header promises a large picture."""
    data = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", data), (b"IDAT", zlib.compress(b"\0" * 10)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(d)) + name + d + struct.pack(">I", zlib.crc32(name + d))
        for name, d in parts
    )


def read(tmp_path: Path, content: bytes, **options: float) -> np.ndarray:
    (tmp_path / "a.jpg").write_bytes(content)
    return load_photograph(tmp_path, "a.jpg", **options)


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))

BAD = {
    "empty": (b"", "empty"),
    "text": (b"this is not a photograph, but long enough to be one", "not an image"),
    "html": (b"<!DOCTYPE html><html><body>404</body></html>", "not an image"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "not an image"),
    "header only": (encoded(NOISE, "JPEG")[:20], "truncated"),
    "truncated jpeg": (encoded(NOISE, "JPEG")[:2000], "truncated"),
    "truncated png": (encoded(NOISE, "PNG")[:5000], "truncated"),
    "truncated gif": (encoded(NOISE, "GIF")[:1500], "truncated"),
    "truncated bmp": (encoded(NOISE, "BMP")[:5000], "truncated"),
    "truncated tiff": (encoded(NOISE, "TIFF")[:-3000], "truncated"),
    "truncated webp": (encoded(NOISE, "WEBP", lossless=True)[:3000], "truncated"),
    "no pixels": (png_with_header(8, 8), "truncated"),
    "huge header": (png_with_header(10_000, 10_000), "too large"),
    "bomb": (png_with_header(60_000, 60_000), "too large"),
}


@pytest.mark.parametrize(("content", "reason"), BAD.values(), ids=BAD)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_bad_files_are_refused_with_a_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(PhotographError, match=r"a\.jpg") as refused:
        read(tmp_path, content)
    assert refused.value.reason == reason


def test_a_bomb_is_refused_whatever_is_made_of_warnings(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PhotographError) as refused:
            read(tmp_path, png_with_header(10_000, 10_000))
    assert refused.value.reason == "too large"


def test_the_limit_is_a_parameter(tmp_path: Path) -> None:
    content = encoded(NOISE, "PNG")
    assert read(tmp_path, content, max_pixels=64 * 64).shape == (64, 64, 3)
    with pytest.raises(PhotographError, match="4095"):
        read(tmp_path, content, max_pixels=64 * 64 - 1)


def bad_paths(root: Path) -> dict[str, tuple[str, str]]:
    outside = root.parent / "outside.png"
    NOISE.save(root / "inside.png")
    (root / "folder").mkdir()
    (root / "loop.png").symlink_to(root / "loop.png")
    os.mkfifo(root / "pipe.png")
    return {
        "missing": ("none.png", "missing"),
        "below a file": ("inside.png/a.png", "missing"),
        "folder": ("folder", "folder"),
        "the root itself": (".", "folder"),
        "climbs": ("../outside.png", "outside"),
        "climbs and returns": ("folder/../inside.png", "outside"),
        "absolute": (str(outside), "outside"),
        "zero byte": ("a\0.png", "outside"),
        "loop of links": ("loop.png", "unreadable"),
        "pipe": ("pipe.png", "unreadable"),
        "long name": ("a" * 5000, "unreadable"),
        "no UTF-8": ("\udcff.png", "missing"),
    }


def test_bad_paths_are_refused_with_a_reason(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for name, (relative, reason) in bad_paths(root).items():
        with pytest.raises(PhotographError) as refused:
            load_photograph(root, relative)
        assert refused.value.reason == reason, name


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    NOISE.save(tmp_path / "real/a.png")
    (tmp_path / "real/b.png").symlink_to("a.png")
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "set/img").mkdir(parents=True)
    (tmp_path / "set/img/a.png").symlink_to(tmp_path / "real/a.png")  # on another disk, say
    (tmp_path / "set/all").symlink_to(tmp_path / "real")
    for root, name in (("linked", "b.png"), ("set", "img/a.png"), ("set", "all/b.png")):
        assert load_photograph(tmp_path / root, name).shape == (64, 64, 3)


def test_unreadable_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    NOISE.save(tmp_path / "a.png")

    def refuse(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PhotographError, match="Permission denied") as refused:
        load_photograph(tmp_path, "a.png")
    assert refused.value.reason == "unreadable"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied(tmp_path: Path, kind: str, orientation: int) -> None:
    """The upright picture, stored as the camera held sideways would, is read back upright."""
    upright = np.zeros((48, 80, 3), dtype=np.uint8)
    upright[:24, :40] = 255  # top left
    upright[24:, :40] = (255, 0, 0)  # bottom left
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    stored = Image.fromarray(np.ascontiguousarray(undo[orientation](upright)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    pixels = read(tmp_path, encoded(stored, kind, exif=exif.tobytes(), **options))
    assert pixels.shape == upright.shape
    assert np.abs(pixels.astype(int) - upright).mean() < 6


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("exif", [b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff", b""])
def test_broken_exif_data_does_not_matter(tmp_path: Path, exif: bytes) -> None:
    assert read(tmp_path, encoded(NOISE, "JPEG", exif=exif)).shape == (64, 64, 3)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_orientations_that_do_not_exist_are_ignored(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert read(tmp_path, encoded(NOISE, "JPEG", exif=exif.tobytes())).shape == (64, 64, 3)


def test_grey_becomes_rgb(tmp_path: Path) -> None:
    grey = RAMP[..., 0]
    pixels = read(tmp_path, encoded(Image.fromarray(grey), "PNG"))
    assert (pixels == grey[..., None]).all()


def test_one_bit_becomes_black_and_white(tmp_path: Path) -> None:
    bits = RAMP[..., 0] > 127
    pixels = read(tmp_path, encoded(Image.fromarray(bits), "PNG"))
    assert (pixels == np.where(bits, 255, 0)[..., None]).all()


def test_sixteen_bits_are_scaled_not_cut(tmp_path: Path) -> None:
    deep = np.linspace(0, 65535, 16 * 24).reshape(16, 24).astype(np.uint16)
    for kind in ("PNG", "TIFF"):
        pixels = read(tmp_path, encoded(Image.fromarray(deep), kind))
        assert np.abs(pixels[..., 0] - deep / 257).max() <= 0.5 + 1e-9
        assert pixels.max() == 255


@pytest.mark.parametrize("top", [1.0, 255.0])
def test_floats_are_taken_as_0_to_1_or_0_to_255(tmp_path: Path, top: float) -> None:
    values = np.linspace(0, top, 16 * 24, dtype=np.float32).reshape(16, 24)
    values[0, 0] = np.nan
    pixels = read(tmp_path, encoded(Image.fromarray(values), "TIFF"))
    assert pixels.min() == 0
    assert pixels.max() == 255


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    for kind in ("JPEG", "TIFF"):
        pixels = read(tmp_path, encoded(red, kind))
        assert np.abs(pixels.astype(int) - (255, 0, 0)).max() <= 4


def test_palettes_become_rgb(tmp_path: Path) -> None:
    image = Image.fromarray(RAMP).quantize(16)
    expected = np.asarray(image.convert("RGB"))
    for kind in ("PNG", "GIF"):
        assert (read(tmp_path, encoded(image, kind)) == expected).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB"])
def test_transparency_is_laid_over_white(tmp_path: Path, mode: str) -> None:
    if mode in ("RGBA", "LA"):
        colour = (10, 20, 30, 0) if mode == "RGBA" else (10, 0)
        content = encoded(Image.new(mode, (8, 8), colour), "PNG")
    else:
        image = Image.new("RGB", (8, 8), (10, 20, 30))
        image = image.quantize(2) if mode == "P" else image
        content = encoded(image, "PNG", transparency=image.getpixel((0, 0)))
    assert (read(tmp_path, content) == 255).all()


def test_half_transparent_is_half_white(tmp_path: Path) -> None:
    pixels = read(tmp_path, encoded(Image.new("RGBA", (4, 4), (0, 100, 255, 128)), "PNG"))
    assert np.abs(pixels[0, 0].astype(int) - (127, 177, 255)).max() <= 1


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_picture_is_taken(tmp_path: Path, kind: str) -> None:
    first, second = Image.new("RGB", (8, 8), "white"), Image.new("RGB", (8, 8), "black")
    content = encoded(first, kind, save_all=True, append_images=[second])
    assert (read(tmp_path, content) == 255).all()


def test_unusual_colour_profiles_do_not_matter(tmp_path: Path) -> None:
    content = encoded(Image.fromarray(RAMP), "PNG", icc_profile=b"no profile at all")
    assert (read(tmp_path, content) == RAMP).all()


SEEDS = [
    encoded(NOISE.resize((24, 20)), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"),
    encoded(NOISE.resize((24, 20)), "JPEG", progressive=True),
    encoded(NOISE.resize((24, 20)).convert("CMYK"), "JPEG"),
    encoded(NOISE.resize((24, 20)), "PNG"),
    encoded(NOISE.resize((24, 20)).quantize(8), "PNG", transparency=3),
    encoded(NOISE.resize((24, 20)), "GIF"),
    encoded(NOISE.resize((24, 20)), "TIFF"),
    encoded(NOISE.resize((24, 20)), "TIFF", compression="tiff_lzw"),
    encoded(NOISE.resize((24, 20)), "BMP"),
    encoded(NOISE.resize((24, 20)), "WEBP"),
    encoded(NOISE.resize((24, 20)), "PPM"),
]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
@pytest.mark.filterwarnings("ignore")
def test_no_bytes_cause_anything_but_a_photograph_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(data.draw(st.sampled_from(SEEDS)))
    places = st.integers(0, len(content) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=12)):
        content[place] = value
    content = content[: data.draw(st.one_of(st.just(len(content)), places)) + 1]
    path = tmp_path_factory.getbasetemp() / "mutated.jpg"
    path.write_bytes(content)
    with suppress(PhotographError):
        pixels = load_photograph(path.parent, path.name, max_pixels=1e6)
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3
        assert pixels.flags.c_contiguous


@settings(max_examples=15, deadline=None)
@given(relative=st.text(max_size=30))
def test_no_path_causes_anything_but_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, relative: str
) -> None:
    root = tmp_path_factory.getbasetemp() / "nothing"
    root.mkdir(exist_ok=True)
    with pytest.raises(PhotographError):
        load_photograph(root, relative)


def test_stamps_tell_changed_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"22")
    before = stamp_files(tmp_path, ["a", "b", "none", "a\0"])
    assert before[0].tolist() == [1, 2, -1, -1]
    os.utime(tmp_path / "a", ns=(5, 7))
    after = stamp_files(tmp_path, ["a", "b", "none", "a\0"])
    assert (before[1] != after[1]).tolist() == [True, False, False, False]
    assert after[1][0] == 7
    assert stamp_files(tmp_path, [])[0].shape == (0,)
