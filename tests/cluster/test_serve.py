"""The server as an application of Ray Serve."""

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

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(app)
    yield f"http://127.0.0.1:{port}"
    serve.shutdown()


def test_a_photograph_is_answered_and_the_token_asked_for(url):
    with httpx.Client(base_url=url, timeout=120) as client:
        assert client.get("/health").json() == {"status": "ready"}
        photograph = [("photographs", (ASTRONAUT.name, ASTRONAUT.read_bytes()))]
        assert client.post("/analyze", files=photograph).status_code == 401
        known = {"Authorization": f"Bearer {TOKEN}"}
        answer = client.post("/analyze", files=photograph, headers=known)
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()["photographs"]
        assert "Mouth_Slightly_Open" in found["faces"][0]["present"]
