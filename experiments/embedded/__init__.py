"""The model of the package `faceinsight-weights`."""
