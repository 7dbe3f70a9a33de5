from base64 import b64decode
from io import BytesIO
from urllib.request import urlopen

import numpy as np
import pytest
from PIL import Image

from faceinsight.common.encoding import encoded, jpeg_base64, jpeg_uri


@pytest.mark.parametrize("quality", [50, 90])
def test_a_picture_as_text_is_its_jpeg_file(quality):
    pixels = np.arange(12 * 8 * 3, dtype=np.uint8).reshape(12, 8, 3)
    picture = Image.fromarray(pixels)
    file = BytesIO()
    picture.save(file, "JPEG", quality=quality)
    assert b64decode(jpeg_base64(picture, quality)) == file.getvalue()
    with urlopen(jpeg_uri(picture, quality)) as answer:
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.read() == file.getvalue()


def test_a_file_is_whole_or_an_error(tmp_path):
    picture = Image.effect_noise((64, 64), 60)
    picture.save(tmp_path / "a.jpg", "JPEG", quality=92)
    assert encoded(picture, "JPEG", quality=92) == (tmp_path / "a.jpg").read_bytes()
