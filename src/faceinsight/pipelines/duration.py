"""How long a run on drawn faces will take, told before it begins."""

from __future__ import annotations

from typing import Any

IMAGES_PER_SECOND = 250
"""Training of `base`, one core with one thread: 150 to 350 were seen on different machines."""

TRAINED_SHARE = 0.77
"""Of the drawn faces; the others validate and test."""

REST = 60.0
"""Seconds of one core for each model besides its training: drawing, evaluation, figures."""


def expected(models: int, at_once: int, parameters: dict[str, Any]) -> str:
    """One line: how many models are trained, how many at once, and, of drawn faces, for how long.

    Args:
        models: how many the run trains.
        at_once: how many at the same time.
        parameters: all of them.
    """
    side_by_side = f", {at_once} at a time" if at_once > 1 else ""
    told = f"{models} models to train{side_by_side}" if models > 1 else "1 model to train"
    if parameters["drawing"] is None:
        return f"{told}."
    drawing, training = _plain(parameters["drawing"]), _plain(parameters["training"])
    number, datasets = drawing.get("faces", 400), len(parameters["datasets"])
    faces = datasets * number if isinstance(number, int) else sum(number.values())
    images = faces * TRAINED_SHARE * training["epochs"]
    minutes = models * (images / IMAGES_PER_SECOND + REST) / at_once / 60
    return (
        f"{told}, on about {faces * TRAINED_SHARE:,.0f} drawn faces for {training['epochs']:g} "
        f"epochs: about {max(1, round(minutes))} minutes where a core trains {IMAGES_PER_SECOND} "
        "images a second, as many do; less where an earlier start has left something."
    )


def _plain(settings: Any) -> dict[str, Any]:
    """Settings as Kedro gives them: typed, or as they were read."""
    return settings.model_dump() if hasattr(settings, "model_dump") else settings
