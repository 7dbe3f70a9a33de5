"""Run the project as an installed package: `faceinsight ...` or `python -m faceinsight ...`."""

from pathlib import Path
from typing import Any

from kedro.framework.project import configure_project


def main(*args: Any, **kwargs: Any) -> Any:
    """Call the project's own `run` command with Kedro configured for this package."""
    configure_project(Path(__file__).parent.name)
    from faceinsight.cli import run

    return run(*args, **kwargs)


if __name__ == "__main__":
    main()
