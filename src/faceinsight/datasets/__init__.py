"""Kedro dataset classes that no library offers, and the validator of label tables."""

from faceinsight.datasets.configured_dataset import ConfiguredDataset
from faceinsight.datasets.folder_dataset import FolderDataset
from faceinsight.datasets.label_table import LabelTableValidator

__all__ = ["ConfiguredDataset", "FolderDataset", "LabelTableValidator"]
