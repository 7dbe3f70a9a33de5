"""An HTTP server that behaves as OpenAI's API does, on good days and bad ones."""

import base64
import hashlib
import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

from PIL import Image


class FakeServer:
    """Answers by a rule, and misbehaves by another.

    Args:
        reply: request body to the text of the answer.
        mishap: number of the request (from 0) and body to what goes wrong, or None.
        on_request: called with (picture digest, question) of every request that is answered.
    """

    def __init__(self, reply=lambda body: "Yes.", mishap=lambda n, body: None, on_request=None):
        self.reply = reply
        self.mishap = mishap
        self.on_request = on_request
        self.requests = []
        self.headers = []
        self.answered = Counter()
        self.at_once = self.most_at_once = 0
        self.times = []
        self.lock = threading.Lock()
        self.open_again = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                outer.handle(self)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *_: None  # clients that are killed
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http.server_port}/v1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open_again.set()
        self.http.shutdown()
        self.http.server_close()

    def handle(self, http):
        body = json.loads(http.rfile.read(int(http.headers["Content-Length"])))
        with self.lock:
            n = len(self.requests)
            self.requests.append((http.path, body))
            self.headers.append({k.lower(): v for k, v in http.headers.items()})
            self.times.append(time.monotonic())
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.respond(http, body, self.mishap(n, body))
        finally:
            with self.lock:
                self.at_once -= 1

    def respond(self, http, body, mishap):
        if mishap == "drop":
            http.close_connection = True
            http.connection.close()
        elif mishap == "hang":
            self.open_again.wait(30)
            http.close_connection = True
        elif isinstance(mishap, tuple):
            status, headers, *text = mishap
            send(http, status, *(text or [json.dumps({"error": {"message": "no"}})]), headers)
        elif mishap == "nonsense":
            send(http, 200, "<html>It works!</html>", {"Content-Type": "text/html"})
        elif mishap == "broken json":
            send(http, 200, '{"choices": [{"message": {"cont')
        elif mishap == "no choices":
            send(http, 200, json.dumps({"choices": None}))
        elif mishap == "empty":
            send(http, 200, json.dumps(completion("")))
        elif mishap == "null":
            send(http, 200, json.dumps(completion(None)))
        else:
            key = picture_of(body), question_of(body)
            with self.lock:
                self.answered[key] += 1
            if self.on_request is not None:
                self.on_request(key)
            reply = self.reply(body)
            answer = reply if isinstance(reply, dict) else completion(reply)
            answer.setdefault("model", body["model"])
            send(http, 200, json.dumps(answer))


def send(http, status, text, headers=None):
    data = text.encode()
    http.send_response(status)
    for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
        http.send_header(name, value)
    http.send_header("Content-Length", str(len(data)))
    http.end_headers()
    http.wfile.write(data)


def completion(text, logprobs=None):
    """A chat completion; `logprobs` is a mapping of first tokens."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant"}}
    choice["message"]["content"] = text
    if logprobs is not None:
        top = [{"token": t, "logprob": p, "bytes": None} for t, p in logprobs.items()]
        first = max(top, key=lambda entry: entry["logprob"])
        choice["logprobs"] = {"content": [first | {"top_logprobs": top}]}
    return {"id": "1", "object": "chat.completion", "created": 0, "choices": [choice]}


def question_of(body):
    (message,) = body["messages"]
    return next(part["text"] for part in message["content"] if part["type"] == "text")


def jpeg_of(body):
    (message,) = body["messages"]
    url = next(p["image_url"]["url"] for p in message["content"] if p["type"] == "image_url")
    kind, _, data = url.partition(";base64,")
    assert kind == "data:image/jpeg"
    return base64.b64decode(data)


def picture_of(body):
    return hashlib.sha256(jpeg_of(body)).hexdigest()[:12]


def size_of(body):
    return Image.open(BytesIO(jpeg_of(body))).size
