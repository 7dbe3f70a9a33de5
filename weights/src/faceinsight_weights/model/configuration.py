from faceinsight.model.configuration import FaceInsightConfig  # noqa: F401
