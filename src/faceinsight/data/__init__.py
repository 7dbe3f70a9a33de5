"""From a raw folder to a batch: data sets, photographs, crops, label maps."""
