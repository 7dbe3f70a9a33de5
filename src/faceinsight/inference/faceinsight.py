"""FaceInsight: a trained model that is loaded once, and says what it sees in photographs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
from pydantic import ValidationError

from faceinsight.common.devices import find_device
from faceinsight.data.parsing.weights import check_weights
from faceinsight.errors import ParameterError, PhotographError
from faceinsight.inference.caution import saw_drawn_alone
from faceinsight.inference.cropper import Cropper, Crops, crop_settings
from faceinsight.inference.face import Face
from faceinsight.inference.photograph import Photo, is_one_photograph
from faceinsight.inference.reading import FaceReader
from faceinsight.inference.settings import Faces, PhotoSettings
from faceinsight.inference.versions import newest_model, packaged_model

if TYPE_CHECKING:
    import torch

    from faceinsight.inference.answer import PhotoAnswer
    from faceinsight.inference.explanation import Explanation
    from faceinsight.inference.table import Scores
    from faceinsight.method.characteristics import Vocabulary
    from faceinsight.model.modeling import FaceInsightModel


class FaceInsight:
    """A trained model with everything that it needs to look at photographs.

    It holds the network, the detector, the parser, the geometry of training, and what makes labels
    consistent and puts them into words. Any thread may call any method. It may be pickled: what
    unpickles it loads it again from its folder.

    Args:
        network: in evaluation mode, on its device.
        settings: how faces are found, and what is handed out.
        source: the folder that it was read from; None for a model that was not.

    Attributes:
        network: the neural network.
        settings: as given.
        source: as given.
        drawn_alone: whether all faces of its training were drawn.
        alone: is held while the network computes.
    """

    def __init__(
        self,
        network: FaceInsightModel,
        settings: PhotoSettings | None = None,
        source: Path | None = None,
    ) -> None:
        self.network = network
        self.settings = settings or PhotoSettings()
        self.source = source
        self.drawn_alone = saw_drawn_alone(source)
        self._reader = FaceReader(network, self.drawn_alone)
        self._croppers: dict[bool, Cropper] = {}
        self._making, self.alone = Lock(), Lock()

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path | None = None,
        settings: PhotoSettings | None = None,
        **options: Any,
    ) -> Self:
        """Load a trained model.

        Args:
            name_or_path: the folder of a saved model; a folder of its versions, of which the newest
                is taken (`data/06_models/lgc/model`, or `data/06_models/lgc`); or its name on the
                Hugging Face hub. None takes the model of the package `faceinsight-weights`.
            settings: how faces are found, and what is handed out.
            options: fields of `PhotoSettings` in place of `settings`, e.g. `device="cpu"`,
                `faces="whole"`, `sensitive=True`; and what
                `faceinsight.model.FaceInsightModel.from_pretrained` takes: `bases`, and for the hub
                `revision`, `cache_dir`, `token`, `local_files_only`, `force_download`.

        Raises:
            WeightsError: something of the model is missing; the message says what.
            ParameterError: an option has a value that cannot work, or there is no such device.
        """
        from faceinsight.model.hub import saved_folder
        from faceinsight.model.modeling import FaceInsightModel

        hub = {k: v for k, v in options.items() if k not in PhotoSettings.model_fields}
        given = {k: v for k, v in options.items() if k not in hub}
        name_or_path = packaged_model() if name_or_path is None else name_or_path
        settings = settings_with(settings or PhotoSettings(), **given)
        check_weights("detector_weights", settings.detector_weights)
        check_weights("parser_weights", settings.parser_weights)
        device = find_device(settings.device, "device")
        bases = hub.pop("bases", None)
        folder = newest_model(name_or_path) or saved_folder(name_or_path, **hub)
        network = FaceInsightModel.from_pretrained(folder, bases=bases)
        network.to(device).eval()  # type: ignore[arg-type]
        return cls(network, settings, folder)

    def __reduce__(self) -> tuple[Any, ...]:
        if self.source is None:
            raise ParameterError(
                "a FaceInsight that was not loaded from a folder cannot be pickled: save the "
                "network, and load it with FaceInsight.from_pretrained"
            )
        return type(self).from_pretrained, (str(self.source), self.settings)

    @property
    def vocabulary(self) -> Vocabulary:
        """The characteristics that it estimates, K of them."""
        return self.network.vocabulary

    @property
    def cropper(self) -> Cropper:
        """What finds faces and cuts them; made when it is first needed."""
        return self._cropper(self.network.config.segmentation)

    def _cropper(self, mapped: bool) -> Cropper:
        with self._making:
            if mapped not in self._croppers:
                config, device = self.network.config, str(self.network.device)
                crops = crop_settings(config, self.settings, device, mapped)
                areas = mapped and not config.segmentation
                self._croppers[mapped] = Cropper(crops, self.settings, areas=areas)
            return self._croppers[mapped]

    @overload
    def analyze(  # type: ignore[overload-overlap]
        self, photos: Photo, *, sensitive: bool | None = None
    ) -> list[Face]: ...

    @overload
    def analyze(
        self, photos: Iterable[Photo], *, sensitive: bool | None = None
    ) -> list[list[Face] | PhotographError]: ...

    def analyze(
        self, photos: Photo | Iterable[Photo], *, sensitive: bool | None = None
    ) -> list[Face] | list[list[Face] | PhotographError]:
        """The faces of one photograph, or of many.

        Args:
            photos: a path, the bytes of a file, a picture of Pillow's, an array [H, W, 3] of uint8
                in the order red, green, blue, or any iterable of these.
            sensitive: whether race and the like are handed out as well; None as in the settings.

        Returns:
            Of one photograph its faces from left to right, none where none is found. Of many, a
            list of such lists, in which a photograph that cannot be used has its error in its
            place. The answer for a photograph does not depend on those beside it.

        Raises:
            PhotographError: the one photograph cannot be used.
            ParameterError: `photos` is no photograph, and nothing that holds some.
            WeightsError: weights of the detector or the parser are needed and not at hand.
        """
        if not is_one_photograph(photos):
            return list(self.stream(photos, sensitive=sensitive))  # type: ignore[arg-type]
        (faces,) = self.stream([photos], sensitive=sensitive)  # type: ignore[list-item]
        if isinstance(faces, PhotographError):
            raise faces
        return faces

    def stream(
        self, photos: Iterable[Photo], *, sensitive: bool | None = None
    ) -> Iterator[list[Face] | PhotographError]:
        """The faces of many photographs as they come, in order; see `analyze`.

        Photographs are taken a little ahead; few are in memory at a time, however many there are.
        """
        for crops in self.cropper.batches(photos):
            faces = self.read(self.score(crops), crops, sensitive=sensitive)
            yield from crops.by_photograph(faces)

    def prepare(
        self,
        photos: Photo | Iterable[Photo],
        *,
        names: Iterable[str] | None = None,
        faces: Faces | None = None,
    ) -> Crops:
        """First of the three steps of `analyze`: read photographs, find faces, cut and parse them.

        Args:
            photos: one or many, all of which are in memory at once.
            names: what messages and faces call them; see `Cropper.batches`.
            faces: which faces are looked for; None as in the settings.
        """
        listed = [photos] if is_one_photograph(photos) else photos
        return self.cropper.prepare(listed, names, faces)  # type: ignore[arg-type]

    def prepare_with_maps(self, photo: Photo, *, faces: Faces | None = None) -> Crops:
        """The faces of one photograph with their label maps, even if the model reads none.

        A model that reads none, and for whose photograph none is at hand, has areas of the face's
        box in place of it; see `faceinsight.inference.areas`.

        Args:
            photo: one photograph.
            faces: which faces are looked for; None as in the settings.
        """
        return self._cropper(True).prepare([photo], faces=faces)

    def score(self, crops: Crops, *, order: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """Second step: the network's energies of faces.

        Args:
            crops: N faces.
            order: int [K], another order for the characteristics to stand in, to measure how much
                it matters.

        Returns:
            [N, K] float32, log-odds in the order of the vocabulary.
        """
        import torch

        logits = np.empty((len(crops), len(self.vocabulary)), dtype=np.float32)
        step, device = self.settings.batch_size, self.network.device
        other = {} if order is None else {"order": torch.as_tensor(order, device=device)}
        with self.alone, torch.inference_mode():
            for start in range(0, len(crops), step):
                rows = slice(start, start + step)
                scored = self.network(**self.tensors(crops, rows), **other).logits
                logits[rows] = scored.float().cpu().numpy()
        return logits

    def tensors(self, crops: Crops, rows: slice = slice(None)) -> dict[str, torch.Tensor]:
        """Some of the crops as the network takes them, on its device: `photographs` and `maps`."""
        import torch

        arrays = {"photographs": crops.pixels, "maps": crops.maps}
        return {
            name: torch.from_numpy(array[rows]).to(self.network.device)
            for name, array in arrays.items()
            if array is not None
        }

    def read(self, z: np.ndarray, crops: Crops, *, sensitive: bool | None = None) -> list[Face]:
        """Third step: from energies to faces, N of them, in the order of the crops.

        Args:
            z: [N, K] from `score`.
            crops: the same faces; `Crops.by_photograph` sorts what is read to its photograph.
            sensitive: whether race and the like are handed out as well; None as in the settings.
        """
        return self._reader.read(z, crops, self._sensitive(sensitive))

    def analyze_folder(
        self,
        photos: Path | str,
        *,
        work: Path | str | None = None,
        progress: bool = True,
        sensitive: bool | None = None,
    ) -> Scores:
        """Every face of every photograph of a folder and of the folders in it, as a table.

        What a file is its content says, not its name. A file that cannot be used is listed, and the
        rest go on. Photographs stream through: memory holds a few of them, and the table.

        Args:
            photos: the folder of photographs.
            work: folder of work folders, in which a stopped run is gone on with; None keeps
                nothing.
            progress: show a progress bar.
            sensitive: whether race and the like are handed out as well; None as in the settings.

        Returns:
            The table of faces, and that of what was skipped.

        Raises:
            ParameterError: `photos` is no folder, holds no file, or holds no label map where the
                model was trained with maps that lie as files.
        """
        from faceinsight.inference.table import analyze_folder

        root = None if work is None else Path(work)
        return analyze_folder(self, photos, root, progress, self._sensitive(sensitive))

    def ask(
        self,
        photo: Photo,
        question: str | None = None,
        *,
        sensitive: bool | None = None,
        **options: Any,
    ) -> PhotoAnswer:
        """An answer in words to a question about a face; see `faceinsight.inference.answer`.

        Args:
            photo: one photograph.
            question: in anybody's words; None asks for a description.
            sensitive: whether race and the like may be spoken of; None as in the settings.
            options: of `faceinsight.inference.answer.answer_question`: `way`, `face`, `candidates`,
                `on_text`, and options of generation.
        """
        from faceinsight.inference.answer import answer_question

        return answer_question(
            self, photo, question, sensitive=self._sensitive(sensitive), **options
        )

    @overload
    def explain(
        self, photo: Photo, characteristic: str, *, sensitive: bool | None = None, **options: Any
    ) -> Explanation: ...

    @overload
    def explain(
        self,
        photo: Photo,
        characteristic: Sequence[str],
        *,
        sensitive: bool | None = None,
        **options: Any,
    ) -> list[Explanation]: ...

    def explain(
        self,
        photo: Photo,
        characteristic: str | Sequence[str],
        *,
        sensitive: bool | None = None,
        **options: Any,
    ) -> Explanation | list[Explanation]:
        """Which regions of a face an answer hangs on; see `faceinsight.inference.explanation`.

        Args:
            photo: one photograph.
            characteristic: an id, or the words for it; of several, for which the network is asked
                no more than for one, a list.
            sensitive: whether race and the like may be explained; None as in the settings.
            options: of `faceinsight.inference.explanation.explain_photograph`: `face`, `faces`,
                `method`.
        """
        from faceinsight.inference.explanation import explain_photograph

        one = isinstance(characteristic, str)
        asked = [characteristic] if isinstance(characteristic, str) else characteristic
        sure = self._sensitive(sensitive)
        explained = explain_photograph(self, photo, asked, sensitive=sure, **options)
        return explained[0] if one else explained

    def _sensitive(self, asked: bool | None) -> bool:
        return self.settings.sensitive if asked is None else asked


def settings_with(settings: PhotoSettings, **options: Any) -> PhotoSettings:
    """Settings with some fields changed.

    Raises:
        ParameterError: a field has a value that cannot work.
    """
    try:
        return PhotoSettings.model_validate(settings.model_dump() | options)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ParameterError("; ".join(faults)) from None
