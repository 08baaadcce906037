"""Grafana's HTTP API, as far as asking needs it.

https://grafana.com/docs/grafana/latest/developer-resources/api-reference/http-api/data_source/ and .../dashboard/
"""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from typing import Any, NamedTuple

Json = dict[str, Any]

DATA_SOURCE: Json = {"type": "influxdb", "uid": "crampwatch"}
"""As it is provisioned, and as the dashboards name it."""

TIMEOUT_S = 30.0
"""As long as Grafana's own proxy waits for a data source by default (`[dataproxy] timeout`)."""
UNAUTHORIZED, NOT_FOUND = 401, 404
NOT_THERE = "is it running, and is this its address? Look at `docker compose ps grafana`, or name it with --grafana"
WRONG_PASSWORD = (
    "Grafana takes the file over at its first start only: name a file with today's password with --password-file"
)


class GrafanaTrouble(Exception):
    """Grafana cannot be asked: what is wrong, and what to do about it."""

    def __init__(self, says: str, cure: str) -> None:
        super().__init__(f"{says}; {cure}")
        self.says, self.cure = says, cure


class Frame(NamedTuple):
    """A data frame: names of its fields, and the values of each."""

    names: list[str]
    columns: list[list[object]]

    def rows(self) -> Iterator[dict[str, object]]:
        """The values of each row by their field."""
        return (dict(zip(self.names, values, strict=True)) for values in zip(*self.columns, strict=True))


class Result(NamedTuple):
    """The answer to one query: frames, or the error it ended in."""

    frames: list[Frame]
    error: str | None

    @property
    def row_count(self) -> int:
        """How many rows its frames have together."""
        return sum(len(frame.columns[0]) for frame in self.frames if frame.columns)


class Grafana:
    """A Grafana, entered as one of its users. Every method raises GrafanaTrouble when it cannot be asked."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url.rstrip("/")
        self._user = user
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}

    def health(self) -> Json:
        """Its version, and how its own database is; asked without a password."""
        return self._ask("health", headers={})[1]

    def has_data_source(self, uid: str) -> bool:
        """Whether there is a data source of this uid. The first question that needs the password."""
        return self._ask(f"datasources/uid/{uid}")[0] != NOT_FOUND

    def data_source_health(self, uid: str) -> tuple[bool, str]:
        """Whether the data source says that it works, and its words."""
        _, said = self._ask(f"datasources/uid/{uid}/health")
        return said.get("status") == "OK", str(said.get("message", "it does not say why"))

    def dashboard(self, uid: str) -> Json | None:
        """The dashboard of this uid, as Grafana has it now; None where there is none."""
        status, said = self._ask(f"dashboards/uid/{uid}")
        return None if status == NOT_FOUND else said.get("dashboard")

    def query(self, targets: Sequence[Json], start_ms: int, end_ms: int) -> dict[str, Result]:
        """The results of queries by their refId; a query without an answer of its own gets the error of all."""
        body = {"queries": list(targets), "from": str(start_ms), "to": str(end_ms)}
        status, said = self._ask("ds/query", json.dumps(body).encode())
        results = said.get("results", {})
        error = f"Grafana answers {status} {said.get('message', '')}".rstrip()
        return {target["refId"]: _result(results.get(target["refId"], {"error": error})) for target in targets}

    def _ask(self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, Json]:
        """Status and content: with what Grafana refuses it says why, mostly."""
        asked = urllib.request.Request(f"{self.url}/api/{path}", body, self._headers if headers is None else headers)
        try:
            with urllib.request.urlopen(asked, timeout=TIMEOUT_S) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, content = error.code, error.read()
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            says = f"it cannot be reached ({getattr(reason, 'strerror', None) or 'no answer in time'})"
            raise GrafanaTrouble(says, NOT_THERE) from error
        if status == UNAUTHORIZED:
            raise GrafanaTrouble(f"it does not take the password of {self._user}", WRONG_PASSWORD)
        return status, self._decoded(content)

    def _decoded(self, content: bytes) -> Json:
        try:
            said = json.loads(content)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise GrafanaTrouble("what answers there is no Grafana", NOT_THERE)
        return said


def _result(said: Json) -> Result:
    frames = [
        Frame([field["name"] for field in frame["schema"]["fields"]], frame["data"]["values"])
        for frame in said.get("frames") or ()
    ]
    return Result(frames, said.get("error"))
