"""pyfacer's weights: a local file, or fetched by pyfacer itself, or a sentence what to do."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import TypeVar

from faceinsight.errors import WeightsError

SHA256 = {
    "mobilenet0.25_Final.pth": "2979b33ffafda5d74b6948cd7a5b9a7a62f62b949cef24e95fd15d2883a65220",
    "face_parsing.farl.celebm.main_ema_181500_jit.pt": (
        "bbc1f0e9f68c80eb83a0b23f33850d1e10f2ec1eda96884112d111c2c1f15c79"
    ),
}
"""Digests of pyfacer's own files by name: the detector and the parser that are defaults here."""

_FILE_OF = dict(zip(("retinaface/mobilenet", "farl/celebm/448"), SHA256, strict=True))

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


def is_at_hand(network: str, path: Path | None) -> bool:
    """Whether a detector or a parser of pyfacer can be loaded without a download.

    Args:
        network: its name; of the two that are defaults alone it is known where pyfacer keeps them.
        path: the file that the settings name, or None.
    """
    if path is not None or network not in _FILE_OF:
        return True
    return _kept(_FILE_OF[network]).is_file()


def fetch_weights() -> list[Path]:
    """Fetch pyfacer's detector and parser to where pyfacer looks for them, unless they are there.

    Returns:
        Their files, each of which has the digest that it should have.

    Raises:
        WeightsError: one cannot be fetched, or is not what it should be.
    """
    from torch.hub import download_url_to_file

    with quiet_pyfacer():
        from facer.face_detection.retinaface import pretrained_urls
        from facer.face_parsing.farl import pretrain_settings
    urls = [pretrained_urls["mobilenet"], pretrain_settings["celebm/448"]["url"][0]]
    files = []
    for url in urls:
        name = PurePosixPath(url).name
        file, digest = _kept(name), SHA256[name]
        try:
            if not file.is_file():
                file.parent.mkdir(parents=True, exist_ok=True)
                download_url_to_file(url, str(file), hash_prefix=digest)
            elif hashlib.sha256(file.read_bytes()).hexdigest() != digest:
                raise WeightsError(
                    f"{file} is not the file that pyfacer publishes (its SHA-256 is not {digest}): "
                    "remove it, and fetch it again"
                )
        except (OSError, RuntimeError) as error:  # no network; another digest
            raise WeightsError(
                f"{name} could not be fetched ({str(error).strip()}): try again where there is a "
                f"network, or bring {url} from another machine and put it into {file.parent}"
            ) from None
        files.append(file)
    return files


def _kept(name: str) -> Path:
    """Where pyfacer keeps a file of weights that it has fetched."""
    from torch.hub import get_dir

    return Path(get_dir()) / "checkpoints" / name


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
