"""Every question about every face, asked once; what earlier starts were answered is found again."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm import tqdm

from faceinsight.common.progress import images_bar
from faceinsight.common.recipes import recipe
from faceinsight.common.work import WorkFolder, digest
from faceinsight.errors import FaceInsightError, PhotographError
from faceinsight.rivals.faces import Face, face_keys, faces_of, jpeg
from faceinsight.rivals.naming import name_of
from faceinsight.rivals.questions import Question, questions_of
from faceinsight.rivals.retries import Failed
from faceinsight.rivals.settings import RivalsSettings
from faceinsight.rivals.store import Answer, AnswerStore, Key

if TYPE_CHECKING:
    import numpy as np

    from faceinsight.method.characteristics import Vocabulary

logger = logging.getLogger(__name__)

COLUMNS = (
    *("dataset", "photograph", "face", "split", "task", "question", "asked"),
    *("text", "scores", "floor", "failed"),
)
"""Columns of a table of answers."""

Item = tuple[Face, Question, Key]
Failures = dict[Key, str]


def ask(
    settings: RivalsSettings,
    vocabulary: Vocabulary,
    crops: Mapping[str, Path],
    work: Path,
    *,
    task: str | None = None,
    adapter: Path | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Ask the chosen rival everything that no earlier start was answered.

    Args:
        crops: data set to its folder of crops: which faces, and where their photographs are.
        task: ask for this task alone; None asks for all of each data set.
        adapter: of a rival that was fine-tuned, see `LocalRival`.

    Returns:
        one row a question about a face: `dataset`, `photograph`, `face`, `split`, `task`,
        `question` (its digest), `asked` (its text), `text`, `scores` (log-probability of each
        option; null by text), `floor`, `failed` (the reason why there is no answer, or null).
        And an account of the asking: `held` and `asked` questions, `failed` by reason, `setbacks`
        (requests that came to nothing) by reason, and `served`, answers by the name that a server
        gave to the model behind them.

    Raises:
        FaceInsightError: the rival cannot be asked at all, or too many questions in a row failed.
    """
    faces = faces_of(crops, settings.split)
    questions = {
        dataset: [
            question
            for question in questions_of(vocabulary, dataset, settings.questions)
            if task is None or question.task == task
        ]
        for dataset in dict.fromkeys(face.dataset for face in faces)
    }
    folder = WorkFolder(work, "rivals", answers_key(settings, adapter))
    with folder.alone(), AnswerStore(folder.path / "answers.jsonl") as store:
        items: list[Item] = [
            (face, question, (key, question.key))
            for face, key in zip(faces, face_keys(faces), strict=True)
            for question in questions[face.dataset]
        ]
        missing = [item for item in items if item[2] not in store]
        if held := len(items) - len(missing):
            logger.info("%s: %d answers are held already.", name_of(settings), held)
        failures: Failures = {}
        setbacks: Counter[str] = Counter()
        if missing:
            with images_bar(name_of(settings), len(missing)) as bar:
                bar.unit = " answers"
                if settings.rival.way == "server":
                    failures, setbacks = _ask_server(settings, missing, store, bar)
                else:
                    failures = _ask_local(settings, adapter, missing, store, bar)
        rows = [_row(item, settings.split, store, failures) for item in items]
        served = Counter(answer.model for *_, key in items if (answer := store.get(key)))
    account = {
        "held": held,
        "asked": len(missing),
        "failed": dict(Counter(failures.values())),
        "setbacks": dict(setbacks),
        "served": {model: n for model, n in served.items() if model is not None},
    }
    return pd.DataFrame(rows, columns=list(COLUMNS)), account


def answers_key(settings: RivalsSettings, adapter: Path | None = None) -> str:
    """Digest of what an answer depends on, beside face and question; neither address nor speed."""
    rival, local, server = settings.rival, settings.local, settings.server
    parts: list[Any] = [
        rival.model_dump(include={"checkpoint", "revision", "way", "prompt", "served_as"}),
        settings.scored_by,
        settings.longest_side,
        recipe("answers"),
    ]
    if rival.way == "server":
        parts += [dict(rival.request), server.model_dump(include={"software", "jpeg_quality"})]
        if settings.scored_by == "likelihood":
            parts.append(server.top_logprobs)
    else:
        parts += [local.dtype, local.attention]
        if local.path is not None:
            parts.append(stamp(Path(local.path)))
    if adapter is not None:
        parts.append(adapter)
    return digest(*parts)


def stamp(folder: Path) -> list[Any]:
    """A checkpoint's files by name, size and time: its bytes would take minutes to read."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        (path.relative_to(folder).as_posix(), path.stat().st_size, path.stat().st_mtime_ns)
        for path in files
    ]


def _ask_local(
    settings: RivalsSettings,
    adapter: Path | None,
    missing: list[Item],
    store: AnswerStore,
    bar: tqdm,
) -> Failures:
    """In this process, in batches of one kind of question."""
    from faceinsight.rivals.local import LocalRival

    rival = LocalRival.load(settings.rival, settings.local, settings.scored_by, adapter)
    picture = _pictures(settings)
    failures: Failures = {}
    for batch in _batches(missing, settings.local.batch_size):
        seen: list[tuple[Item, np.ndarray]] = []
        for item in batch:
            try:
                seen.append((item, picture(item[0])))
            except PhotographError as error:
                failures[item[2]] = f"photograph {error.reason}"
        if seen:
            answers = rival.ask([of for _, of in seen], [item[1] for item, _ in seen])
            store.add(zip([item[2] for item, _ in seen], answers, strict=True))
        bar.update(len(batch))
    return failures


def _batches(items: list[Item], size: int) -> Iterator[list[Item]]:
    """Items in batches of one kind of question each, faces in their order."""
    waiting: dict[str, list[Item]] = {}
    for item in items:
        of_kind = waiting.setdefault(item[1].kind, [])
        of_kind.append(item)
        if len(of_kind) == size:
            yield waiting.pop(item[1].kind)
    yield from waiting.values()


def _ask_server(
    settings: RivalsSettings, missing: list[Item], store: AnswerStore, bar: tqdm
) -> tuple[Failures, Counter[str]]:
    """Over HTTP, several questions at once. An answer is on the disk before the next is begun."""
    from faceinsight.rivals.server import ServerRival

    rival = ServerRival(settings.rival, settings.server, settings.scored_by)
    picture = _pictures(settings)
    quality = settings.server.jpeg_quality
    encoded = lru_cache(4 * settings.server.concurrency)(lambda face: jpeg(picture(face), quality))
    failures: Failures = {}
    told: set[str] = set()
    in_a_row, last = 0, ""

    def one(item: Item) -> Answer:
        try:
            return rival.ask(encoded(item[0]), item[1])
        except PhotographError as error:
            raise Failed(f"photograph {error.reason}") from None

    waiting = iter(missing)
    running: dict[Future[Answer], Item] = {}
    with ThreadPoolExecutor(settings.server.concurrency) as pool:
        try:
            while True:
                for item in islice(waiting, 2 * settings.server.concurrency - len(running)):
                    running[pool.submit(one, item)] = item
                if not running:
                    return failures, rival.retries.setbacks
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    key = running.pop(future)[2]
                    try:
                        store.add([(key, future.result())])
                        in_a_row = 0
                    except Failed as failed:
                        failures[key] = failed.reason
                        if failed.said and failed.said not in told:
                            told.add(failed.said)
                            logger.warning("A question failed with %s", failed)
                        last = f"'{failed.reason}'" + (f" ({failed.said})" if failed.said else "")
                        in_a_row += not failed.reason.startswith("photograph")
                    bar.update()
                    if in_a_row >= settings.server.give_up_after:
                        raise FaceInsightError(
                            f"the server failed {in_a_row} questions in a row, the last with "
                            f"{last}; {len(store)} answers are kept: start again once it is mended"
                        )
        finally:
            for future in running:
                future.cancel()
            rival.close()


def _pictures(settings: RivalsSettings) -> Callable[[Face], np.ndarray]:
    """Pictures of faces, the last few of which are remembered: a face has many questions."""
    return lru_cache(32)(lambda face: face.picture(settings.longest_side))


def _row(item: Item, split: str, store: AnswerStore, failures: Mapping[Key, str]) -> tuple:
    face, question, key = item
    answer = store.get(key) or Answer()
    scores = None if answer.scores is None else list(answer.scores)
    of_face = face.dataset, face.photograph, face.face, split
    asked = question.task, question.key, question.text
    return (*of_face, *asked, answer.text, scores, answer.floor, failures.get(key))
