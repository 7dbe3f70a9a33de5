"""The trained models that one page offers: the one that is served, and its neighbours on disk."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from faceinsight.data.parsing.provided import MAP_FOLDERS
from faceinsight.errors import FaceInsightError, ParameterError
from faceinsight.inference.cropper import crop_settings
from faceinsight.inference.faceinsight import FaceInsight
from faceinsight.inference.versions import newest_model


class Models:
    """Models by the name of their variant; each is loaded when it is first wanted.

    The served one stays in memory, and of the others the one that was wanted last.

    Args:
        served: the model of the server.

    Attributes:
        served: the served model's name.
        names: all that can be had, the served one first.
    """

    def __init__(self, served: FaceInsight) -> None:
        self._model = served
        self._folders = neighbours(served.source)
        own = None if served.source is None else served.source.resolve()
        known = [name for name, folder in self._folders.items() if folder.resolve() == own]
        self.served = known[0] if known else "served"
        self.names = (self.served, *(name for name in self._folders if name != self.served))
        self._other: tuple[str, FaceInsight] | None = None
        self._loading = Lock()

    def __call__(self, name: str) -> FaceInsight:
        """The model of that name.

        Raises:
            ParameterError: there is none.
            WeightsError: it is not whole.
        """
        if name == self.served:
            return self._model
        with self._loading:
            if self._other is None or self._other[0] != name:
                if name not in self._folders:
                    raise ParameterError(f"there is no model {name} beside the served one")
                self._other = None  # Let go of first: two would not fit where one is large.
                settings = self._model.settings
                loaded = FaceInsight.from_pretrained(self._folders[name], settings=settings)
                self._other = name, loaded
            return self._other[1]

    def takes_sent(self, name: str) -> bool:
        """Whether a model can take a photograph that is sent, and so has no label map beside it.

        Args:
            name: one of `names`.
        """
        if name == self.served:
            return self._model.cropper.map_files is None
        from faceinsight.model.configuration import FaceInsightConfig

        config = FaceInsightConfig.from_pretrained(self._folders[name])
        try:
            maps = crop_settings(config, self._model.settings, "cpu").maps
        except FaceInsightError:  # it does not say how faces are cut
            return False
        return maps not in MAP_FOLDERS


def neighbours(source: Path | None) -> dict[str, Path]:
    """The newest model of each variant in the project that a model is from.

    Args:
        source: the folder of a saved model, `06_models/VARIANT/model/VERSION/model`.

    Returns:
        Variant to folder; none where the model lies elsewhere.
    """
    if source is None or len(source.resolve().parents) < 4:
        return {}
    place = source.resolve()
    if (place.name, place.parents[1].name) != ("model", "model"):
        return {}
    found = {}
    for variant in sorted(place.parents[3].iterdir()):
        try:
            folder = newest_model(variant) if variant.is_dir() else None
        except FaceInsightError:
            continue
        if folder is not None:
            found[variant.name] = folder
    return found
