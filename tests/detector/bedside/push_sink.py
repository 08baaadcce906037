"""A service on this machine that takes messages, or does what services do when they do not."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qs

Answer = Literal["taken", "error", "silence", "trickle", "redirect"]

TRICKLE_S = 0.05


class Received(NamedTuple):
    """A message as it arrived."""

    path: str
    title: str
    text: str
    priority: str | None
    type: str
    arrived_ns: int


class Sink:
    """Understands what Apprise sends by json://, form:// and ntfy://. `answer` may be changed at any time."""

    def __init__(self, answer: Answer = "taken", port: int = 0) -> None:
        self.answer: Answer = answer
        self.received: list[Received] = []
        self.asked = 0  # how often somebody came, whatever was answered
        self.before_answering: Callable[[], None] = lambda: None
        self._closing = threading.Event()
        self._arrival = threading.Condition()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def address(self, scheme: str = "json", path: str = "inbox") -> str:
        """The address for Apprise."""
        return f"{scheme}://127.0.0.1:{self.port}/{path}"

    @property
    def titles(self) -> list[str]:
        """Of what was taken, in order."""
        return [message.title for message in self.received]

    def wait_for(self, number: int, timeout_s: float = 20.0) -> list[Received]:
        """The messages, once there are so many; raises TimeoutError."""
        with self._arrival:
            if not self._arrival.wait_for(lambda: len(self.received) >= number, timeout_s):
                raise TimeoutError(f"{len(self.received)} of {number} messages: {self.titles}")
        return self.received

    def wait_until_asked(self, times: int, timeout_s: float = 20.0) -> None:
        """Return once somebody has come so often; raises TimeoutError."""
        with self._arrival:
            if not self._arrival.wait_for(lambda: self.asked >= times, timeout_s):
                raise TimeoutError(f"asked {self.asked} times, not {times}")

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        arrived_ns = time.time_ns()
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0)).decode()
        answer = self.answer
        with self._arrival:
            self.asked += 1
            if answer == "taken":
                self.received.append(_read(request, body, arrived_ns))
            self._arrival.notify_all()
        self.before_answering()
        if answer == "silence":
            self._closing.wait()
        elif answer == "trickle":
            while not self._closing.wait(TRICKLE_S):
                request.wfile.write(b"HTTP/1.1 200 OK\r\n"[:1])
        else:
            request.send_response({"taken": 200, "error": 500, "redirect": 301}[answer])
            request.send_header("Content-Length", "0")
            request.send_header("Location", "/elsewhere")
            request.end_headers()

    def close(self) -> None:
        """Go away: whoever comes afterwards is refused."""
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def sink(answer: Answer = "taken", port: int = 0) -> Iterator[Sink]:
    """A running sink."""
    running = Sink(answer, port)
    try:
        yield running
    finally:
        running.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: Any) -> None:
        """A client that gave up is what is tested."""


def _handler(sink: Sink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sink.serve(self)

        def do_GET(self) -> None:  # what a redirected POST becomes
            sink.serve(self)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    return Handler


def _read(request: BaseHTTPRequestHandler, body: str, arrived_ns: int) -> Received:
    if "json" in request.headers.get("Content-Type", ""):
        said = json.loads(body)
    else:
        said = {name: values[0] for name, values in parse_qs(body).items()}
    priority = request.headers.get("X-Priority")
    return Received(
        request.path, said.get("title", ""), said.get("message", ""), priority, said.get("type", ""), arrived_ns
    )
