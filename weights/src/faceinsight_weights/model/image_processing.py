from faceinsight.model.image_processing import FaceInsightImageProcessor  # noqa: F401
