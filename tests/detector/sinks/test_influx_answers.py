"""Answers no InfluxDB gives, but whatever else listens at its address: the points wait, and somebody is told why."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from detector.sinks.delivery import Unavailable
from detector.sinks.influx import InfluxSink
from detector.sinks.influx_schema import LEG
from detector.sinks.settings import InfluxSettings

HOST = "127.0.0.1"
POINT = LEG.point({"wearer": "w1", "site": "left_calf"}, 1, {"watched_s": 60})


@contextmanager
def server_that_says(answer: bytes) -> Iterator[InfluxSettings]:
    with socket.create_server((HOST, 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield InfluxSettings(url=f"http://{HOST}:{listening.getsockname()[1]}", timeout_s=5.0)
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n\xff\xfe",
        b"HTTP/1.1 307 There\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
    ids=["body that is not UTF-8", "redirect to nowhere", "gzip that is none", "another service", "nothing"],
)
def test_an_answer_that_cannot_be_read_makes_the_points_wait(answer: bytes) -> None:
    with (
        server_that_says(answer) as settings,
        closing(InfluxSink(settings)) as sink,
        pytest.raises(Unavailable),
    ):
        sink.write([POINT])
