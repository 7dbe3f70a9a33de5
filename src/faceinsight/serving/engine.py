"""One model behind a queue: what REST and the page ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby, islice
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from faceinsight.errors import ParameterError, PhotographError
from faceinsight.inference.cropper import Crops
from faceinsight.inference.face import Face
from faceinsight.inference.faceinsight import FaceInsight, settings_with
from faceinsight.inference.photograph import Photo
from faceinsight.inference.settings import Faces
from faceinsight.serving.batching import Admission, Batcher
from faceinsight.serving.settings import ServerSettings

if TYPE_CHECKING:
    from faceinsight.inference.answer import PhotoAnswer
    from faceinsight.inference.explanation import Explanation

Found: TypeAlias = "list[list[Face] | PhotographError]"
"""The faces of each photograph of a request, or why it cannot be used."""

_Of = TypeVar("_Of")


@dataclass(frozen=True)
class _Request:
    photos: Sequence[Photo]
    faces: Faces


@dataclass(frozen=True)
class _Prepared:
    """Requests that were prepared together.

    Attributes:
        sizes: photographs of each.
        places: of the photographs of all requests, among those of `crops`.
        crops: of all their photographs.
    """

    sizes: Sequence[int]
    places: Sequence[int]
    crops: Crops


class Engine:
    """Answers requests of several threads with one model, in batches.

    Questions and explanations are answered one after the other, in a thread of their own.

    Args:
        model: the model; what it hands out is for its own settings to say.
        settings: limits.
        on_batch: is told the number of photographs of each batch.

    Attributes:
        model: the same network, under the limits of the server.
        admission: holds the places of requests that are accepted and not yet answered.
        ready: done once all weights are loaded; its error is why they cannot be.
    """

    def __init__(
        self,
        model: FaceInsight,
        settings: ServerSettings,
        on_batch: Callable[[int], None] = lambda size: None,
    ) -> None:
        limits = {"max_pixels": settings.most_pixels, "most_faces": settings.most_faces}
        self.model = FaceInsight(
            model.network, settings_with(model.settings, **limits), model.source
        )
        self.settings = settings
        self.admission = Admission(settings.queue)
        self.ready: Future[None] = Future()
        self._batcher: Batcher[_Request, _Prepared, Found] = Batcher(
            self._prepare,
            self._finish,
            most=settings.batch,
            threads=settings.threads if model.network.device.type == "cpu" else 1,
            wait=settings.wait,
            on_batch=on_batch,
        )
        self._alone = ThreadPoolExecutor(1, "faceinsight ask")
        Thread(target=self._load, name="faceinsight load", daemon=True).start()

    def analyze(self, photos: Sequence[Photo], faces: Faces | None = None) -> Future[Found]:
        """The faces of the photographs of one request; see `FaceInsight.analyze`.

        Args:
            photos: called "photograph 1", "photograph 2", ... in messages.
            faces: which faces are looked for; None as the server was started.

        Raises:
            ParameterError: the server was started to look for no faces.
            Closed: the server is ending.
        """
        return self._batcher.submit(_Request(photos, self._checked(faces)), len(photos))

    def ask(
        self, photo: Photo, question: str | None, faces: Faces | None = None, **options: Any
    ) -> Future[PhotoAnswer]:
        """An answer in words; see `FaceInsight.ask`.

        Raises:
            ParameterError: the server was started to look for no faces.
        """
        checked = self._checked(faces)
        return self.call(lambda: self.model.ask(photo, question, faces=checked, **options))

    def explain(
        self,
        photo: Photo,
        characteristics: Sequence[str],
        faces: Faces | None = None,
        **options: Any,
    ) -> Future[list[Explanation]]:
        """Which regions of a face answers hang on; see `FaceInsight.explain`.

        Raises:
            ParameterError: the server was started to look for no faces.
        """
        checked = self._checked(faces)
        return self.call(
            lambda: self.model.explain(photo, characteristics, faces=checked, **options)
        )

    def call(self, function: Callable[[], _Of]) -> Future[_Of]:
        """Have a function called in the thread in which what is in no batch is done."""
        return self._alone.submit(function)

    def close(self) -> None:
        """Accept nothing more, and return when everything accepted is answered."""
        self._batcher.close()
        self._alone.shutdown()

    def _checked(self, faces: Faces | None) -> Faces:
        started = self.model.settings.faces
        if faces not in (None, "whole") and started == "whole":
            raise ParameterError(
                "faces: this server takes each photograph as one face (--faces=whole), and finds "
                "none in it"
            )
        return faces or started

    def _load(self) -> None:
        """Have all weights loaded, by a photograph that means nothing."""
        grey = np.full((64, 64, 3), 128, dtype=np.uint8)
        try:
            kinds: list[Faces] = ["whole", self.model.settings.faces]
            for faces in dict.fromkeys(kinds):
                crops = self.model.prepare(grey, faces=faces)
                self.model.score(crops)
        except Exception as error:
            self.ready.set_exception(error)
        else:
            self.ready.set_result(None)

    def _prepare(self, requests: Sequence[_Request]) -> _Prepared:
        asked = [
            (request.faces, photo, f"photograph {number}")
            for request in requests
            for number, photo in enumerate(request.photos, 1)
        ]
        # Those that look for the same kind of faces together.
        order = sorted(range(len(asked)), key=lambda place: asked[place][0])
        parts = []
        for faces, places in groupby(order, key=lambda place: asked[place][0]):
            _, photos, names = zip(*(asked[place] for place in places), strict=True)
            parts.append(self.model.prepare(photos, names=names, faces=faces))
        places_of = sorted(range(len(order)), key=order.__getitem__)
        return _Prepared([len(r.photos) for r in requests], places_of, Crops.joined(parts))

    def _finish(self, prepared: Sequence[_Prepared]) -> list[list[Found]]:
        crops = Crops.joined([part.crops for part in prepared])
        faces = self.model.read(self.model.score(crops), crops)
        for face in faces:
            face.describe()  # takes longer than the rest; here rather than in the event loop
        found = iter(crops.by_photograph(faces))
        answers = []
        for part in prepared:
            of_part = list(islice(found, len(part.places)))
            ordered = iter([of_part[place] for place in part.places])
            answers.append([list(islice(ordered, size)) for size in part.sizes])
        return answers
