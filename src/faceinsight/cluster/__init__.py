"""Many machines: scoring and segmentation on Ray, the only place that imports it."""
