"""The task "face-analysis" of `transformers.pipeline`; importing this module makes it known.

    import faceinsight.inference.hf_pipeline
    from transformers import pipeline

    analyze = pipeline("face-analysis", model="path/of/a/model")
    analyze("photo.jpg")  # [{"bbox": ..., "labels": ..., ...}, ...]

It is `FaceInsight` in transformers' form, and gives what `Face.to_dict` gives.
"""

from __future__ import annotations

from typing import Any

from transformers import AutoModel, Pipeline
from transformers.pipelines import PIPELINE_REGISTRY

from faceinsight.errors import PhotographError
from faceinsight.inference.face import Face
from faceinsight.inference.faceinsight import FaceInsight, settings_with
from faceinsight.inference.photograph import is_one_photograph
from faceinsight.inference.settings import PhotoSettings
from faceinsight.model.modeling import FaceInsightModel

TASK = "face-analysis"


class FaceAnalysisPipeline(Pipeline):
    """The faces of photographs, as dictionaries that are ready for JSON.

    Args:
        model: a `FaceInsightModel`.
        options: fields of `PhotoSettings`, e.g. `faces="whole"`, `sensitive=True`, and what any
            pipeline takes, e.g. `device`.
    """

    _load_processor: Any = False
    _load_image_processor: Any = False
    _load_video_processor: Any = False
    _load_feature_extractor: Any = False
    _load_tokenizer: Any = False

    def __init__(self, model: FaceInsightModel, **options: Any) -> None:
        fields = PhotoSettings.model_fields.keys() - {"device"}
        given = {name: options.pop(name) for name in fields & options.keys()}
        super().__init__(model, **options)
        self.insight = FaceInsight(model, settings_with(PhotoSettings(), **given))

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Look at one photograph or at many.

        Args:
            inputs: one or many, as `FaceInsight.analyze` takes them.
            args: none.
            kwargs: `sensitive`, see `FaceInsight.analyze`.

        Returns:
            Of one photograph its faces from left to right as dictionaries, `Face.to_dict`; of a
            list of photographs a list of such lists; of any other iterable an iterator. One of many
            that cannot be used has `{"reason": ..., "error": ...}` in its place.

        Raises:
            PhotographError: the one photograph cannot be used.
        """
        if is_one_photograph(inputs):
            return super().__call__(inputs, *args, **kwargs)
        answers = map(_plain, self.insight.stream(inputs, **kwargs))
        return list(answers) if isinstance(inputs, list | tuple) else answers

    def _sanitize_parameters(
        self, sensitive: bool | None = None, **_: Any
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        return {}, {}, {} if sensitive is None else {"sensitive": sensitive}

    def preprocess(self, input_: Any, **_: Any) -> dict[str, Any]:
        """First of the three steps of `FaceInsight.analyze`, for one photograph."""
        return {"crops": self.insight.prepare(input_)}

    def _forward(self, input_tensors: dict[str, Any], **_: Any) -> Any:
        return input_tensors | {"z": self.insight.score(input_tensors["crops"])}

    def postprocess(self, model_outputs: Any, **parameters: Any) -> Any:
        """Third step: the faces of one photograph."""
        crops = model_outputs["crops"]
        faces = self.insight.read(model_outputs["z"], crops, **parameters)
        (of_one,) = crops.by_photograph(faces)
        if isinstance(of_one, PhotographError):
            raise of_one
        return _plain(of_one)


def _plain(answer: list[Face] | PhotographError) -> Any:
    if isinstance(answer, PhotographError):
        return {"reason": answer.reason, "error": str(answer)}
    return [face.to_dict() for face in answer]


PIPELINE_REGISTRY.register_pipeline(TASK, FaceAnalysisPipeline, pt_model=AutoModel, type="image")
