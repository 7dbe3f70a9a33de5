"""Kedro dataset classes that no library offers, and the validator of label tables."""

from faceinsight.datasets.configured_dataset import ConfiguredDataset
from faceinsight.datasets.folder_dataset import FolderDataset
from faceinsight.datasets.label_table import LabelTableValidator
from faceinsight.datasets.page_dataset import PageDataset
from faceinsight.datasets.place_dataset import PlaceDataset

__all__ = [
    "ConfiguredDataset",
    "FolderDataset",
    "LabelTableValidator",
    "PageDataset",
    "PlaceDataset",
]
