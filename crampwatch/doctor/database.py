"""Whether the InfluxDB takes what is sent to it."""

import urllib.error
import urllib.parse
import urllib.request

from crampwatch.doctor.finding import Finding
from detector.sinks.influx import CURES
from detector.sinks.settings import InfluxSettings

NOTHING = b"# crampwatch doctor asks\n"
"""A comment of the line protocol: a write without a point, judged by its token and bucket alone."""
NO_POINTS = 400
"""How some versions answer a write without points, after token and bucket have been found right."""
NOT_THERE = "start it, or correct `url` under [influx]; the nights are in the night store and follow later"


def database(settings: InfluxSettings) -> Finding:
    """Ask to write nothing."""
    bucket = urllib.parse.urlencode({"org": settings.org, "bucket": settings.bucket, "precision": "ns"})
    try:
        authorization = {"Authorization": f"Token {settings.secret()}"}
    except OSError as error:
        says = f"the token file cannot be read ({error.strerror})"
        return Finding("database", "problem", says, "correct `token_file` under [influx]", settings.name)
    url = f"{settings.url.rstrip('/')}/api/v2/write?{bucket}"
    request = urllib.request.Request(url, NOTHING, authorization, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=settings.timeout_s):
            return Finding("database", "ok", "takes what is written", about=settings.name)
    except urllib.error.HTTPError as error:
        return _refused(error.code, settings)
    except OSError as error:  # urllib's own error wraps the one that says why
        reason = getattr(error, "reason", error)
        says = f"there is no InfluxDB ({getattr(reason, 'strerror', None) or 'it does not answer in time'})"
        return Finding("database", "warning", says, NOT_THERE, settings.name)


def _refused(status: int, settings: InfluxSettings) -> Finding:
    if status == NO_POINTS:
        return Finding("database", "ok", "takes us in", about=settings.name)
    what, _, cure = CURES.get(status, f"it answers {status}; look at its log").partition("; ")
    return Finding("database", "problem", what, cure, settings.name)
