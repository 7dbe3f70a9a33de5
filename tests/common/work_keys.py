"""The keys of all long work, as the functions that do it give them, for inputs in a folder."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import faceinsight
from tests.label_tables import label_table, save_photograph

NAMES = ["0.png"]


def write_inputs(folder: Path) -> None:
    """Everything that `KEYS` reads."""
    from faceinsight.data.parsing.settings import SegmentationSettings
    from tests.model import tiny
    from tests.training.conftest import write_crops

    save_photograph(folder / "raw", NAMES[0])
    (folder / "photographs").mkdir()
    (folder / "photographs/broken.jpg").write_bytes(b"no picture")
    write_crops(folder / "crops", 16, seed=1)
    model = tiny.model()
    model.config.crops = SegmentationSettings(size=tiny.SIZE).of_crops()
    model.save_pretrained(folder / "model")


def made(kind: str, work: Path) -> str:
    """The key by which a kind of work has named its folder."""
    (folder,) = (work / kind).iterdir()
    return folder.name


def audit(folder: Path, work: Path) -> str:
    from faceinsight.data.audit import audit_photographs

    audit_photographs(label_table(NAMES), folder / "raw", work, progress=False)
    return made("audit", work)


def detection(folder: Path, work: Path) -> str:
    from faceinsight.data.parsing.detector import PyfacerDetector
    from faceinsight.data.parsing.settings import SegmentationSettings

    return PyfacerDetector(SegmentationSettings()).key


def parsing(folder: Path, work: Path) -> str:
    from faceinsight.data.parsing.parser import PyfacerParser
    from faceinsight.data.parsing.settings import SegmentationSettings

    return PyfacerParser(SegmentationSettings(), None).key


def crops(folder: Path, work: Path) -> str:
    from faceinsight.data.parsing.settings import SegmentationSettings
    from faceinsight.data.segmentation import segment

    settings = SegmentationSettings(size=16, maps="none")
    segment("celeba", label_table(NAMES), folder / "raw", work, settings, progress=False)
    return made("segmentation", work)


def training(folder: Path, work: Path) -> str:
    from tests.training.conftest import make_job

    return make_job(folder / "crops").key()


def finetuning(folder: Path, work: Path) -> str:
    from faceinsight.rivals.finetuning.examples import TunedTask
    from faceinsight.rivals.finetuning.grid import TuningJob
    from faceinsight.rivals.finetuning.settings import FinetuningSettings
    from tests.model import tiny
    from tests.rivals.making import configured

    task = TunedTask("celeba", "attributes", ())
    of_each = {"celeba": folder / "crops"}
    job = TuningJob(configured(), FinetuningSettings(), tiny.vocabulary(), of_each, task)
    return job.key(None)


def answers(folder: Path, work: Path) -> str:
    from faceinsight.rivals.inference import answers_key
    from tests.rivals.making import configured

    return answers_key(configured())


def scoring(folder: Path, work: Path) -> str:
    model = faceinsight.FaceInsight.from_pretrained(folder / "model")
    model.analyze_folder(folder / "photographs", work=work, progress=False)
    return made("photographs", work)


def pictures(folder: Path, work: Path) -> str:
    import pandas as pd

    from faceinsight.inference.pictures import draw_folder
    from tests.model import tiny

    nobody = pd.DataFrame({"photograph": []})
    draw_folder(folder / "photographs", nobody, tiny.vocabulary(), work, progress=False)
    return made("pictures", work)


KEYS: dict[str, Callable[[Path, Path], str]] = {
    "audit": audit,
    "detection": detection,
    "parsing": parsing,
    "crops": crops,
    "training": training,
    "finetuning": finetuning,
    "answers": answers,
    "scoring": scoring,
    "pictures": pictures,
}


def key_of(kind: str, folder: Path) -> str:
    """The key of one kind of work."""
    with TemporaryDirectory() as work:
        return KEYS[kind](folder, Path(work))
