"""What an HTTP server answers to the outbox, through the real InfluxDB client: here it says anything."""

import gzip
import random
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from detector.sinks.influx import EXPIRED, InfluxSink
from detector.sinks.night_feed import NightFeed
from detector.sinks.outbox import Outbox, Source
from detector.sinks.outbox_state import OutboxState
from detector.sinks.settings import InfluxSettings
from detector.store import NightStore
from tests.detector.sinks.nights import batch
from tests.fuzz.mutation import Mutator
from tests.support.frames import event, frames

HOST = "127.0.0.1"
TIMEOUT_S = 2.0
STATUSES = (b"100 Continue", b"200 OK", b"204 No Content", b"206 Part", b"301 Moved", b"302 Found", b"303 Other",
    b"307 Temporary", b"308 Permanent", b"400 Bad Request", b"401 Unauthorized", b"403 Forbidden", b"404 Not Found",
    b"413 Too Large", b"422 Unprocessable", b"429 Too Many", b"500 Oops", b"502 Bad Gateway", b"503 Unavailable",
    b"599 x", b"999 x", b"0 x", b"-1 x", b"99999 x", b"\xff\xfe x", b"")  # fmt: skip
HEADERS = (b"Content-Type: application/json", b"Content-Encoding: gzip", b"Content-Encoding: deflate, gzip",
    b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: 99999999", b"Content-Length: -1",
    b"Content-Length: x", b"Transfer-Encoding: chunked", b"Retry-After: 7", b"Retry-After: 1e400", b"Retry-After: nan",
    b"Retry-After: -5", b"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT", b"Retry-After: \xff", b"X-Influxdb-Error: \xe9",
    b"X-Platform-Error-Code: a\0b", b"Set-Cookie: a=b", b"no colon", b": empty", b"A: " + b"b" * 70_000)  # fmt: skip
LOCATIONS = (
    b"/",
    b"",
    b"/api/v2/write?again",
    b"http://",
    b"http://127.0.0.1:1/x",
    b"ftp://127.0.0.1/",
    b"file:///etc/passwd",
    b"http://[::1",
)
BODIES = (b"", b'{"code":"invalid","message":"unable to parse"}', b'{"message":null}', b"[1]", b'"\\ud800"',
    b"\xff\xfe",
    b"{" * 5000, b'{"code":1,"message":["points beyond retention policy"]}', gzip.compress(b'{"message":"x"}'),
    gzip.compress(bytes(5_000_000)), gzip.compress(b"x" * 100)[:-9], b"5\r\nhello\r\n0\r\n\r\n", b"ffffffff\r\nx",
    b"zz\r\n", b"x" * 200_000)  # fmt: skip
_DELIVERED = re.compile(rb"^HTTP/\S*\s+2\d\d", re.MULTILINE)
_LOCATION = re.compile(rb"(?im)^[^\r\n]*location[^\r\n]*\r?\n?")


class AnswerTrial:
    """One night to deliver, one answer to whatever is asked: what was not taken with a 2xx stays to be sent."""

    refusals = ()

    def __init__(self, folder: Path, server: "_Server") -> None:
        self._server = server
        path = folder / "nights.sqlite"
        with NightStore(path) as store:
            store.commit(batch(30, frames(0, 30), event(20, "rejected", end_s=24)))
        self.feed = NightFeed(path, ZoneInfo("UTC"))
        self.sink = InfluxSink(InfluxSettings(url=f"http://{HOST}:{server.port}", timeout_s=TIMEOUT_S))
        self._state = folder / "outbox.sqlite"
        self._number = count()

    def make(self, rng: random.Random) -> bytes:
        lines = [rng.choice((b"HTTP/1.1 ", b"HTTP/1.1 ", b"HTTP/1.0 ", b"HTTP/9 ", b"ICY ")) + rng.choice(STATUSES)]
        lines += rng.sample(HEADERS, rng.randint(0, 3))
        if rng.random() < 0.1:
            lines = [b"HTTP/1.1 100 Continue", b"", *lines]
        body = rng.choice(BODIES)
        if rng.random() < 0.4:
            lines.append(b"Content-Length: %d" % len(body))
        answer = b"\r\n".join(lines) + b"\r\n\r\n" + body
        if rng.random() < 0.5:
            answer = Mutator(rng).damaged(answer, within=slice(0, 400))
        # Only to places that are given here: a damaged one might be somebody's.
        answer = _LOCATION.sub(b"", answer)
        head, newline, rest = answer.partition(b"\r\n")
        return head + newline + b"Location: " + rng.choice(LOCATIONS) + b"\r\n" + rest if newline else answer

    def put(self, data: bytes) -> str:
        self._server.answer = data
        with closing(OutboxState(self._state, str(next(self._number)), self.feed.store_id)) as state:
            Outbox([Source(self.feed, state)], self.sink, 1.0).step()
            delivered, refused, trouble = state.seq == self.feed.latest(), state.refused(), state.trouble()
        assert delivered != bool(trouble), "either it is done, or somebody is told why not"
        if not delivered:
            return "unavailable"
        # Of points too old for the bucket InfluxDB says so, and that the others are stored.
        assert refused or _DELIVERED.search(data) or EXPIRED.encode() in data, "taken for delivered without a 2xx"
        return "refused" if refused else "delivered"

    def close(self) -> None:
        self.sink.close()
        self.feed.close()


class _Server:
    """Takes one request after the other, gives the answer it was told, and closes the connection."""

    def __init__(self) -> None:
        self.answer = b""
        self._socket = socket.create_server((HOST, 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # closed
                return
            with connection, suppress(OSError):
                connection.settimeout(TIMEOUT_S)
                _take_request(connection)
                connection.sendall(self.answer)
                connection.shutdown(socket.SHUT_WR)


def _take_request(connection: socket.socket) -> None:
    request = b""
    while b"\r\n\r\n" not in request:
        if not (part := connection.recv(65536)):
            return
        request += part
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    missing = int(length[1]) - len(body) if length else 0
    while missing > 0 and (part := connection.recv(65536)):
        missing -= len(part)


@contextmanager
def answers(folder: Path) -> Iterator[AnswerTrial]:
    with closing(_Server()) as server, closing(AnswerTrial(folder, server)) as trial:
        yield trial
