"""Asks a server about faces, in a process that a test can kill.

`python -m tests.rivals.client CROPS WORK URL`; CROPS is a JSON of data set to folder.
"""

import json
import sys
from pathlib import Path

import yaml

from faceinsight.method.characteristics import Vocabulary
from faceinsight.rivals.inference import ask
from tests.rivals.making import ROOT, configured


def main(crops, work, url):
    text = (ROOT / "conf/base/characteristics.yml").read_text(encoding="utf-8")
    vocabulary = Vocabulary.from_config(yaml.safe_load(text)["vocabulary"])
    settings = configured(
        rivals__llava_1_5_7b__way="server", server__base_url=url, server__concurrency=3
    )
    folders = {name: Path(folder) for name, folder in json.loads(crops).items()}
    ask(settings, vocabulary, folders, Path(work))


if __name__ == "__main__":
    main(*sys.argv[1:])
