"""Claim: a command on a cluster begins with at most 1.2 KB of memory for each photograph's name.

Names such as `s3://bucket/photos/n000123/0045_01.jpg` stand in a table, or are listed by s3fs from
pages that are made here as S3 sends them; then what each is known by is put together and divided
into parts. Prints by how much the process has grown at most, in bytes a name. Needs Linux, and no
network.

    python benchmarks/listing.py table
    python benchmarks/listing.py store
"""

import os
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq  # noqa: F401  what is imported later would count
from s3fs import S3FileSystem

from faceinsight.cluster.parts import ScoredParts
from faceinsight.cluster.photographs import find_photographs

START = datetime(2024, 1, 1, tzinfo=UTC)


def main(kind: str, count: int = 1_000_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        given = "s3://bucket/photos"
        if kind == "store":
            os.environ |= {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
            S3FileSystem._list_pages = lambda *_, **__: pages(count)
        else:
            given = f"{folder}/names.parquet"
            names = [f"s3://bucket/{key(row)}" for row in range(count)]
            pd.DataFrame({"path": names}).to_parquet(given)
            del names
        Path("/proc/self/clear_refs").write_text("5")  # the peak from here on
        before = memory("VmRSS")
        found = find_photographs(given, None)
        print(f"found: {(memory('VmHWM') - before) / count:.0f} bytes a name")
        files = found.keys(None, 8)
        parts = ScoredParts(f"{folder}/scores")
        parts.claim("benchmark", {"photographs": given, "model": "none"}, 4096)
        parts.missing(found.names, files)
        print(f"in parts: {(memory('VmHWM') - before) / count:.0f} bytes a name")


def key(row: int) -> str:
    return f"photos/n{row // 360:06d}/{row % 360:04d}_01.jpg"


async def pages(count: int) -> AsyncIterator[dict[str, Any]]:
    """Answers to `ListObjectsV2`: each text an object of its own, as a parser makes it."""
    for first in range(0, count, 1000):
        rows = range(first, min(count, first + 1000))
        yield {"Contents": [entry(row) for row in rows]}


def entry(row: int) -> dict[str, Any]:
    return {
        "Key": key(row),
        "LastModified": START + timedelta(seconds=row),
        "ETag": f'"{row:032x}"',
        "ChecksumAlgorithm": ["".join(["CRC64", "NVME"])],
        "ChecksumType": "".join(["FULL_", "OBJECT"]),
        "Size": 12_000 + row % 5_000,
        "StorageClass": "".join(["STAND", "ARD"]),
    }


def memory(name: str) -> int:
    """Bytes of this process: `VmRSS` now, `VmHWM` at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


if __name__ == "__main__":
    main(sys.argv[1])
