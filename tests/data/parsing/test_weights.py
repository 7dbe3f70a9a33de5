"""pyfacer's weights: whether they are there, and how they are fetched once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import pytest
import torch

from faceinsight.data.parsing import weights
from faceinsight.errors import WeightsError

is_at_hand = weights.is_at_hand  # before a fixture of all tests takes its place
NAMES = ("mobilenet0.25_Final.pth", "face_parsing.farl.celebm.main_ema_181500_jit.pt")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where pyfacer keeps what it has fetched; each file is to hold its own name."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    digests = {name: hashlib.sha256(name.encode()).hexdigest() for name in NAMES}
    monkeypatch.setattr(weights, "SHA256", digests)
    return tmp_path / "checkpoints"


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """A network that answers so; the addresses that were asked for."""

    def make(answer: Callable[[str], bytes]) -> list[str]:
        asked: list[str] = []

        def fetch(url: str, file: str, hash_prefix: str) -> None:
            asked.append(url)
            held = answer(url.rpartition("/")[2])
            if hashlib.sha256(held).hexdigest() != hash_prefix:  # as PyTorch does
                raise RuntimeError(f'invalid hash value (expected "{hash_prefix}")')
            Path(file).write_bytes(held)

        monkeypatch.setattr(torch.hub, "download_url_to_file", fetch)
        return asked

    return make


def test_they_are_fetched_once(cache: Path, answering: Callable[..., list[str]]) -> None:
    asked = answering(str.encode)
    assert not is_at_hand("retinaface/mobilenet", None)
    assert weights.fetch_weights() == [cache / name for name in NAMES]
    assert [url.rpartition("/")[2] for url in asked] == list(NAMES)
    assert is_at_hand("retinaface/mobilenet", None)
    assert weights.fetch_weights() == [cache / name for name in NAMES]
    assert len(asked) == 2


def test_what_is_named_or_another_detector_counts_as_there(cache: Path) -> None:
    assert is_at_hand("retinaface/mobilenet", Path("a.pth"))
    assert is_at_hand("retinaface/resnet50", None)


def test_without_a_network_it_is_said_what_to_bring(
    cache: Path, answering: Callable[..., list[str]]
) -> None:
    def unreachable(name: str) -> bytes:
        raise URLError("no network")

    answering(unreachable)
    with pytest.raises(WeightsError, match=r"mobilenet0\.25_Final.* try again where") as error:
        weights.fetch_weights()
    assert "\n" not in str(error.value)
    assert f"put it into {cache}" in str(error.value)


def test_another_file_is_refused(cache: Path, answering: Callable[..., list[str]]) -> None:
    answering(lambda name: b"something else")
    with pytest.raises(WeightsError, match="invalid hash value"):
        weights.fetch_weights()
    assert not (cache / NAMES[0]).exists()
    (cache / NAMES[0]).write_bytes(b"half of it")
    with pytest.raises(WeightsError, match="is not the file that pyfacer publishes"):
        weights.fetch_weights()
