"""Which rule a page is about, so that a stale page shows."""

import re
from pathlib import Path

from detector.settings import DetectorSettings
from detector.version import VERSION

FINGERPRINT = re.compile(r"rule (\S+), parameters ([0-9a-f]{12})")


def fingerprint() -> str:
    """The rule with its parameters as they are now."""
    return f"rule {VERSION}, parameters {DetectorSettings().hash}"


def stale(page: Path) -> str:
    """Why the page is not about the rule as it is now; empty when it is."""
    if not page.is_file():
        return f"{page} does not exist; make it with `make accuracy`"
    found = FINGERPRINT.search(page.read_text())
    if found is None:
        return f"{page} does not tell which rule it is about; make it anew with `make accuracy`"
    if found[0] != fingerprint():
        return f"{page} is about {found[0]}, the detector is {fingerprint()}; make it anew with `make accuracy`"
    return ""
