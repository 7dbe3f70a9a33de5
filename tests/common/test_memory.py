import os
import subprocess
import sys

import pytest

KEPT = """
import resource
import numpy as np
from faceinsight.common.memory import keep_freed_memory
kept = keep_freed_memory()

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        several = [np.ones(1_000_000, dtype=np.float32) for _ in range(3)]
        del several
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(kept, faults())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it is glibc's allocator that is told")
@pytest.mark.parametrize("environment", [{}, {"MALLOC_ARENA_MAX": "2"}], ids=["told", "left"])
def test_what_is_freed_is_taken_again_without_page_faults(environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", KEPT]
    others = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    out = subprocess.run(
        command, env=others | environment, check=True, capture_output=True, text=True
    )
    kept, faults = out.stdout.split()
    assert kept == str(not environment)
    if not environment:
        assert int(faults) < 100
