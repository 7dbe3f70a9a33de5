"""The server as an application of Ray Serve."""

import json
import socket
from pathlib import Path

import httpx
import pytest
from skimage import data

ASTRONAUT = Path(data.__file__).parent / "astronaut.png"
TOKEN = "a-token-of-a-test"


@pytest.fixture
def url(connected, monkeypatch):
    pytest.importorskip("faceinsight_weights")
    monkeypatch.setenv("FACEINSIGHT_TOKEN", TOKEN)
    monkeypatch.delenv("FACEINSIGHT_MODEL", raising=False)
    from ray import serve

    from faceinsight.cluster.serve import app

    for attempt in range(3):  # Others may take the port before Ray does.
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        try:
            serve.start(http_options={"host": "127.0.0.1", "port": port})
            serve.run(app)
            break
        except Exception:
            serve.shutdown()
            if attempt == 2:
                raise
    yield f"http://127.0.0.1:{port}"
    serve.shutdown()


def test_a_photograph_is_answered_and_the_token_asked_for(url, cluster):
    with httpx.Client(base_url=url, timeout=120) as client:
        assert client.get("/health").json() == {"status": "ready"}
        photograph = [("photographs", (ASTRONAUT.name, ASTRONAUT.read_bytes()))]
        assert client.post("/analyze", files=photograph).status_code == 401
        known = {"Authorization": f"Bearer {TOKEN}"}
        answer = client.post("/analyze", files=photograph, headers=known)
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()["photographs"]
        assert "Mouth_Slightly_Open" in found["faces"][0]["present"]

    from faceinsight.cluster.serve import app

    assert TOKEN not in json.dumps(app._bound_deployment.ray_actor_options)
    logs = [p for p in Path(cluster.head_node.get_logs_dir_path()).rglob("*") if p.is_file()]
    said = {path: path.read_bytes() for path in logs}
    assert any(b"faceinsight" in text for text in said.values())
    assert [path for path, text in said.items() if TOKEN.encode() in text] == []
