"""Kedro pipelines: thin nodes around the science beside them."""
