"""`faceinsight analyze --cluster` as a command of its own."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from faceinsight.cli import cli

run = partial(subprocess.run, capture_output=True, text=True, check=False, timeout=600)


def test_a_table_of_paths_is_scored_and_what_fails_is_listed(cluster, tmp_path):
    for number in range(3):
        pixels = np.full((40, 40, 3), 80 * number, dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    names = ["2.png", "gone.png", "0.png"]
    pd.DataFrame({"where": names}).to_csv(tmp_path / "table.csv", index=False)

    command = [sys.executable, "-m", "faceinsight", "analyze", "table.csv", "--column=where"]
    command += ["--cluster=auto", "--out=scores", "--faces=whole", "--device=cpu"]
    done = run(command, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    told = f"2 faces in 3 photographs, scored now; 3 in all, of which 1 were skipped: {tmp_path}"
    assert done.stdout.startswith(told)
    assert "img/s" in done.stderr
    faces = pd.read_parquet(tmp_path / "scores/faces")
    assert faces["photograph"].tolist() == ["2.png", "0.png"]
    (skipped,) = pd.read_parquet(tmp_path / "scores/skipped.parquet").to_dict("records")
    assert (skipped["photograph"], skipped["reason"]) == ("gone.png", "missing")
    assert str(tmp_path / "gone.png") in skipped["message"]

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        done = CliRunner().invoke(cli, [*command[3:], "--sensitive"])
    assert done.exit_code == 1
    assert "--out:" in done.output
    assert "with other options; name another place" in done.output
