"""The object that is loaded once: photographs in, faces out, whoever asks.

from faceinsight import FaceInsight

model = FaceInsight.from_pretrained("path/of/a/model")
faces = model.analyze("photo.jpg")
"""
