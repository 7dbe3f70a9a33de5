"""A model is loaded once a process."""

from __future__ import annotations

import gc
from pathlib import Path

from faceinsight.inference.loading import loaded


def test_one_load_a_process_until_the_files_change(run: Path) -> None:
    first = loaded(run, device="cpu")
    assert loaded(run / "model", device="cpu") is first
    other = loaded(run, device="cpu", batch_size=5)
    assert other is not first
    assert loaded(run, device="cpu") is first  # somebody still uses it
    del other, first
    loaded(run / "model/2025-12-31T23.59.59.999Z", device="cpu")
    gc.collect()
    again = loaded(run, device="cpu")
    weights = again.source / "model.safetensors"
    weights.write_bytes(weights.read_bytes())
    assert loaded(run, device="cpu") is not again
