"""Requests that nobody should send: each has its status, and the next one is answered as ever."""

from __future__ import annotations

import json
import struct
import zlib
from base64 import b64encode
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from faceinsight.serving.app import create_app
from faceinsight.serving.settings import ServerSettings
from tests.serving.conftest import LIMITS, client_of, encoded, photograph

GOOD = photograph(7)
MULTIPART = "multipart/form-data; boundary=b"


def files(*given: bytes, name: str = "photographs", called: str = "a.png") -> dict[str, Any]:
    return {"files": [(name, (called, file)) for file in given]}


def body(content: bytes | str, kind: str = "application/json", **headers: str) -> dict[str, Any]:
    return {"content": content, "headers": {"content-type": kind, **headers}}


def as_json(**fields: Any) -> dict[str, Any]:
    return {"json": {"photographs": [b64encode(GOOD).decode()]} | fields}


def part(name: str, more: str = "", data: bytes = GOOD) -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + data + b"\r\n--b--\r\n"


def png(width: int, height: int, *, bits: int = 1, extra: bytes = b"") -> bytes:
    """A PNG that says how large it is, and holds nothing of it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        tail = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + tail

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + head + extra + data + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A PNG with a text of 300 MB, packed."""
    data = b"a\0\0" + zlib.compress(b"\0" * 300_000_000, 9)
    tail = struct.pack(">I", zlib.crc32(b"zTXt" + data))
    return png(4, 4, extra=struct.pack(">I", len(data)) + b"zTXt" + data + tail)


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + b"\x2c" + bytes(20)


def drawn(mode: str, kind: str = "PNG", **options: Any) -> bytes:
    """A ramp in one of Pillow's modes."""
    ramp = np.linspace(0, 1, 40 * 30).reshape(40, 30)
    scale = {"I;16": 65535, "F": 1}.get(mode, 255)
    kinds = {"I;16": np.uint16, "F": np.float32}
    image = Image.fromarray((ramp * scale).astype(kinds.get(mode, np.uint8)))
    return encoded(image if mode in kinds else image.convert(mode), kind, **options)


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return photograph(3, "JPEG", exif=exif)


ANALYZE, ASK = "/analyze", "/ask"

HOSTILE: dict[str, tuple[str, dict[str, Any], int]] = {
    # bodies
    "no body": (ANALYZE, {}, 415),
    "a form": (ANALYZE, {"data": {"photographs": "a"}}, 415),
    "a photograph alone": (ANALYZE, body(GOOD, "image/png"), 415),
    "packed": (ANALYZE, body(zlib.compress(b"{}"), **{"content-encoding": "gzip"}), 415),
    "json: nothing": (ANALYZE, body(""), 400),
    "json: cut off": (ANALYZE, body('{"photographs": ["'), 400),
    "json: not a mapping": (ANALYZE, body("[1, 2]"), 422),
    "json: null": (ANALYZE, body("null"), 422),
    "json: as deep as it goes": (ANALYZE, body("[" * 200_000), 400),
    "json: not utf-8": (ANALYZE, body('{"photographs": []}'.encode("utf-16")), 400),
    "json: no photographs": (ANALYZE, as_json(photographs=[]), 422),
    "json: a photograph of numbers": (ANALYZE, as_json(photographs=[[1, 2]]), 422),
    "json: photographs in one": (ANALYZE, as_json(photographs=b64encode(GOOD).decode()), 422),
    "json: not base64": (ANALYZE, as_json(photographs=["$$$$"]), 422),
    "json: base64 cut off": (ANALYZE, as_json(photographs=[b64encode(GOOD).decode()[:-3]]), 422),
    "json: an address": (ANALYZE, as_json(photographs=["data:image/png;base64,AAAA"]), 422),
    "json: an empty photograph": (ANALYZE, as_json(photographs=[""]), 422),
    "json: a path": (ANALYZE, as_json(photographs=["/etc/passwd"]), 422),
    "multipart: no boundary": (ANALYZE, body(part("photographs"), "multipart/form-data"), 400),
    "multipart: another boundary": (
        ANALYZE,
        body(part("photographs"), "multipart/form-data; boundary=c"),
        400,
    ),
    "multipart: nothing in it": (ANALYZE, body(b"--b--\r\n", MULTIPART), 422),
    "multipart: no name": (
        ANALYZE,
        body(b"--b\r\nContent-Disposition: form-data\r\n\r\na\r\n--b--\r\n", MULTIPART),
        400,
    ),
    "multipart: two thousand files": (
        ANALYZE,
        files(*[b"a"] * 2000),
        400,
    ),
    "multipart: a hundred fields": (
        ANALYZE,
        files(GOOD) | {"data": {f"f{n}": "a" for n in range(100)}},
        400,
    ),
    "multipart: a photograph as text": (
        ANALYZE,
        body(part("photographs", data=b"text"), MULTIPART),
        415,
    ),
    "multipart: a photograph of no bytes": (ANALYZE, files(b""), 422),
    "multipart: a file for a number": (ANALYZE, files(GOOD, name="threshold"), 422),
    "multipart: a question twice": (
        ASK,
        {"files": [("question", (None, "a")), ("question", (None, "b"))]},
        422,
    ),
    # fields
    "an unknown field": (ANALYZE, as_json(sensitive=True), 422),
    "an unknown field of a form": (ANALYZE, files(GOOD) | {"data": {"ab" * 999: "1"}}, 422),
    "a field of no letters": (ANALYZE, files(GOOD) | {"data": {"a\0b": "1"}}, 422),
    "a threshold that is no number": (ANALYZE, body('{"threshold": NaN}'), 422),
    "a threshold of nan": (ANALYZE, files(GOOD) | {"data": {"threshold": "nan"}}, 422),
    "an endless threshold": (ANALYZE, files(GOOD) | {"data": {"threshold": "1e999"}}, 422),
    "a threshold in words": (ANALYZE, as_json(threshold="0.5"), 422),
    "a threshold above one": (ANALYZE, as_json(threshold=2), 422),
    "faces that are none": (ANALYZE, as_json(faces="all"), 422),
    "faces that the server does not seek": (ANALYZE, as_json(faces="detect"), 422),
    "a question without photograph": (ASK, {"json": {"question": "Bald?"}}, 422),
    "a question of a million letters": (
        ASK,
        files(GOOD, name="photograph") | {"data": {"question": "a" * 300_000}},
        422,
    ),
    "a face before the first": (ASK, files(GOOD, name="photograph") | {"data": {"face": "0"}}, 422),
    "a face that is not there": (
        ASK,
        files(GOOD, name="photograph") | {"data": {"face": "2"}},
        422,
    ),
    "a face beyond counting": (
        ASK,
        files(GOOD, name="photograph") | {"data": {"face": "9" * 400}},
        422,
    ),
    "a way that was not taught": (
        ASK,
        files(GOOD, name="photograph") | {"data": {"way": "direct"}},
        422,
    ),
    # sizes
    "more bytes than allowed": (ANALYZE, files(bytes(LIMITS["most_bytes"])), 413),
    "more bytes than said": (
        ANALYZE,
        {
            "content": iter([bytes(100_000)] * 9),
            "headers": {"content-type": MULTIPART},
        },
        413,
    ),
    "more photographs than allowed": (ANALYZE, files(*[GOOD] * 5), 413),
    "a picture of 2.5 gigapixels": (ANALYZE, files(png(50_000, 50_000)), 413),
    "a picture beyond counting": (ANALYZE, files(png(2**31 - 1, 2**31 - 1)), 413),
    "a gif of 4 gigapixels": (ANALYZE, files(gif(65_535, 65_535)), 413),
    "300 megabytes of text in a picture": (ANALYZE, files(text_bomb()), 415),
    # pictures
    "words": (ANALYZE, files(b"no photograph"), 415),
    "a page": (ANALYZE, files(b"<svg xmlns='a'><script>alert(1)</script></svg>"), 415),
    "a document": (ANALYZE, files(b"%PDF-1.7"), 415),
    "a program": (ANALYZE, files(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"), 415),
    "an archive": (ANALYZE, files(b"PK\x03\x04" + bytes(99)), 415),
    "a picture cut off": (ANALYZE, files(photograph(1, "JPEG")[:-200]), 422),
    "a picture of no pixels": (ANALYZE, files(png(0, 0)), 415),
    "a name that leads elsewhere": (ANALYZE, files(GOOD, called="../../etc/passwd"), 200),
    "a name of no letters": (ANALYZE, files(GOOD, called="\x00\x1b[2J\r\n\u202e.png"), 200),
    "CMYK": (ANALYZE, files(drawn("CMYK", "JPEG")), 200),
    "16 bits": (ANALYZE, files(drawn("I;16")), 200),
    "floats": (ANALYZE, files(drawn("F", "TIFF")), 200),
    "a palette": (ANALYZE, files(drawn("P", "GIF")), 200),
    "transparency": (ANALYZE, files(drawn("LA")), 200),
    "one bit": (ANALYZE, files(drawn("1")), 200),
    "turned by its EXIF": (ANALYZE, files(turned()), 200),
    "one pixel": (ANALYZE, files(encoded(Image.new("RGB", (1, 1)))), 200),
    "a line": (ANALYZE, files(encoded(Image.new("L", (20_000, 1)))), 200),
    "a question of signs": (
        ASK,
        files(GOOD, name="photograph") | {"data": {"question": "\u202e\x00?{}%s\ud7ff" * 90}},
        200,
    ),
    # paths
    "a path that leads elsewhere": ("/docs/../../etc/passwd", {}, 404),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_every_request_has_its_status_and_leaves_the_server_healthy(served, name):
    path, options, status = HOSTILE[name]
    answer = served.post(path, **options)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        said = answer.json()
        assert said["status"] == status
        assert said["detail"].endswith((".", "?"))
        assert len(said["detail"]) < 500
        for secret in ("Traceback", 'File "', ".py", "/tmp", "site-packages"):
            assert secret not in answer.text
    assert is_healthy(served)


def is_healthy(served: TestClient) -> bool:
    answer = served.post(ANALYZE, **files(GOOD))
    return (
        served.get("/health").status_code == 200
        and len(answer.json()["photographs"][0]["faces"]) == 1
        and "faceinsight_requests_accepted 0.0\n" in served.get("/metrics").text
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", ANALYZE, 405),
        ("PUT", ASK, 405),
        ("DELETE", "/health", 405),
        ("TRACE", "/model", 405),
        ("BREW", ANALYZE, 405),
        ("GET", "/nowhere", 404),
        ("GET", "/redoc", 404),
    ],
)
def test_other_methods_and_paths(served, method, path, status):
    answer = served.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"host": "localhost.evil.example"}, 421),
        ({"host": "[::"}, 421),
        ({"host": ""}, 421),
        ({"host": "127.0.0.1:8000"}, 200),
        ({"host": "[::1]:8000"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://[::"}, 403),
        ({"origin": "http://localhost"}, 200),
        ({"content-length": "99999999999999999999"}, 413),
    ],
)
def test_who_may_not_come_in(served, headers, status):
    answer = served.get("/health", headers=headers)
    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers


@pytest.fixture(scope="module")
def locked(model) -> Iterator[TestClient]:
    settings = ServerSettings.model_validate(
        {"host": "0.0.0.0", "token": "a token of letters", "origins": ["https://known.example"]}
    )
    app = create_app(model, settings)
    app.state.engine.ready.result(60)
    with client_of(app) as client:
        yield client


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("Bearer a token of letters", 200),
        ("bearer a token of letters", 200),
        ("Bearer a token of letter", 401),
        ("Bearer ", 401),
        ("a token of letters", 401),
        ("Digest a token of letters", 401),
        ("Basic " + b64encode(b"anybody:a token of letters").decode(), 200),
        ("Basic " + b64encode(b"a token of letters:").decode(), 401),
        ("Basic a token of letters", 401),
        ("Bearer \xff\xfe", 401),
    ],
)
def test_a_token_is_asked_for(locked, authorization, status):
    given = {} if authorization is None else {"authorization": authorization.encode("latin-1")}
    headers = {"host": "anywhere.example", **given}
    for answer in (
        locked.get("/model", headers=headers),
        locked.post(ANALYZE, headers=headers, **files(GOOD)),
        locked.get("/docs", headers=headers),
    ):
        assert answer.status_code == status
        asked = [line.partition(" ")[0] for line in answer.headers.get_list("www-authenticate")]
        assert asked == (["Bearer", "Basic"] if status == 401 else [])
    assert locked.get("/health", headers=headers).status_code == 200


def test_pages_elsewhere_may_call_only_if_they_are_named(locked):
    known, other = "https://known.example", "https://other.example"
    key = {"authorization": "Bearer a token of letters"}
    answer = locked.get("/model", headers=key | {"origin": known})
    assert answer.headers["access-control-allow-origin"] == known
    assert locked.get("/model", headers=key | {"origin": other}).status_code == 403
    asked = {"access-control-request-method": "POST", "origin": known}
    assert locked.options(ANALYZE, headers=asked).status_code == 200
    refused = locked.options(ANALYZE, headers=asked | {"origin": other})
    assert refused.status_code == 400
    assert "access-control-allow-origin" not in refused.headers


def test_no_photograph_is_written_to_disk_or_logged(served, monkeypatch, caplog, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    opened = []
    monkeypatch.setattr(
        "tempfile.SpooledTemporaryFile.rollover", lambda self: opened.append("rolled over")
    )
    caplog.set_level("DEBUG", "faceinsight")
    stream = BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (350, 350, 3), dtype=np.uint8)
    Image.fromarray(noise).save(stream, "BMP")
    assert len(stream.getvalue()) < LIMITS["most_bytes"]
    monkeypatch.setattr("starlette.formparsers.MultiPartParser.spool_max_size", 1000)
    answer = served.post(ANALYZE, **files(stream.getvalue(), called="secret.bmp"))
    assert answer.status_code == 200
    assert opened == []
    assert list(tmp_path.iterdir()) == []
    assert "secret" not in caplog.text
    assert json.dumps(answer.json()).count("secret") == 0
