"""One object that is loaded once: the same answers however, and beside whatever, it is asked."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceinsight import Face, FaceInsight, PhotographError, to_frame
from faceinsight.data.parsing import weights
from faceinsight.data.parsing.detector import PyfacerDetector
from faceinsight.errors import ParameterError, WeightsError
from tests.data.parsing import fakes_dlib
from tests.data.parsing.fakes import BrightnessParser
from tests.data.parsing.fakes_detector import BLUE, RED, ColourNetwork
from tests.inference.conftest import WHOLE, save_model
from tests.label_tables import save_photograph


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has its maps parsed."""
    return save_model(tmp_path_factory.mktemp("parsed"), {"maps": "parsed", "view": 64})


@pytest.fixture
def model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> FaceInsight:
    """One whose faces are what is red or blue."""
    network = ColourNetwork()
    monkeypatch.setattr(PyfacerDetector, "_load", lambda self: network)
    monkeypatch.setattr(
        "faceinsight.data.parsing.parser.PyfacerParser", lambda *_: BrightnessParser()
    )
    return FaceInsight.from_pretrained(folder, device="cpu", batch_size=4, workers=3)


def photograph(number: int) -> np.ndarray:
    """One of its own size, with no face, one, or two."""
    rng = np.random.default_rng(number)
    height, width = rng.integers(60, 200, 2)
    pixels = np.full((height, width, 3), rng.integers(90, 160), dtype=np.uint8)
    for place in range(number % 3):
        left = place * width // 2
        pixels[10 : height - 10, left : left + width // 3] = (BLUE, RED)[place]
    return pixels


def assert_alike(one: list[Face], other: list[Face]) -> None:
    assert [f.bbox for f in one] == [f.bbox for f in other]
    assert [f.present for f in one] == [f.present for f in other]
    for a, b in zip(one, other, strict=True):
        assert a.probabilities == pytest.approx(b.probabilities, abs=1e-5)


def test_ten_photographs_at_once_give_what_each_gives_alone(model: FaceInsight) -> None:
    photographs = [photograph(number) for number in range(10)]
    together = model.analyze(photographs)
    assert [len(faces) for faces in together] == [number % 3 for number in range(10)]
    for pixels, faces in zip(photographs, together, strict=True):
        assert_alike(faces, model.analyze(pixels))
        assert [face.number for face in faces] == list(range(1, len(faces) + 1))
        assert [face.bbox for face in faces] == sorted(face.bbox for face in faces)
    assert [face.confidence for face in together[2]] == pytest.approx([0.9, 0.95])


def test_real_photographs_of_all_sizes_give_alone_what_they_give_together(
    shared: Path, tmp_path: Path
) -> None:
    made = {"maps": "parsed", "margin": 0.1, "context": 1.4, "view": 200}
    names = ("expw/image", "celeba/img_align_celeba", "utkface/UTKFace", "fairface/val")
    files = [f for n in names for f in sorted((shared / "data" / n).iterdir())[40:160:40]][:10]
    model = FaceInsight.from_pretrained(
        save_model(tmp_path / "model", made),
        device="cpu",
        detector_weights=shared / "weights/retinaface_mobilenet0.25.pth",
        parser_weights=shared / "weights/face_parsing_small.celebm.jit.pt",
    )
    together = model.analyze(files)
    assert sum(map(len, together)) >= 9
    for file, faces in zip(files, together, strict=True):
        assert_alike(faces, model.analyze(file))


def test_a_photograph_may_be_given_in_any_form(model: FaceInsight, tmp_path: Path) -> None:
    pixels = photograph(2)
    image = Image.fromarray(pixels)
    image.save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    opaque = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    forms = [
        *(str(tmp_path / "a.png"), tmp_path / "a.png", data, bytearray(data), memoryview(data)),
        *(io.BytesIO(data), pixels, pixels[:, ::-1][:, ::-1], opaque, image),
        *(image.convert("RGBA"), Image.open(tmp_path / "a.png")),
    ]
    first = model.analyze(pixels)
    assert len(first) == 2
    for faces in model.analyze(iter(forms)):
        assert_alike(faces, first)
    assert first[0].photograph == "photograph 1"
    assert model.analyze(tmp_path / "a.png")[0].photograph == str(tmp_path / "a.png")
    grey = np.asarray(image.convert("L"))
    assert model.analyze([grey, grey[:, :, None], image.convert("L")]) == [[], [], []]


def test_pictures_are_seen_as_they_are_meant_to_be(model: FaceInsight, tmp_path: Path) -> None:
    pixels = photograph(1)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    Image.fromarray(np.rot90(pixels).copy()).save(tmp_path / "turned.png", exif=exif)
    for form in (tmp_path / "turned.png", Image.open(tmp_path / "turned.png")):
        assert_alike(model.analyze(form), model.analyze(pixels))


@pytest.mark.parametrize(
    ("photo", "reason", "said"),
    [
        ("nowhere.jpg", "missing", "there is no file .*nowhere.jpg"),
        (Path(__file__), "not an image", "test_faceinsight.py is none of JPEG"),
        (Path(__file__).parent, "folder", "is a folder"),
        (b"", "empty", "photograph 1 has no bytes"),
        (b"no image", "not an image", "photograph 1 is none of JPEG"),
        (np.zeros((4, 4, 3)), "not an image", "array of float64; give uint8"),
        (np.zeros((2, 4, 4, 3), np.uint8), "not an image", r"shape \[2, 4, 4, 3\]"),
        (np.zeros((0, 4, 3), np.uint8), "empty", "without pixels"),
        (np.zeros((2000, 2000, 3), np.uint8), "too large", "more than the 1000000 of max_pixels"),
    ],
)
def test_what_cannot_be_used_is_raised_alone_and_takes_its_place_in_a_list(
    org: Path, photo: object, reason: str, said: str
) -> None:
    model = FaceInsight.from_pretrained(org, WHOLE, max_pixels=1e6)
    with pytest.raises(PhotographError, match=said) as error:
        model.analyze(photo)
    assert error.value.reason == reason
    assert "\n" not in str(error.value)
    first, bad, last = model.analyze([photograph(0), photo, photograph(1)])
    assert isinstance(bad, PhotographError)
    assert (bad.reason, len(first), len(last)) == (reason, 1, 1)


def test_what_is_no_photograph_is_told(org: Path) -> None:
    model = FaceInsight.from_pretrained(org, WHOLE)
    with pytest.raises(ParameterError, match="a NoneType is no photograph"):
        model.analyze(None)
    assert model.analyze([]) == []
    (error,) = model.analyze([5])
    assert isinstance(error, PhotographError)
    assert "photograph 1 is a int" in str(error)


def test_many_threads_get_what_one_gets(model: FaceInsight) -> None:
    photographs = [photograph(number) for number in range(12)]
    alone = model.analyze(photographs)
    with ThreadPoolExecutor(6) as pool:
        at_once = list(pool.map(model.analyze, photographs, timeout=60))
    for one, other in zip(at_once, alone, strict=True):
        assert_alike(one, other)


def test_photographs_are_taken_as_their_faces_are_wanted(model: FaceInsight) -> None:
    taken: list[int] = []

    def photographs():
        for number in range(60):
            taken.append(number)
            yield photograph(1)

    stream = model.stream(photographs())
    for given in range(1, 31):
        assert len(next(stream)) == 1
        assert len(taken) - given <= 20
    stream.close()
    assert len(taken) < 60


def test_three_steps_make_up_an_answer(model: FaceInsight) -> None:
    photographs = [photograph(1), b"no image", photograph(2)]
    crops = model.prepare(photographs)
    assert crops.pixels.shape == (3, 32, 32, 3)
    assert crops.maps.shape == (3, 32, 32)
    assert crops.photographs.tolist() == [0, 2, 2]
    z = model.score(crops)
    assert z.shape == (3, 5)
    assert z.dtype == np.float32
    first, bad, last = crops.by_photograph(model.read(z, crops))
    assert bad.reason == "not an image"
    assert_alike([*first, *last], [*model.analyze(photographs[0]), *model.analyze(photographs[2])])
    assert first[0].probabilities["Bald"] == pytest.approx(1 / (1 + np.exp(-z[0, 0])), abs=1e-6)


def test_it_is_unpickled_from_its_folder(org: Path) -> None:
    model = FaceInsight.from_pretrained(org, WHOLE, sensitive=True)
    again = pickle.loads(pickle.dumps(model))  # noqa: S301
    assert again.settings == model.settings
    assert_alike(again.analyze(photograph(0)), model.analyze(photograph(0)))
    with pytest.raises(ParameterError, match="not loaded from a folder"):
        pickle.dumps(FaceInsight(model.network))


def test_options_are_checked(org: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="faces: Input should be 'detect'"):
        FaceInsight.from_pretrained(org, faces="all")
    with pytest.raises(WeightsError, match="detector_weights: there is no file"):
        FaceInsight.from_pretrained(org, detector_weights=tmp_path / "none.pth", device="cpu")


def test_an_import_costs_nothing() -> None:
    code = (
        "import sys\n"
        "from faceinsight import PhotographError\n"
        "heavy = {'kedro', 'torch', 'pandas', 'numpy', 'transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_neither_kedro_nor_pyfacer_is_needed(
    org: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a fresh process: `tests/pipelines/test_run.py` has one without them."""
    save_photograph(tmp_path, "a.png")
    for name in ("kedro", "facer", "plotly"):
        monkeypatch.setitem(sys.modules, name, None)
    model = FaceInsight.from_pretrained(org, faces="whole", device="cpu")
    assert len(model.analyze(tmp_path / "a.png")) == 1
    faces, _ = model.analyze_folder(tmp_path, progress=False)
    assert len(faces) == 1


def test_that_another_detector_may_find_more_is_said_where_none_is_found(
    org: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_photograph(tmp_path, "a.png")
    hint = "`faceinsight download` fetches pyfacer's weights once"

    def told() -> set[bool]:
        model = FaceInsight.from_pretrained(org, device="cpu")
        with pytest.raises(PhotographError, match="no face was found") as error:
            model.ask(tmp_path / "a.png")
        _, skipped = model.analyze_folder(tmp_path, progress=False)
        (message,) = skipped["message"]
        return {hint in str(error.value), hint in message}

    monkeypatch.setattr(PyfacerDetector, "_load", lambda self: ColourNetwork())
    assert told() == {False}
    monkeypatch.setattr(weights, "is_at_hand", lambda detector, path: False)
    monkeypatch.setitem(sys.modules, "dlib", fakes_dlib.module())
    assert told() == {True}


def test_what_found_a_face_is_said(
    org: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without weights a detector that is installed finds faces, and without one nothing does."""
    pixels = np.full((120, 200, 3), 128, dtype=np.uint8)
    pixels[20:80, 30:90] = BLUE
    monkeypatch.setattr(PyfacerDetector, "_load", lambda self: ColourNetwork())

    def found(**options: str) -> tuple[str, bool]:
        caplog.clear()
        model = FaceInsight.from_pretrained(org, device="cpu", **options)
        (face,) = model.analyze(pixels)
        assert face.to_dict()["face_from"] == face.face_from
        assert to_frame([face])["face_from"].tolist() == [face.face_from]
        return face.face_from, face.confidence is None

    assert found() == ("retinaface", False)
    assert found(faces="whole") == ("photograph", True)
    assert not caplog.messages
    monkeypatch.setattr(weights, "is_at_hand", lambda detector, path: False)
    monkeypatch.setitem(sys.modules, "dlib", fakes_dlib.module())
    assert found() == ("dlib", False)
    assert not caplog.messages
    monkeypatch.setitem(sys.modules, "dlib", None)
    assert found() == ("photograph", True)
    assert "each photograph is one face as a whole" in caplog.text
