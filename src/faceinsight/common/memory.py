"""Memory that a process keeps between the steps of its training."""

from __future__ import annotations

import ctypes
import os
import sys

_MMAP_THRESHOLD, _TOP_PAD, _TRIM_THRESHOLD = -3, -2, -1
"""Names of parameters in glibc's `malloc.h`."""


def keep_freed_memory() -> bool:
    """Let glibc's allocator keep what is freed, up to 1 GiB, instead of handing it back.

    Each step of training on a CPU takes and frees the same tensors of a megabyte or so. By default
    the system gets many of them back, and fills them with zeros page by page at the next step.
    Nothing is computed otherwise (`benchmarks/allocator.py`).

    Returns:
        Whether it was done: not on other systems, nor where the environment sets the allocator.
    """
    chosen = any(
        name.startswith(("MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD")) for name in os.environ
    )
    if sys.platform != "linux" or chosen:
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    # 32 MiB is the most that glibc takes: what is larger is mapped, as before.
    given = {_MMAP_THRESHOLD: 32 << 20, _TRIM_THRESHOLD: 1 << 30, _TOP_PAD: 64 << 20}
    return all(mallopt(name, value) == 1 for name, value in given.items())
