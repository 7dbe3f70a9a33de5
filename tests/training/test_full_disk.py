"""Training on a disk that is full at one moment or another, and goes on when there is room."""

import shutil
import subprocess

import numpy as np
import pytest

from faceinsight.common.messages import sentence
from faceinsight.inference.pictures import draw_photograph
from faceinsight.training.loop import train
from tests.training.conftest import make_job, write_crops

pytestmark = pytest.mark.usefixtures("uncounted")


def mount(place, size, *options):
    given = ",".join([f"size={size}k", *options])
    return subprocess.run(
        ["mount", "-t", "tmpfs", "-o", given, "tmpfs", str(place)], capture_output=True, check=False
    )


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    if shutil.which("mount") is None or mount(place, 100).returncode:
        pytest.skip("a small disk can be mounted only by root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told_at_any_moment_and_the_next_start_goes_on(disk, tmp_path):
    job = make_job(write_crops(tmp_path / "crops", 64, seed=1), epochs=1)
    # Within the first checkpoint's weights, its optimiser's state, and the finished model.
    for size in (60, 200, 1100):
        assert mount(disk, size, "remount").returncode == 0
        with pytest.raises(Exception) as raised:  # noqa: PT011
            train(job, disk)
        told = sentence(raised.value)
        assert told is not None, repr(raised.value)
        assert told.startswith(str(disk))
        assert "MB are free" in told
    assert mount(disk, 20_000, "remount").returncode == 0
    folder, _ = train(job, disk)
    assert (folder / "model.safetensors").is_file()
    assert mount(disk, 20_000, "remount", "ro").returncode == 0
    with pytest.raises(OSError, match="Read-only") as raised:
        train(make_job(write_crops(tmp_path / "others", 64, seed=2), epochs=1), disk)
    assert str(disk) in sentence(raised.value)
    assert mount(disk, 20_000, "remount", "rw").returncode == 0


def test_a_picture_is_whole_or_its_disk_is_told(disk):
    # More than what is free, and less than what Pillow would write at a time.
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8).repeat(12, 0)
    (disk / "filler").write_bytes(bytes(96_000))
    with pytest.raises(OSError, match="No space") as raised:
        draw_photograph(noise.repeat(12, 1), [], disk / "a.jpg")
    assert str(disk) in sentence(raised.value)
    assert [file.name for file in disk.iterdir()] == ["filler"]
