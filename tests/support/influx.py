"""A real InfluxDB for tests: Debian's influxd 1.6.7, with nginx before it that gives it the write path of 2.x.

nginx maps the v2 token to a v1 user and `/api/v2/write?bucket=B` to `/write?db=B`; `/query` passes through. The
users have the rights the manual recommends: one writes, one reads. Both servers listen on loopback only.
"""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from collector.embedded_broker import HOST, free_port
from detector.sinks.settings import InfluxSettings

SYSTEM_PATH = f"{os.environ['PATH']}:/usr/sbin"
INFLUXD, NGINX = shutil.which("influxd", path=SYSTEM_PATH), shutil.which("nginx", path=SYSTEM_PATH)
MISSING = "influxd and nginx are not installed (Debian: apt-get install influxdb nginx-light); InfluxDB was not tested"
START_TIMEOUT_S = 20.0
WRITER, READER, ADMIN = "writer-token", "reader-token", "admin-token"

Identity = tuple[str, tuple[tuple[str, str], ...], int]
"""Measurement, tags in order of their names, time in nanoseconds."""

INFLUXD_SETTINGS = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{here}/meta"
[data]
  dir = "{here}/data"
  wal-dir = "{here}/wal"
  index-version = "inmem"
  query-log-enabled = false
  # By default 25 MB are gathered before anything is written, hours of nights; what is measured here is not that.
  cache-snapshot-memory-size = "1m"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{influxd}"
  auth-enabled = true
  log-enabled = false
  suppress-write-log = true
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
"""

NGINX_SETTINGS = """
daemon off;
{user}
worker_processes 1;
pid {here}/nginx.pid;
error_log {here}/nginx.log warn;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {here}/body;
  proxy_temp_path {here}/proxy;
  fastcgi_temp_path {here}/fastcgi;
  uwsgi_temp_path {here}/uwsgi;
  scgi_temp_path {here}/scgi;
  client_max_body_size 25m;
  map $http_authorization $user_and_password {{
    default "";
{users}
  }}
  map $arg_precision $v1_precision {{ default n; ns n; us u; ms ms; s s; }}
  server {{
    listen {host}:{nginx};
    default_type application/json;
    location = /api/v2/write {{
      if (-f {here}/answer_500) {{ return 500 '{{"code":"internal error","message":"made to fail"}}'; }}
      if (-f {here}/answer_429) {{
        add_header Retry-After 7 always;
        return 429 '{{"code":"too many requests","message":"slow down"}}';
      }}
      if ($user_and_password = "") {{ return 401 '{{"code":"unauthorized","message":"unauthorized access"}}'; }}
      proxy_set_header Authorization $user_and_password;
      proxy_pass http://{host}:{influxd}/write?db=$arg_bucket&precision=$v1_precision;
    }}
    location / {{
      proxy_set_header Authorization $user_and_password;
      proxy_pass http://{host}:{influxd};
    }}
  }}
}}
"""


class InfluxServer:
    """An influxd behind nginx, in a directory of its own; to be stopped, killed, frozen and made to fail at will."""

    def __init__(self, directory: Path) -> None:
        self._here = directory
        self._ports = {name: free_port() for name in ("influxd", "rpc", "nginx")}
        self._influxd: subprocess.Popen[bytes] | None = None
        self._nginx: subprocess.Popen[bytes] | None = None
        self.url = f"http://{HOST}:{self._ports['nginx']}"
        users = "\n".join(f'    "Token {name}-token" "Basic {_basic(name)}";' for name in ("writer", "reader", "admin"))
        known = {"here": directory, "host": HOST, "users": users, **self._ports}
        user = "user root;" if os.getuid() == 0 else ""  # its workers must see the switches in this directory
        (directory / "influxdb.conf").write_text(INFLUXD_SETTINGS.format(**known))
        (directory / "nginx.conf").write_text(NGINX_SETTINGS.format(**known, user=user))

    def start(self) -> None:
        """Start what does not run yet, and wait until it answers."""
        assert INFLUXD is not None
        assert NGINX is not None
        if self._nginx is None:
            self._nginx = self._run(NGINX, "-p", str(self._here), "-c", str(self._here / "nginx.conf"))
            self._wait_for("nginx", self._nginx)
        if self._influxd is None:
            self._influxd = self._run(INFLUXD, "run", "-config", str(self._here / "influxdb.conf"))
            self._wait_for("influxd", self._influxd)

    def create_users(self) -> None:
        """The administrator, who has to be the first, then one who writes and one who reads."""
        self.query("CREATE USER admin WITH PASSWORD 'admin' WITH ALL PRIVILEGES")
        for name in ("writer", "reader"):
            self.query(f"CREATE USER {name} WITH PASSWORD '{name}'")

    def create_bucket(self, name: str, duration: str = "INF") -> None:
        """A database with the rights of writer and reader; points older than `duration` are not taken."""
        self.query(f'CREATE DATABASE "{name}" WITH DURATION {duration}')
        self.query(f'GRANT WRITE ON "{name}" TO writer')
        self.query(f'GRANT READ ON "{name}" TO reader')

    def settings(self, bucket: str, token: str = WRITER, timeout_s: float = 5.0) -> InfluxSettings:
        """What the outbox is told of it."""
        return InfluxSettings(url=self.url, bucket=bucket, token=token, timeout_s=timeout_s, poll_s=0.05)

    def query(self, text: str, bucket: str = "", token: str = ADMIN) -> list[dict[str, Any]]:
        """The series that InfluxQL answers with; times in nanoseconds."""
        body = urllib.parse.urlencode({"q": text, "db": bucket, "epoch": "ns"}).encode()
        request = urllib.request.Request(f"{self.url}/query", body, {"Authorization": f"Token {token}"})
        with urllib.request.urlopen(request, timeout=START_TIMEOUT_S) as answer:
            (result,) = json.load(answer)["results"]
        assert "error" not in result, result["error"]
        return list(result.get("series", ()))

    def version(self) -> str:
        """As it tells everybody."""
        with urllib.request.urlopen(f"{self.url}/ping", timeout=START_TIMEOUT_S) as answer:
            return str(answer.headers["X-Influxdb-Version"])

    def points(self, bucket: str) -> dict[Identity, dict[str, object]]:
        """Everything in a bucket: by measurement, tags and time the fields that have a value."""
        found: dict[Identity, dict[str, object]] = {}
        for series in self.query("SELECT * FROM /.*/ GROUP BY *", bucket, READER):
            for t_ns, *values in series["values"]:
                fields = dict(zip(series["columns"][1:], values, strict=True))
                known = {name: value for name, value in fields.items() if value is not None}
                tags = tuple(sorted((name, tag) for name, tag in series["tags"].items() if tag))  # "" is none
                found[series["name"], tags, t_ns] = known
        return found

    def answer(self, status: int | None) -> None:
        """Let nginx answer each write with 500 or 429; None lets it pass them on again."""
        for known in (500, 429):
            switch = self._here / f"answer_{known}"
            switch.touch() if known == status else switch.unlink(missing_ok=True)

    def freeze(self) -> None:
        """Let influxd take connections and answer nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL to influxd; nginx answers 502 from then on."""
        if self._influxd:
            self._influxd.kill()
            self._influxd.wait()
            self._influxd = None

    def stop(self) -> None:
        """End both."""
        self.kill()
        if self._nginx:
            self._nginx.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._nginx.wait(5)
            self._nginx.kill()
            self._nginx.wait()
            self._nginx = None

    def _signal(self, number: int) -> None:
        if self._influxd:
            self._influxd.send_signal(number)

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        with (self._here / "output.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)

    def _wait_for(self, name: str, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _listens(self._ports[name]):
            assert process.poll() is None, (self._here / "output.log").read_text()
            assert time.monotonic() < deadline, f"{name} did not start to listen"
            time.sleep(0.01)


def _basic(name: str) -> str:
    return base64.b64encode(f"{name}:{name}".encode()).decode()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


@contextmanager
def running_influx(directory: Path) -> Iterator[InfluxServer]:
    """A server with its users, in a directory of its own."""
    server = InfluxServer(directory)
    try:
        server.start()
        server.create_users()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def influx_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """One server for all tests of a run; use `influx`, which mends it after each."""
    if INFLUXD is None or NGINX is None:
        pytest.skip(MISSING)
    with running_influx(tmp_path_factory.mktemp("influx")) as server:
        yield server


@pytest.fixture
def influx(influx_server: InfluxServer) -> Iterator[InfluxServer]:
    """A running InfluxDB that takes points."""
    yield influx_server
    influx_server.answer(None)
    influx_server.thaw()
    influx_server.start()


@pytest.fixture
def bucket(influx: InfluxServer, tmp_path: Path) -> str:
    """An empty bucket of the test's own."""
    name = tmp_path.name
    influx.create_bucket(name)
    return name
