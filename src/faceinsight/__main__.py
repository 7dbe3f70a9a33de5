"""`python -m faceinsight`: the same as the command `faceinsight`."""

from faceinsight.cli import main

main()
