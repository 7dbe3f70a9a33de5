from faceinsight.model.modeling import FaceInsightModel  # noqa: F401
