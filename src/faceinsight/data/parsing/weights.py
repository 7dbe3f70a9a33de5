"""pyfacer's weights: a local file, or fetched by pyfacer itself, or a sentence what to do."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import TypeVar

from faceinsight.errors import WeightsError

_Loaded = TypeVar("_Loaded")

loading = Lock()
"""Is held while a network is loaded, so that threads that need it first load it once."""


def check_weights(parameter: str, path: Path | None) -> None:
    """See that a file that the settings name is there.

    Args:
        parameter: `detector_weights` or `parser_weights`.
        path: the file; None means that pyfacer fetches its own.

    Raises:
        WeightsError: it is not there.
    """
    if path is not None and not path.is_file():
        raise WeightsError(
            f"{parameter}: there is no file {path}; name an existing one, or leave the parameter "
            "empty and pyfacer fetches its own."
        )


def load_weights(
    make: Callable[[str | None], _Loaded], parameter: str, path: Path | None, url: str
) -> _Loaded:
    """Call what reads or fetches weights; say what to do where it fails.

    Args:
        make: takes the file's path, or None to fetch it.
        parameter: `detector_weights` or `parser_weights`.
        path: the file, or None.
        url: where pyfacer's own lie.

    Raises:
        WeightsError: they cannot be loaded, or not be fetched.
    """
    try:
        return make(None if path is None else str(path))
    except Exception as error:  # no network, no such device, a file of another kind: all kinds
        reason = str(error).strip().split("\n")[0]
        if path is not None:
            raise WeightsError(
                f"{parameter}: {path} cannot be loaded ({reason}); it must be the file "
                f"{PurePosixPath(url).name} or one like it."
            ) from None
        raise WeightsError(
            f"pyfacer's weights {PurePosixPath(url).name} could not be fetched or loaded "
            f"({reason}); download {url} and name the file: --{parameter.replace('_', '-')}=FILE, "
            f"in the pipeline --params {parameter}=FILE."
        ) from None


@contextmanager
def quiet_pyfacer() -> Iterator[None]:
    """Import and load pyfacer without the warnings of what it is built upon."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)  # timm's, on import
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # TorchScript's
        yield
