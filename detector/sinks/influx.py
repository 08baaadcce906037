"""InfluxDB by its official client: one synchronous request for each batch, without the client's own retries.

The client's batching mode keeps what it has not written in memory and drops it after three minutes of failures; here
the night store is the memory, and the outbox the one who tries again.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.point import Point as ClientPoint
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from detector.sinks.delivery import Refused, Unavailable
from detector.sinks.influx_schema import Point
from detector.sinks.settings import InfluxSettings

POINTS_FAULT = (400, 413, 422)
"""Unreadable, too large, another field type: no repetition mends that. A wrong token (401, 403) and a missing bucket
(404) befall every point alike and are mended by a person at the server: the points wait for that like for a restart."""
EXPIRED = "beyond retention policy"
"""All versions say so of points older than the bucket keeps; the others of the batch are stored then."""
PRECISION: Any = "ns"  # the client's own type for it is a class of plain strings
CURES = {
    401: "the token is not accepted; put the right one into `token_file`",
    403: "the token may not write to this bucket; give it the right to write",
    404: "the bucket does not exist, or this is no InfluxDB; create the bucket",
}
GATEWAY_TIMEOUT = 504
"""What stands before the database has waited in vain; the database may have the points all the same."""

_log = logging.getLogger(__name__)


class InfluxSink:
    """A bucket of an InfluxDB, written by `/api/v2/write`; raises OSError when the token's file cannot be read."""

    def __init__(self, settings: InfluxSettings) -> None:
        self._client = InfluxDBClient(
            url=settings.url.rstrip("/"),
            token=settings.secret(),
            org=settings.org,
            timeout=round(settings.timeout_s * 1000),
            enable_gzip=True,
        )
        self._api = self._client.write_api(write_options=SYNCHRONOUS)
        self._bucket = settings.bucket
        self._told_expired = False

    def write(self, points: Sequence[Point]) -> None:
        """Store the points; raises Refused or Unavailable."""
        lines = [line(point) for point in points]
        try:
            self._api.write(self._bucket, record=lines, write_precision=PRECISION)
        except ApiException as error:
            self._judge(error)
        except urllib3.exceptions.HTTPError as error:
            reason = f"it cannot be reached ({_root(error)})"
            raise Unavailable(reason, may_still_arrive=not _never_sent(error)) from error
        except ValueError as error:  # the client reads text that is not UTF-8, or follows an address that is none
            raise Unavailable(f"its answer cannot be read ({error}); is this an InfluxDB?") from error

    def close(self) -> None:
        """Close the connection."""
        self._client.close()  # type: ignore[no-untyped-call]  # the client leaves it untyped

    def _judge(self, error: ApiException) -> None:
        status, reason = int(error.status or 0), _reason(error)
        if status not in POINTS_FAULT:
            told, pause_s = f"{status} {CURES.get(status, reason)}", _seconds(error.retry_after)
            raise Unavailable(told, pause_s, may_still_arrive=status == GATEWAY_TIMEOUT) from error
        if EXPIRED not in reason:
            raise Refused(status, reason) from error
        if not self._told_expired:
            self._told_expired = True
            _log.warning("InfluxDB keeps less than the night store: points beyond its retention are left out")


def line(point: Point) -> str:
    """A point in line protocol, the time in nanoseconds."""
    fields = {"measurement": point.measurement, "tags": point.tags, "fields": point.fields, "time": point.t_ns}
    return str(ClientPoint.from_dict(fields, PRECISION).to_line_protocol())


def _reason(error: ApiException) -> str:
    """What the server says, in one line; 1.x names it otherwise than 2.x, and what stands before it sends a page."""
    said = str(error.body or error.message or error.reason or "no answer")
    if said.lstrip().startswith("<"):
        said = str(error.reason or "no answer but a web page")
    return " ".join(said.split())[:300]


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After may also be a date; that is left to the outbox's own pauses."""
    with suppress(TypeError, ValueError):
        return float(retry_after or "")
    return None


def _never_sent(error: BaseException) -> bool:
    """Whether there was not even a connection."""
    if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason:
        error = error.reason
    return isinstance(error, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)


def _root(error: BaseException) -> str:
    """The innermost reason, without the address of an object in memory."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error) or type(error).__name__
