"""FaceInsight: a multimodal language model for face perception."""

__version__ = "0.1.0"
