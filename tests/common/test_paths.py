"""Names that look like numbers stay names."""

import datetime

from faceinsight.common.paths import with_texts


def test_a_folder_named_by_a_number_or_a_day_is_text() -> None:
    read = {
        "photos": 2024,
        "raw": datetime.date(2024, 1, 31),
        "work": 1.5,
        "data": True,
        "detector_weights": None,
        "language_model": {"pretrained": 7, "architecture": {"hidden_size": 7}},
        "datasets": {"mine": {"table": {"file": 1, "folder": 2, "box": [1, 2]}, "limit": 3}},
        "seed": 2024,
    }
    assert with_texts(read) == {
        "photos": "2024",
        "raw": "2024-01-31",
        "work": "1.5",
        "data": "True",
        "detector_weights": None,
        "language_model": {"pretrained": "7", "architecture": {"hidden_size": 7}},
        "datasets": {"mine": {"table": {"file": "1", "folder": "2", "box": [1, 2]}, "limit": 3}},
        "seed": 2024,
    }
