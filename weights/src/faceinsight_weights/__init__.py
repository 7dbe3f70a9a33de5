"""The model that FaceInsight takes where none is named.

`FaceInsight.from_pretrained()` finds the folder without importing this.
"""

from pathlib import Path

MODEL = Path(__file__).parent / "model"
"""A folder as `FaceInsight.from_pretrained` reads it, with its card in `README.md`."""
