"""Claim: MAAD's 3.3 million rows are read within twice the time of pyarrow's own bare reading.

Writes a label file of MAAD's size with invented labels into a temporary folder, and reads it in
fresh processes by turns: `pyarrow.csv.read_csv` as it comes, the same told that labels are int8
(which spares it 1.2 GB), and this project's reader with all its checks (columns, values, names,
duplicates), its split by identity and its finished table. Prints the median times, the ratios, and
the highest memory of each.

    python benchmarks/maad_reader.py [--rows 3300000] [--repeats 5] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml

VOCABULARY = Path(__file__).parents[1] / "conf/base/characteristics.yml"
FILE_NAME = "MAAD_Face.csv"
ROWS_PER_IDENTITY = 362  # VGGFace2's mean number of photographs a person
CHUNK = 100_000
GIB = 2**20  # ru_maxrss counts KiB


def write_file(folder: Path, rows: int, names: list[str]) -> None:
    generator = np.random.default_rng(0)
    words = np.array(["-1", "0", "1"])
    with (folder / FILE_NAME).open("w", encoding="ascii") as stream:
        stream.write(f"Filename,Identity,{','.join(names)}\n")
        for start in range(0, rows, CHUNK):
            n = min(CHUNK, rows - start)
            labels = words[generator.integers(0, len(words), (n, len(names)))].tolist()
            for row, values in enumerate(labels, start):
                identity, photograph = divmod(row, ROWS_PER_IDENTITY)
                name = f"n{identity + 2:06d}/{photograph:04d}_01.jpg"
                stream.write(f"{name},{identity + 2},{','.join(values)}\n")


def read_bare(folder: Path) -> tuple[float, int]:
    import pyarrow.csv

    start = time.perf_counter()
    table = pyarrow.csv.read_csv(folder / FILE_NAME)
    return time.perf_counter() - start, table.num_rows


def read_typed(folder: Path) -> tuple[float, int]:
    import pyarrow
    import pyarrow.csv

    path = folder / FILE_NAME
    with path.open(encoding="ascii") as stream:
        names = stream.readline().strip().split(",")[2:]
    options = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pyarrow.int8()))
    start = time.perf_counter()
    table = pyarrow.csv.read_csv(path, convert_options=options)
    return time.perf_counter() - start, table.num_rows


def read_project(folder: Path) -> tuple[float, int]:
    from faceinsight.data.readers import read_labels
    from faceinsight.method.characteristics import Vocabulary

    config = yaml.safe_load(VOCABULARY.read_text(encoding="utf-8"))
    vocabulary = Vocabulary.from_config(config["vocabulary"])
    start = time.perf_counter()
    table = read_labels("maad", folder, vocabulary).table
    return time.perf_counter() - start, len(table)


READERS = {"bare": read_bare, "typed": read_typed, "project": read_project}


def run_in_process(reader: str, folder: Path) -> tuple[float, float]:
    """Seconds and peak GiB of one reading in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--read", reader, "--folder", str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, gib = done.stdout.split()
    return float(seconds), float(gib)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=3_300_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=None, help="where the file is written")
    parser.add_argument("--read", choices=READERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        took, rows = READERS[given.read](given.folder)
        assert rows
        print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / GIB)
        return
    config = yaml.safe_load(VOCABULARY.read_text(encoding="utf-8"))["vocabulary"]
    names = [c["names"]["maad"] for c in config["characteristics"].values() if "maad" in c["names"]]
    with tempfile.TemporaryDirectory(dir=given.folder) as temporary:
        folder = Path(temporary)
        write_file(folder, given.rows, names)
        size = (folder / FILE_NAME).stat().st_size / 2**20
        print(f"{given.rows:,} rows x {len(names)} labels, {size:,.0f} MiB")
        measured: dict[str, list[tuple[float, float]]] = {reader: [] for reader in READERS}
        for _ in range(given.repeats):
            for reader, runs in measured.items():
                runs.append(run_in_process(reader, folder))
    medians = {}
    for reader, runs in measured.items():
        seconds = [run[0] for run in runs]
        medians[reader] = statistics.median(seconds)
        print(
            f"{reader:8} median {medians[reader]:.2f} s ({min(seconds):.2f} to {max(seconds):.2f}),"
            f" peak memory {max(run[1] for run in runs):.2f} GiB"
        )
    for reader in ("bare", "typed"):
        print(f"project / {reader}: {medians['project'] / medians[reader]:.2f}")


if __name__ == "__main__":
    main()
