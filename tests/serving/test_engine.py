"""One model behind a queue."""

from __future__ import annotations

from typing import Any

from faceinsight import PhotographError
from faceinsight.serving.engine import Engine, _Request
from faceinsight.serving.settings import ServerSettings
from tests.serving.conftest import photograph


def test_requests_of_several_kinds_in_one_batch_have_their_own_answers(model, monkeypatch):
    engine = Engine(model, ServerSettings())
    engine.ready.result(60)
    prepare, asked = engine.model.prepare, []

    def of_kind(photos: Any, *, names: Any, faces: str) -> Any:
        asked.append((faces, list(names)))
        return prepare(photos, names=names)

    monkeypatch.setattr(engine.model, "prepare", of_kind)
    files = [photograph(seed) for seed in range(5)]
    files[3] = b"no photograph"
    requests = [
        _Request([files[0]], "whole"),
        _Request([files[1], files[2]], "detect"),
        _Request([files[3], files[4]], "whole"),
    ]
    parts = [engine._prepare(requests), engine._prepare(requests[1:])]
    first, second = engine._finish(parts)
    engine.close()
    assert asked[:2] == [
        ("detect", ["photograph 1", "photograph 2"]),
        ("whole", ["photograph 1", "photograph 1", "photograph 2"]),
    ]
    alone = model.analyze(files)
    expected = [[alone[0]], [alone[1], alone[2]], [alone[3], alone[4]]]
    for found, right in zip([*first, *second], [*expected, *expected[1:]], strict=True):
        assert [key(one) for one in found] == [key(one) for one in right]


def key(found: Any) -> Any:
    if isinstance(found, PhotographError):
        return found.reason
    return [{id_: round(p, 4) for id_, p in face.probabilities.items()} for face in found]


def test_it_shares_the_network_and_has_limits_of_its_own(model):
    engine = Engine(model, ServerSettings(most_pixels=100, most_faces=3))
    engine.ready.result(60)
    assert engine.model.network is model.network
    (found,) = engine.analyze([photograph()]).result(60)
    assert isinstance(found, PhotographError)
    assert found.reason == "too large"
    engine.close()
    assert model.settings.max_pixels > 100
