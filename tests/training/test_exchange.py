import dataclasses
import inspect
import json
import time
from pathlib import Path

import numpy as np
import pytest

from faceinsight import errors
from faceinsight.training.exchange import read_failures, read_order, write_failure, write_job
from faceinsight.training.loop import TrainingJob
from tests.model import talking


@pytest.mark.parametrize("features", [None, np.linspace(0, 1, 15, dtype=np.float32).reshape(5, 3)])
@pytest.mark.parametrize("lexicon", [None, talking.lexicon()])
def test_a_job_arrives_as_it_was_sent(job, tmp_path, features, lexicon):
    sent = dataclasses.replace(
        job(processes=2), text_features=features, weights={"celeba": 0.3}, lexicon=lexicon
    )
    write_job(tmp_path, sent, work=tmp_path / "work", out=tmp_path / "out", log_level=20)
    order = read_order(tmp_path)
    assert order.job.key() == sent.key()
    assert order.job.vocabulary == sent.vocabulary
    assert order.job.rule_set.texts == sent.rule_set.texts
    assert order.job.adjacency.dtype == sent.adjacency.dtype
    assert (order.job.lexicon is None) == (lexicon is None)
    assert (order.work, order.out, order.log_level) == (tmp_path / "work", tmp_path / "out", 20)


def test_nothing_of_a_job_stays_behind(job, tmp_path):
    write_job(tmp_path, job(), work=tmp_path, out=tmp_path, log_level=20)
    sent = set(json.loads((tmp_path / "job.json").read_text()))
    with np.load(tmp_path / "arrays.npz", allow_pickle=False) as arrays:
        sent |= set(arrays)
    assert {field.name for field in dataclasses.fields(TrainingJob)} <= sent


def test_a_job_is_no_pickle(job, tmp_path):
    write_job(tmp_path, job(), work=tmp_path, out=tmp_path, log_level=20)
    for file in tmp_path.iterdir():
        if file.is_file():
            assert file.suffix in (".json", ".npz")
    with np.load(tmp_path / "arrays.npz", allow_pickle=False) as arrays:
        assert all(not arrays[name].dtype.hasobject for name in arrays)


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.FaceInsightError)
    ],
)
def test_an_error_for_a_person_arrives_as_itself(tmp_path, kind):
    sent = (
        kind("missing", "celeba/1.jpg is missing") if kind is errors.PhotographError else kind("x")
    )
    write_failure(tmp_path, 1, sent)
    (failure,) = read_failures(tmp_path)
    assert failure.rank == 1
    assert type(failure.error) is kind
    assert str(failure.error) == str(sent)
    assert vars(failure.error) == vars(sent)


def test_a_defect_arrives_as_its_traceback_and_the_earliest_comes_first(tmp_path):
    for rank, error in ((1, ZeroDivisionError("by nought")), (0, ConnectionError("closed"))):
        try:
            raise error
        except Exception as raised:
            write_failure(tmp_path, rank, raised)
        time.sleep(0.01)
    first, second = read_failures(tmp_path)
    assert (first.rank, second.rank) == (1, 0)
    assert first.error is None
    assert Path(__file__).name in first.traceback
    assert first.traceback.endswith("ZeroDivisionError: by nought\n")
