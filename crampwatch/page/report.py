"""The morning report of a night, made anew by the report's own command when somebody opens it.

In a process of its own: what draws it takes a hundred megabytes, which the page then need not hold all night.
"""

import base64
import hashlib
import re
import subprocess
import sys
import threading
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory

from crampwatch.page.exchange import Refused
from detector.store import NightKey

LIMIT_S = 120.0
"""A month of nights is read and drawn in a few seconds on a PC, ten times that on a small one."""
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class Reports:
    """Makes one report at a time: the detector is to have the rest of the computer."""

    def __init__(self, settings: Path) -> None:
        self._settings = settings
        self._one = threading.Lock()

    def html(self, key: NightKey) -> str:
        """The report as an HTML document; raises Refused when it cannot be made."""
        with self._one, TemporaryDirectory(prefix="crampwatch-") as folder:
            out = Path(folder) / "report.html"
            arguments = [key.night.isoformat(), "--wearer", key.wearer, "--site", key.site]
            files = ["--config", str(self._settings), "--out", str(out)]
            try:
                made = subprocess.run(
                    [sys.executable, "-m", "crampwatch", "report", *arguments, *files],
                    capture_output=True, text=True, timeout=LIMIT_S, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired as error:
                raise _not_made(f"> {LIMIT_S:.0f} s") from error
            if made.returncode:
                raise _not_made(made.stderr.strip().rpartition("\n")[2])
            return out.read_text("utf-8")


def policy(report: str) -> str:
    """What a browser may do with a report: show it. Its one style sheet is known by its hash; its pictures, which are
    part of it, carry styles of their own.
    """
    digests = [hashlib.sha256(style.encode()).digest() for style in _STYLE.findall(report)]
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; style-src-elem {hashes}; style-src-attr 'unsafe-inline'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"
    )


def _not_made(reason: str) -> Refused:
    return Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "page.refused_report", reason=reason)
