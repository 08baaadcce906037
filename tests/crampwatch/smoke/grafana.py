"""A stand-in for Grafana's HTTP API, after its documentation and source; what it is asked it asks a real InfluxDB.

https://grafana.com/docs/grafana/latest/developer-resources/api-reference/http-api/data_source/ (health, query),
.../dashboard/ (by uid), and for what becomes of a query pkg/tsdb/influxdb in Grafana's repository. Like its server it
puts in `$timeFilter` and `$__interval` and nothing else: what its pages should have put in is left, and is refused.
"""

import base64
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from collector.embedded_broker import HOST
from tests.dashboards.grafana import dashboards
from tests.support.influx import READER

Json = dict[str, Any]
Answer = tuple[int, object]

ADMIN, PASSWORD = "admin", "not a secret"
VERSION = "13.0.0"
DOWN = "made to fail"


class StandIn:
    """Serves on a port of its own: the committed dashboards, and one data source.

    `dashboards` may be changed; `uid` is that of the data source; `failing` is a part of the queries that are to end in
    an error; at `now` InfluxDB's own clock is held still.
    """

    def __init__(self, influx_url: str, bucket: str, token: str = READER) -> None:
        self.dashboards = dashboards()
        self.failing = ""
        self.uid = "crampwatch"
        self.asked: list[Json] = []
        self.token = token
        self.now: datetime | None = None
        self._influx_url, self._bucket = influx_url, bucket
        self._server = ThreadingHTTPServer((HOST, 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self.url = f"http://{HOST}:{self._server.server_port}"

    def __enter__(self) -> "StandIn":
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, path: str, body: Json) -> Answer:
        """Status and content."""
        match path.split("/"):
            case ["datasources", "uid", uid] if uid == self.uid:
                return 200, {"uid": uid, "type": "influxdb"}
            case ["datasources", "uid", uid, "health"] if uid == self.uid:
                return self._health()
            case ["dashboards", "uid", uid] if uid in self.dashboards:
                return 200, {
                    "meta": {"provisioned": True},
                    "dashboard": {"id": 1, "version": 1, **self.dashboards[uid]},
                }
            case ["ds", "query"]:
                return self._query(body)
        return 404, {"message": "Not found"}

    def _health(self) -> Answer:
        said = self._ask("SHOW MEASUREMENTS")
        if "error" in said:
            return 400, {"status": "ERROR", "message": f"{said['error']} error reading influxDB"}
        found = sum(len(series["values"]) for series in said.get("series", ()))
        return 200, {"status": "OK", "message": f"datasource is working. {found} measurements found"}

    def _query(self, body: Json) -> Answer:
        self.asked.append(body)
        results = {}
        for query in body["queries"]:
            assert query["datasource"]["uid"] == "crampwatch"
            assert query["rawQuery"] is True
            said = self._ask(expanded(query, int(body["from"]), int(body["to"])))
            if "error" in said:
                results[query["refId"]] = {"error": said["error"], "errorSource": "downstream", "status": 500}
            else:
                frames = as_table(said) if query.get("resultFormat") == "table" else as_series(said)
                results[query["refId"]] = {"status": 200, "frames": frames}
        return (400 if any("error" in result for result in results.values()) else 200), {"results": results}

    def _ask(self, query: str) -> Json:
        if "$" in query:
            return {"error": f"error parsing query: {query}"}
        if self.failing and self.failing in query:
            return {"error": DOWN}
        if self.now:
            query = query.replace("now()", f"'{self.now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'")
        parameters = urllib.parse.urlencode({"q": query, "db": self._bucket, "epoch": "ms"})
        asked = urllib.request.Request(
            f"{self._influx_url}/query?{parameters}", headers={"Authorization": f"Token {self.token}"}
        )
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return dict(json.load(answer)["results"][0])
        except urllib.error.HTTPError as error:
            with error:
                return {"error": f"InfluxDB returned error: {error.code}"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stand_in = self
        known = "Basic " + base64.b64encode(f"{ADMIN}:{PASSWORD}".encode()).decode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say(*self._answer({}))

            def do_POST(self) -> None:
                self._say(*self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

            def _answer(self, body: Json) -> Answer:
                path = self.path.removeprefix("/api/")
                if path == "health":
                    return 200, {"database": "ok", "version": VERSION}
                if self.headers["Authorization"] != known:
                    return 401, {"message": "Invalid username or password"}
                return stand_in.answer(path, body)

            def _say(self, status: int, content: object) -> None:
                encoded = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(encoded)))
                self.end_headers()
                self.wfile.write(encoded)

            def log_request(self, code: object = "-", size: object = "-") -> None:
                pass

        return Handler


def expanded(query: Json, start_ms: int, end_ms: int) -> str:
    """What Grafana's server puts in."""
    text = str(query["query"]).replace("$timeFilter", f"time >= {start_ms}ms and time <= {end_ms}ms")
    return text.replace("$__interval", f"{query.get('intervalMs', 1000)}ms")


def as_table(said: Json) -> list[Json]:
    """One frame: the time, each tag, each column."""
    series = said.get("series", ())
    if not series:
        return []
    columns = series[0]["columns"]
    tags = list(series[0].get("tags", {}))
    rows = [[values[0], *(one["tags"][tag] for tag in tags), *values[1:]] for one in series for values in one["values"]]
    first = "Time" if columns[0] == "time" else columns[0]
    return [_frame([first, *tags, *columns[1:]], [list(column) for column in zip(*rows, strict=True)])]


def as_series(said: Json) -> list[Json]:
    """A frame of time and value for each column of each series; without a time, of the second column alone."""
    frames = []
    for series in said.get("series", ()):
        columns = [list(column) for column in zip(*series["values"], strict=True)]
        if series["columns"][0] != "time":
            frames.append(_frame(["Value"], [columns[1]]))
        else:
            frames += [_frame(["Time", "Value"], [columns[0], column]) for column in columns[1:]]
    return frames


def _frame(names: list[str], columns: list[list[object]]) -> Json:
    return {"schema": {"fields": [{"name": name} for name in names]}, "data": {"values": columns}}
